"""Coqui TTS AudioProcessor: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
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
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-08,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="coqui_22k_ljspeech",
            reference_id="coqui-ljspeech-ln-22k-80",
            system="Coqui TTS AudioProcessor",
            variant="LJSpeech recipes (Tacotron2-DDC/DCA, FastPitch, FastSpeech(2), Overflow, NeuralHMM, SpeedySpeech)",
            role="acoustic target",
            waveform="float; trim 60 dB (+10 ms ends)",
            axes="(n_mels, T)",
            stored="(80, T)",
            quirks=(
                "spec_gain 1, log_func np.log, signal_norm False: plain ln with floor 1e-8 (-18.42), i.e. deeper than HiFi-GAN/Tacotron2's -11.51.",
                "Framing is centred (librosa reflect).",
            ),
            compatibility=(
                "Feeding a jik876-trained HiFi-GAN: clamp at ln(1e-5) and expect the half-hop shift.",
            ),
            sources=(
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="recipes/ljspeech/tacotron2-DDC/train_tacotron_ddc.py",
                ),
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="recipes/ljspeech/fast_pitch/train_fast_pitch.py",
                ),
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/utils/audio/processor.py"),
            ),
        ),
    ),
)
