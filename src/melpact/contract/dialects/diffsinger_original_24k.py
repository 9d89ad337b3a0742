"""DiffSinger (MoonInTheRiver): 24000 Hz, 80 bands, 512/128/512."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=512,
        win_length=512,
        hop_length=128,
        padding="centre",
        pad_mode="zero",
        power=1,
        n_mels=80,
        f_min=30.0,
        f_max=12000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-06,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="diffsinger_original_24k",
            reference_id="diffsinger-original-24k-80",
            system="DiffSinger (MoonInTheRiver)",
            variant="Opencpop configs (wav2spec_eps 1e-6; PopCS: same but eps 1e-10)",
            role="acoustic target + vocoder input",
            forms={
                "diffusion": Form(
                    note="per-band spec_min and spec_max to [-1, 1]",
                    statistics="extrema",
                    where="spec_min and spec_max in the recipe's yaml",
                )
            },
            waveform="librosa.load float; optional loudness norm -22 LUFS",
            axes="(T, 80)",
            stored="(T, 80)",
            file_format="pickled indexed dataset",
            quirks=(
                "pad_mode='constant' explicit.",
                "eps is wav2spec_eps: 1e-6 for Opencpop, 1e-10 default.",
                "Even the NSF-HiFiGAN of this repo is fed log10 mels (its own ln mel code is unused).",
                "configs/singing/base.yaml alone has 22.05 kHz, fmin 50, fmax 11025; PopCS/Opencpop override to 24 kHz.",
            ),
            sources=(
                Source(
                    repo="MoonInTheRiver/DiffSinger",
                    commit="ce7789f142",
                    path="data_gen/tts/data_gen_utils.py",
                ),
                Source(repo="MoonInTheRiver/DiffSinger", commit="ce7789f142", path="vocoders/pwg.py"),
                Source(repo="MoonInTheRiver/DiffSinger", commit="ce7789f142", path="vocoders/hifigan.py"),
                Source(
                    repo="MoonInTheRiver/DiffSinger",
                    commit="ce7789f142",
                    path="usr/configs/popcs_ds_beta6.yaml",
                ),
                Source(
                    repo="MoonInTheRiver/DiffSinger",
                    commit="ce7789f142",
                    path="usr/configs/midi/cascade/opencs/opencpop_statis.yaml",
                ),
            ),
        ),
    ),
)
