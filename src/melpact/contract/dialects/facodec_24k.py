"""Amphion FACodec: 24000 Hz, 80 bands, 2048/300/1200."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Affine
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=2048,
        win_length=1200,
        hop_length=300,
        padding="centre",
        pad_mode="reflect",
        power=2,
        n_mels=80,
        f_max=12000.0,
        mel_scale="htk",
        mel_norm="none",
        log="ln",
        floor=1e-05,
        floor_kind="add",
    ),
    members=(
        Member(
            name="facodec_24k",
            reference_id="facodec-24k-80",
            system="Amphion FACodec",
            variant="FAquantizer.preprocess (prosody feature)",
            role="codec prosody input (first 20 bins only)",
            scaling=Affine.standardise(mean=-4.0, std=4.0),
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "StyleTTS2-like but with the correct sample_rate; keeps bins [0:20] and int(L/300) frames.",
            ),
            sources=(
                Source(
                    repo="open-mmlab/Amphion",
                    commit="d3de90f02e",
                    path="models/codec/facodec/modules/quantize.py",
                ),
            ),
        ),
    ),
)
