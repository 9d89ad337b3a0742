"""RVC WebUI (classic, e.g. commit 04a33b97 and earlier): 32000 Hz, 80 bands, 1024/320/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=32000,
        n_fft=1024,
        win_length=1024,
        hop_length=320,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-06,
        epsilon_kind="inside",
        n_mels=80,
        f_max=16000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="rvc_32k",
            reference_id="rvc-32k-80",
            system="RVC WebUI (classic, e.g. commit 04a33b97 and earlier)",
            variant="32k (v1 and v2)",
            role="loss mel (model eats linear spectrogram)",
            waveform="float [-1,1] (no /32768); preprocess writes 0.9*0.75*x/max + 0.25*x",
            axes="(n_mels, T)",
            stored="linear (513, T)",
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
                    path="configs/v1/32k.json",
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
