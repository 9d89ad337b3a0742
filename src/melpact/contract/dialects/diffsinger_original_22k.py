"""DiffSinger (MoonInTheRiver): 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="zero",
        power=1,
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
            name="diffsinger_original_22k",
            reference_id="diffsinger-original-lj-22k-80",
            system="DiffSinger (MoonInTheRiver)",
            variant="DiffSpeech LJSpeech (configs/tts/base.yaml)",
            role="acoustic target + PWG/HiFiGAN input",
            forms={
                "diffusion": Form(
                    note="per-band spec_min and spec_max to [-1, 1]",
                    statistics="extrema",
                    where="spec_min and spec_max in lj_ds_beta6.yaml",
                )
            },
            waveform="librosa.load float",
            axes="(T, 80)",
            stored="(T, 80)",
            file_format="pickled indexed dataset",
            quirks=(
                "Same raw feature as PWG LJSpeech except zero padding instead of reflect at both ends, and PWG vocoders get StandardScaler stats.h5 applied in spec2wav.",
            ),
            compatibility=("PWG vocoder wrapper applies scaler.transform (stats.h5) at synthesis.",),
            sources=(
                Source(
                    repo="MoonInTheRiver/DiffSinger",
                    commit="ce7789f142",
                    path="data_gen/tts/data_gen_utils.py",
                ),
                Source(repo="MoonInTheRiver/DiffSinger", commit="ce7789f142", path="configs/tts/base.yaml"),
                Source(repo="MoonInTheRiver/DiffSinger", commit="ce7789f142", path="vocoders/pwg.py"),
                Source(
                    repo="MoonInTheRiver/DiffSinger", commit="ce7789f142", path="usr/configs/lj_ds_beta6.yaml"
                ),
            ),
        ),
    ),
)
