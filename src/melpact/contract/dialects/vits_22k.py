"""VITS, Coqui TTS: 22050 Hz, 80 bands, 1024/256/1024."""

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
        epsilon=1e-06,
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
            name="vits_22k",
            reference_id="vits-22k-80",
            system="VITS",
            variant="ljs_base / vctk_base",
            role="loss mel (posterior encoder eats the linear spectrogram)",
            waveform="int16/32768",
            axes="(n_mels, T)",
            stored="linear spectrogram (513, T)",
            file_format=".spec.pt",
            quirks=(
                "sqrt(x+1e-6) dominates in silence: the floor is about ln(1e-3*n_fft/sr) (see digital_silence_bin_range), the ln(1e-5)=-11.51 clamp is never reached.",
                "Training reads int16/32768; the linear spectrogram is cached next to the wav as .spec.pt (F, T) and silently reused if STFT settings change.",
                "Basis cache keyed by (fmax, dtype, device) only.",
            ),
            sources=(
                Source(repo="jaywalnut310/vits", commit="2e561ba586", path="mel_processing.py"),
                Source(repo="jaywalnut310/vits", commit="2e561ba586", path="configs/ljs_base.json"),
                Source(repo="jaywalnut310/vits", commit="2e561ba586", path="configs/vctk_base.json"),
                Source(repo="jaywalnut310/vits", commit="2e561ba586", path="data_utils.py"),
            ),
        ),
        Member(
            name="coqui_vits_22k",
            reference_id="coqui-vits-22k-80",
            system="Coqui TTS",
            variant="VITS (torch_transforms wav_to_mel)",
            role="loss mel (model eats linear spectrogram)",
            waveform="torchaudio float",
            axes="(n_mels, T)",
            quirks=("As VITS; basis cache key adds n_fft.",),
            sources=(
                Source(
                    repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/utils/audio/torch_transforms.py"
                ),
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/tts/models/vits.py"),
            ),
        ),
    ),
)
