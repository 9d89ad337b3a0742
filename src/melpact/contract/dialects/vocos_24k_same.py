"""Vocos: 24000 Hz, 100 bands, 1024/256/1024."""

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
        n_mels=100,
        f_max=12000.0,
        mel_scale="htk",
        mel_norm="none",
        log="ln",
        floor=1e-07,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="vocos_24k_same",
            reference_id="vocos-same-24k-100",
            system="Vocos",
            variant='MelSpectrogramFeatures(padding="same")',
            role="vocoder input (option)",
            waveform="float",
            axes="(n_mels, T)",
            quirks=("Pads (win-hop)//2 each side, center False.",),
            sources=(
                Source(repo="gemelo-ai/vocos", commit="c859e3b7b5", path="vocos/feature_extractors.py"),
            ),
        ),
    ),
)
