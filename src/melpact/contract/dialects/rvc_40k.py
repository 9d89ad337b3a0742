"""RVC WebUI (classic, e.g. commit 04a33b97 and earlier): 40000 Hz, 125 bands, 2048/400/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=40000,
        n_fft=2048,
        win_length=2048,
        hop_length=400,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-06,
        epsilon_kind="inside",
        n_mels=125,
        f_max=20000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="rvc_40k",
            reference_id="rvc-40k-125",
            system="RVC WebUI (classic, e.g. commit 04a33b97 and earlier)",
            variant="40k (v1 and v2)",
            role="loss mel (model eats linear spectrogram)",
            waveform="float [-1,1] (no /32768); preprocess writes 0.9*0.75*x/max + 0.25*x",
            axes="(n_mels, T)",
            stored="linear (1025, T)",
            file_format=".spec.pt (old zip-less serialisation)",
            quirks=(
                "sqrt(x+1e-6) dominates in silence: the floor is about ln(1e-3*n_fft/sr) (see digital_silence_bin_range), the ln(1e-5)=-11.51 clamp is never reached.",
                "v2 40k has no config of its own: v2+40k uses configs/v1/40k.json (webui.py).",
            ),
            sources=(
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="04a33b9709",
                    path="infer/lib/train/mel_processing.py",
                ),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="configs/v1/40k.json",
                ),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="configs/v2/*.json",
                ),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="webui.py",
                ),
            ),
        ),
    ),
)
