"""CLAP (HF): 48000 Hz, 64 bands, 1024/480/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=48000,
        n_fft=1024,
        win_length=1024,
        hop_length=480,
        padding="centre",
        pad_mode="reflect",
        power=2,
        n_mels=64,
        f_max=14000.0,
        mel_scale="htk",
        mel_norm="none",
        log="db_power",
        floor=1e-10,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="clap_48k_fused",
            reference_id="clap-hf-fused-48k-64",
            system="CLAP (HF)",
            variant='truncation "fusion" (default)',
            role="audio embedding",
            waveform="float; repeat-pad to 10 s",
            axes="(T, 64)",
            quirks=(
                "dB = 10*log10 of power.",
                "Class defaults 0-14000 Hz; published checkpoints ship their own preprocessor_config.json, not read here.",
            ),
            sources=(
                Source(repo="PyPI transformers==4.46.3", path="models/clap/feature_extraction_clap.py"),
            ),
            confidence="class defaults verified; checkpoint values not in source",
        ),
    ),
)
