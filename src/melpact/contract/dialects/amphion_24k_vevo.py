"""Amphion: 24000 Hz, 128 bands, 1920/480/1920."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Affine
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1920,
        win_length=1920,
        hop_length=480,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
        n_mels=128,
        f_max=12000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="amphion_24k_vevo",
            reference_id="amphion-vevo-24k-128",
            system="Amphion",
            variant="Vevo / VevoSing / Vocos-mel (MelSpectrogram module)",
            role="acoustic target + vocoder input",
            scaling=Affine.standardise(mean=-4.92, std=8.14**0.5),
            waveform="float",
            axes="(T, 128) after transpose in trainers",
            quirks=("Config stores the VARIANCE (8.14), code takes its square root.",),
            sources=(
                Source(
                    repo="open-mmlab/Amphion", commit="d3de90f02e", path="models/codec/melvqgan/melspec.py"
                ),
                Source(
                    repo="open-mmlab/Amphion", commit="d3de90f02e", path="models/vc/vevo/config/Vocoder.json"
                ),
                Source(
                    repo="open-mmlab/Amphion",
                    commit="d3de90f02e",
                    path="models/vc/vevo/config/Vq8192ToMels.json",
                ),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="models/vc/vevo/vevo_utils.py"),
            ),
        ),
    ),
)
