"""Amphion: 24000 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
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
        epsilon=1e-06,
        epsilon_kind="inside",
        n_mels=80,
        f_max=12000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="amphion_vits_24k",
            reference_id="amphion-vits-mel",
            system="Amphion",
            variant="mel_spectrogram_torch (VITS / Noro losses and features)",
            role="loss / VC feature",
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "Same file as extract_mel_features but eps 1e-6 instead of 1e-9: two mels in one module. Sample rate comes from the recipe (24000 = base.json).",
            ),
            sources=(
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="utils/mel.py"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/vits.json"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/base.json"),
            ),
        ),
    ),
)
