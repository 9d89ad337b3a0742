"""MyXTTS (masoodafar-web): 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="zero",
        power=1,
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
            name="myxtts_22k_librosa",
            reference_id="myxtts-librosa-22k-80",
            system="MyXTTS (masoodafar-web)",
            variant="AudioProcessor.wav_to_mel (numpy fallback, evaluation, synthesis)",
            role="acoustic target / reference mel",
            waveform="VAD (off at 22.05 kHz), trim 20 dB, RMS 0.1, then peak-normalise to 1.0",
            axes="(80, T); dataset transposes to (T, 80)",
            quirks=(
                "Zero padding explicit.",
                "Peak normalisation after RMS normalisation undoes the latter.",
                "Disagrees with the TF-native training mel in scale, filterbank, padding, framing and normalisation.",
            ),
            sources=(
                Source(repo="masoodafar-web/MyXTTSModel", commit="7e78353c17", path="myxtts/utils/audio.py"),
                Source(
                    repo="masoodafar-web/MyXTTSModel", commit="7e78353c17", path="myxtts/data/ljspeech.py"
                ),
                Source(
                    repo="masoodafar-web/MyXTTSModel",
                    commit="7e78353c17",
                    path="myxtts/inference/synthesizer.py",
                ),
            ),
        ),
    ),
)
