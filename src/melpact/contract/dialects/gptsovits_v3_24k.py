"""GPT-SoVITS: 24000 Hz, 100 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-08,
        epsilon_kind="inside",
        n_mels=100,
        f_max=12000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="gptsovits_v3_24k",
            reference_id="gptsovits-v3-24k-100",
            system="GPT-SoVITS",
            variant="v3 CFM mel (BigVGAN v2 24k vocoder)",
            role="acoustic target",
            scaling=Window(low=-12.0, high=2.0, out_low=-1.0, out_high=1.0),
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "eps 1e-8 while the BigVGAN vocoder was trained with 1e-9 (same after the 1e-5 clamp in silence).",
            ),
            sources=(
                Source(repo="RVC-Boss/GPT-SoVITS", commit="48b1a0169a", path="GPT_SoVITS/inference_webui.py"),
                Source(
                    repo="RVC-Boss/GPT-SoVITS", commit="48b1a0169a", path="GPT_SoVITS/module/data_utils.py"
                ),
                Source(
                    repo="RVC-Boss/GPT-SoVITS",
                    commit="48b1a0169a",
                    path="GPT_SoVITS/module/mel_processing.py",
                ),
            ),
        ),
    ),
)
