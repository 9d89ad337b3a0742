"""ESPnet2 TTS: 24000 Hz, 80 bands, 2048/300/1200."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=2048,
        win_length=1200,
        hop_length=300,
        padding="centre",
        pad_mode="reflect",
        power=1,
        epsilon=1e-10,
        epsilon_kind="clamp",
        n_mels=80,
        f_min=80.0,
        f_max=7600.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-10,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="espnet2_24k",
            reference_id="espnet2-tts-24k-80",
            system="ESPnet2 TTS",
            variant="24 kHz recipes (n_fft 2048, shift 300, win 1200)",
            role="acoustic target",
            forms={
                "normalised": Form(
                    note="GlobalMVN",
                    statistics="standardise",
                    where="feats_stats.npz: mean = sum / count, std = sqrt(max(sum_square / count - mean², 1e-20))",
                )
            },
            waveform="float",
            axes="(B, T, 80)",
            quirks=("Parameters as in the matching PWG recipes; class verified, recipe values by analogy.",),
            sources=(
                Source(repo="PyPI espnet==202511", path="espnet2/tts/feats_extract/log_mel_fbank.py"),
                Source(repo="PyPI espnet==202511", path="espnet2/layers/stft.py"),
                Source(repo="PyPI espnet==202511", path="espnet2/layers/log_mel.py"),
                Source(repo="PyPI espnet==202511", path="espnet2/layers/global_mvn.py"),
            ),
            confidence="class verified from source; recipe parameters inferred from the PWG 24k configs",
        ),
    ),
)
