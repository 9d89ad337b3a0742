"""NeMo FastPitch: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        window_periodic=False,
        padding="centre",
        pad_mode="zero",
        power=1,
        n_mels=80,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="add",
    ),
    members=(
        Member(
            name="nemo_fastpitch_22k",
            reference_id="nemo-fastpitch-22k-80",
            system="NeMo FastPitch",
            variant="fastpitch_align_v1.05.yaml",
            role="acoustic target",
            waveform="float (AudioSegment)",
            axes="(n_mels, T)",
            stored="none / sup_data",
            batch_pad="0",
            quirks=(
                "Hann window is SYMMETRIC (periodic=False).",
                "Padding changed 2025-07-02 (commit 0fd4de534b, first in v2.5.0rc0): <= v2.4.0 reflect padding, >= 2.5 zero padding ('constant'), both for center and for exact_pad. The row describes HEAD (>= 2.5); use reflect for checkpoints trained before.",
                "get_seq_len: <= 2.4.0 floor((L+pad-n_fft)/hop)+1; >= 2.5 drops the +1 for BOTH framings, so the reported length is one short and the last computed frame is overwritten with pad_value (measured: center gives 1+floor(L/hop) frames with the last one masked, exact_pad gives floor(L/hop) frames with the last one masked).",
                "Dither and the 1e-5 sqrt guard (use_grads) are off in these configs.",
                "ln(mel + 1e-5): ADDITIVE guard.",
                "pad_to 1, pad_value 0.",
                "The de/es/zh and 44.1 kHz fastpitch_align_* configs set highfreq: null instead of 8000 (44.1 kHz ones: n_fft 2048, hop 512).",
            ),
            compatibility=(
                "NeMo HiFi-GAN is trained with clamp 1e-5 and exact_pad: FastPitch mels differ by up to ln2 near the floor and by half a hop in time.",
            ),
            sources=(
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="examples/tts/conf/fastpitch_align_v1.05.yaml",
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
