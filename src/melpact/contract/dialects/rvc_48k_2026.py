"""RVC WebUI (rewritten main, 2026-07): 48000 Hz, 128 bands, 2048/480/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=48000,
        n_fft=2048,
        win_length=2048,
        hop_length=480,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=2e-07,
        epsilon_kind="inside",
        n_mels=128,
        f_max=24000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=2e-06,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="rvc_48k_2026",
            reference_id="rvc-48k-128-2026",
            system="RVC WebUI (rewritten main, 2026-07)",
            variant="48k",
            role="loss mel",
            waveform="float [-1,1]",
            axes="(n_mels, T)",
            stored="linear (1025, T)",
            file_format=".spec.pt",
            quirks=(
                "eps changed 1e-6 -> 2e-7 and clamp 1e-5 -> 2e-6 against the classic code: digital silence moves down by 0.5*ln(5) = 0.805 at every sample rate.",
            ),
            sources=(
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="train/mel_processing.py",
                ),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="configs/v1/48k.json",
                ),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="train/data_utils.py",
                ),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="train/preprocess.py",
                ),
            ),
        ),
    ),
)
