"""NeMo ASR: 16000 Hz, 64 bands, 512/160/320."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import UtteranceStandard
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        preemphasis=0.97,
        preemphasis_kind="filter",
        n_fft=512,
        win_length=320,
        hop_length=160,
        window_periodic=False,
        padding="centre",
        pad_mode="zero",
        power=2,
        n_mels=64,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=5.960464477539063e-08,
        floor_kind="add",
    ),
    members=(
        Member(
            name="nemo_asr_16k",
            reference_id="nemo-asr-default-16k-64",
            system="NeMo ASR",
            variant="AudioToMelSpectrogramPreprocessor defaults",
            role="ASR input",
            forms={
                "normalised": Form(
                    note="normalize per_feature",
                    scaling=UtteranceStandard(spread="added", epsilon=1e-5, ddof=1),
                )
            },
            waveform="float",
            axes="(n_mels, T)",
            batch_pad="0; T padded to multiple of 16",
            quirks=(
                "NeMo >= 2.5 and transformers' Parakeet leave the last frame out of the per-band statistics and overwrite it; the form :normalised uses every frame.",
                "Hann window is SYMMETRIC (periodic=False).",
                "Padding changed 2025-07-02 (commit 0fd4de534b, first in v2.5.0rc0): <= v2.4.0 reflect padding, >= 2.5 zero padding ('constant'), both for center and for exact_pad. The row describes HEAD (>= 2.5); use reflect for checkpoints trained before.",
                "get_seq_len: <= 2.4.0 floor((L+pad-n_fft)/hop)+1; >= 2.5 drops the +1 for BOTH framings, so the reported length is one short and the last computed frame is overwritten with pad_value (measured: center gives 1+floor(L/hop) frames with the last one masked, exact_pad gives floor(L/hop) frames with the last one masked).",
                "n_fft = next power of two >= win.",
                "Window 20 ms default (recipes often use 25 ms / 80 bins).",
            ),
            sources=(
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="nemo/collections/asr/modules/audio_preprocessing.py",
                ),
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="nemo/collections/asr/parts/preprocessing/features.py",
                ),
            ),
        ),
    ),
)
