"""BigVGAN (NVIDIA), Seed-VC: 44100 Hz, 128 bands, 2048/512/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=44100,
        n_fft=2048,
        win_length=2048,
        hop_length=512,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
        n_mels=128,
        f_max=22050.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="bigvgan_v2_44k_512x",
            reference_id="bigvgan-v2-44k-128-512x",
            system="BigVGAN (NVIDIA)",
            variant="v2_44khz_128band_512x",
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
            name="seedvc_44k",
            reference_id="seedvc-44k-128",
            system="Seed-VC",
            variant="whisper_base_f0_44k preset (BigVGAN v2 44 kHz 512x)",
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
