"""Amphion: 24000 Hz, 80 bands, 1024/120/480."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1024,
        win_length=480,
        hop_length=120,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
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
            name="amphion_24k_base",
            reference_id="amphion-base-24k-80",
            system="Amphion",
            variant="config/base.json bare defaults",
            role="default",
            waveform="float",
            axes="(n_mels, T)",
            stored="(n_mels, T)",
            file_format=".npy",
            quirks=(
                "mel_basis cache test never hits (as HiFi-GAN); window cache keyed by device only.",
                "win_size 480 is centred in n_fft 1024; padding uses n_fft-hop = 904 -> 452 per side.",
                "min_level_db -115 / ref_level_db 20 in the config are not used by utils/mel.py.",
            ),
            sources=(
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/base.json"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="utils/mel.py"),
            ),
        ),
    ),
)
