"""Real-Time-Voice-Cloning / Resemblyzer-type GE2E: 16000 Hz, 40 bands, 400/160/400."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=400,
        win_length=400,
        hop_length=160,
        padding="centre",
        pad_mode="zero",
        power=2,
        n_mels=40,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="none",
    ),
    members=(
        Member(
            name="rtvc_encoder_16k",
            reference_id="rtvc-encoder-16k-40",
            system="Real-Time-Voice-Cloning / Resemblyzer-type GE2E",
            variant="speaker encoder",
            role="speaker encoder",
            waveform="RMS raised to -30 dBFS (increase only); webrtcvad trims silences > 6*30 ms",
            axes="(T, 40)",
            quirks=(
                "NOT a log mel: raw slaney power mel.",
                "pad_mode unspecified: constant on librosa >= 0.9, reflect before.",
                "Coqui's FreeVC ships the same encoder.",
            ),
            sources=(
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning", commit="865eba8826", path="encoder/audio.py"
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="encoder/params_data.py",
                ),
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="TTS/vc/layers/freevc/speaker_encoder/audio.py",
                ),
            ),
        ),
    ),
)
