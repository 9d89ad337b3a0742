"""NeMo TTS (newer "feature" configs): 22050 Hz, 80 bands, 1024/256/1024."""

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
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="none",
        log="ln",
        floor=1.0,
        floor_kind="add",
    ),
    members=(
        Member(
            name="nemo_22k_log1p",
            reference_id="nemo-tts-log1p-22k-80",
            system='NeMo TTS (newer "feature" configs)',
            variant="fastpitch/fastpitch_22050.yaml, hifigan_dataset/hifigan_22050.yaml, MelSpectrogramFeaturizer",
            role="acoustic target / vocoder input",
            waveform="peak-normalise to 0.95 (volume_norm)",
            axes="(n_mels, T)",
            stored="(80, T)",
            file_format=".npy",
            quirks=(
                "Hann window is SYMMETRIC (periodic=False).",
                "Padding changed 2025-07-02 (commit 0fd4de534b, first in v2.5.0rc0): <= v2.4.0 reflect padding, >= 2.5 zero padding ('constant'), both for center and for exact_pad. The row describes HEAD (>= 2.5); use reflect for checkpoints trained before.",
                "get_seq_len: <= 2.4.0 floor((L+pad-n_fft)/hop)+1; >= 2.5 drops the +1 for BOTH framings, so the reported length is one short and the last computed frame is overwritten with pad_value (measured: center gives 1+floor(L/hop) frames with the last one masked, exact_pad gives floor(L/hop) frames with the last one masked).",
                "Dither and the 1e-5 sqrt guard (use_grads) are off in these configs.",
                "ln(mel + 1.0) (log1p), slaney mel scale with norm=None.",
                "HiFi-GAN variant uses exact_pad; FastPitch variant uses center.",
            ),
            sources=(
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="examples/tts/conf/fastpitch/fastpitch_22050.yaml",
                ),
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="examples/tts/conf/hifigan_dataset/hifigan_22050.yaml",
                ),
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="nemo/collections/tts/parts/preprocessing/features.py",
                ),
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="nemo/collections/tts/parts/utils/tts_dataset_utils.py",
                ),
            ),
        ),
    ),
)
