"""NeMo HiFi-GAN, NeMo Tacotron2: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        window_periodic=False,
        padding="same",
        pad_mode="zero",
        power=1,
        n_mels=80,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="nemo_hifigan_22k",
            reference_id="nemo-hifigan-22k-80",
            system="NeMo HiFi-GAN",
            variant="hifigan/hifigan.yaml (UnivNet identical)",
            role="vocoder input",
            waveform="float",
            axes="(n_mels, T)",
            batch_pad="-11.52",
            quirks=(
                "Hann window is SYMMETRIC (periodic=False).",
                "Padding changed 2025-07-02 (commit 0fd4de534b, first in v2.5.0rc0): <= v2.4.0 reflect padding, >= 2.5 zero padding ('constant'), both for center and for exact_pad. The row describes HEAD (>= 2.5); use reflect for checkpoints trained before.",
                "get_seq_len: <= 2.4.0 floor((L+pad-n_fft)/hop)+1; >= 2.5 drops the +1 for BOTH framings, so the reported length is one short and the last computed frame is overwritten with pad_value (measured: center gives 1+floor(L/hop) frames with the last one masked, exact_pad gives floor(L/hop) frames with the last one masked).",
                "Dither and the 1e-5 sqrt guard (use_grads) are off in these configs.",
                "exact_pad (frames = L//hop).",
                "<= v2.4.0 used reflect here, like jik876; the symmetric window still differs.",
            ),
            sources=(
                Source(
                    repo="NVIDIA/NeMo", commit="8cfedd7203", path="examples/tts/conf/hifigan/hifigan.yaml"
                ),
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="nemo/collections/asr/parts/preprocessing/features.py",
                ),
            ),
        ),
        Member(
            name="nemo_tacotron2_22k",
            reference_id="nemo-tacotron2-22k-80",
            system="NeMo Tacotron2",
            variant="tacotron2.yaml",
            role="acoustic target",
            waveform="float",
            axes="(n_mels, T)",
            batch_pad="-11.52; T padded to a multiple of 16",
            quirks=(
                "Hann window is SYMMETRIC (periodic=False).",
                "Padding changed 2025-07-02 (commit 0fd4de534b, first in v2.5.0rc0): <= v2.4.0 reflect padding, >= 2.5 zero padding ('constant'), both for center and for exact_pad. The row describes HEAD (>= 2.5); use reflect for checkpoints trained before.",
                "get_seq_len: <= 2.4.0 floor((L+pad-n_fft)/hop)+1; >= 2.5 drops the +1 for BOTH framings, so the reported length is one short and the last computed frame is overwritten with pad_value (measured: center gives 1+floor(L/hop) frames with the last one masked, exact_pad gives floor(L/hop) frames with the last one masked).",
                "Dither and the 1e-5 sqrt guard (use_grads) are off in these configs.",
                "exact_pad: true at HEAD, v2.4.0 and v1.23.0 (absent in v1.0.0): the NeMo Tacotron2 mel is framed like HiFi-GAN, unlike NVIDIA/tacotron2's centred mel.",
            ),
            sources=(
                Source(repo="NVIDIA/NeMo", commit="8cfedd7203", path="examples/tts/conf/tacotron2.yaml"),
                Source(
                    repo="NVIDIA/NeMo",
                    commit="8cfedd7203",
                    path="nemo/collections/asr/parts/preprocessing/features.py",
                ),
            ),
        ),
    ),
)
