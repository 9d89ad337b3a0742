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
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_power",
        floor=1e-10,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="clap_48k_unfused",
            reference_id="clap-hf-unfused-48k-64",
            system="CLAP (HF)",
            variant='truncation "rand_trunc"',
            role="audio embedding",
            waveform="float; repeat-pad to 10 s",
            axes="(T, 64)",
            quirks=(
                "Unlike the fused mode it uses slaney scale + slaney norm: the filterbank depends on the truncation argument.",
            ),
            sources=(
                Source(repo="PyPI transformers==4.46.3", path="models/clap/feature_extraction_clap.py"),
            ),
        ),
    ),
)
