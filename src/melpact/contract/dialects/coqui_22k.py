"""Coqui TTS AudioProcessor: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=80,
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-08,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="coqui_22k",
            reference_id="coqui-ap-default-22k-80",
            system="Coqui TTS AudioProcessor",
            variant="BaseAudioConfig defaults (also the default for HifiganConfig etc.)",
            role="acoustic target / vocoder input",
            reference=20.0,
            scaling=Window(low=-100.0, high=0.0, out_low=-4.0, out_high=4.0, clip_low=-4, clip_high=4),
            waveform="soundfile float; do_trim_silence: drop 10 ms at both ends then librosa trim 45 dB; optional peak 0.95 / RMS norm",
            axes="(n_mels, T)",
            stored="(80, T)",
            file_format=".npy (vocoder preprocess)",
            quirks=(
                "Floor is 1e-8 (-160 dB) but the -100 dB clip hides it.",
                "stats_path switches to per-bin mean/std and disables range norm; the linear_scaler branch tests S.shape[0]==fft_size/2 (not fft_size/2+1) and so never matches.",
                "pad_mode='reflect' explicit.",
            ),
            compatibility=(
                "Synthesizer only undoes/redoes normalisation (denormalize with TTS config, normalize with vocoder config) and interpolates time for sample-rate mismatch: a TTS trained with log_func np.log and a vocoder with np.log10/spec_gain 20 are NOT reconciled.",
            ),
            sources=(
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/config/shared_configs.py"),
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/utils/audio/processor.py"),
                Source(
                    repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/utils/audio/numpy_transforms.py"
                ),
                Source(
                    repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/vocoder/datasets/preprocess.py"
                ),
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/utils/synthesizer.py"),
            ),
        ),
    ),
)
