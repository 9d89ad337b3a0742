"""HiFi-GAN (jik876), BigVGAN (NVIDIA), Seed-VC: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
        n_mels=80,
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="hifigan_22k_loss",
            reference_id="hifigan-22k-80-loss",
            system="HiFi-GAN (jik876)",
            variant="mel used in the L1 loss (fmax_for_loss: null)",
            role="training loss",
            waveform="as hifigan-22k-80",
            axes="(n_mels, T)",
            quirks=("Same function, fmax -> 11025: not the generator's input mel.",),
            sources=(
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="train.py"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="meldataset.py"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="config_v1.json"),
            ),
        ),
        Member(
            name="bigvgan_v2_22k",
            reference_id="bigvgan-v2-22k-80",
            system="BigVGAN (NVIDIA)",
            variant="v2_22khz_80band_256x (fmax null)",
            role="vocoder input",
            waveform="float [-1,1]; training adds peak-normalise*0.95",
            axes="(n_mels, T)",
            stored="(n_mels, T) or (1, n_mels, T)",
            file_format=".npy (fine-tuning / inference_e2e)",
            quirks=(
                "MAX_WAV_VALUE is 32767 (output scaling) - not 32768 as in HiFi-GAN.",
                "librosa.load float input (no int division); training: librosa.util.normalize*0.95 on the random chunk (after resampling), inference: none.",
                "Cache key covers all parameters (no stale-basis problem).",
                "requirements: librosa>=0.8.1.",
            ),
            compatibility=(
                "v2 was trained with a multi-scale mel loss (dac-style, log10, center=True) - a different mel from the input mel (loss.py).",
            ),
            sources=(
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="meldataset.py"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="configs/*.json"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="inference.py"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="README.md"),
            ),
        ),
        Member(
            name="seedvc_22k",
            reference_id="seedvc-22k-80",
            system="Seed-VC",
            variant="whisper_small_wavenet preset / v2 wrapper (BigVGAN v2 22 kHz)",
            role="acoustic target + vocoder input",
            waveform="float [-1,1]",
            axes="(n_mels, T)",
            stored="none (computed on the fly)",
            quirks=(
                'Config value fmax is only compared with the string "None": any other value becomes 8000 (inference.py).',
                "Copy of the Matcha mel with the sampling rate added to the cache keys.",
                "Speaker style: torchaudio kaldi.fbank, 80 bins, dither 0, 16 kHz, un-scaled float waveform, mean-subtracted per utterance.",
            ),
            sources=(
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="modules/audio.py"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="configs/presets/*.yml"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="configs/v2/vc_wrapper.yaml"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="inference.py"),
            ),
        ),
    ),
)
