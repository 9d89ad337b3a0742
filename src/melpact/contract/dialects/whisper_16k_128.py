"""Whisper (OpenAI): 16000 Hz, 128 bands, 400/160/400."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import DynamicRange
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=400,
        win_length=400,
        hop_length=160,
        padding="centre",
        pad_mode="reflect",
        drop_last=1,
        power=2,
        n_mels=128,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-10,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="whisper_16k_128",
            reference_id="whisper-16k-128",
            system="Whisper (OpenAI)",
            variant="128 mel (large-v3 / turbo; also S3Tokenizer & CosyVoice2/3 speech tokens)",
            role="ASR input",
            scaling=DynamicRange(range=8.0, shift=4.0, divisor=4.0),
            waveform="ffmpeg s16le /32768; pad_or_trim to 480000 samples (or padding=N_SAMPLES zeros in transcribe)",
            axes="(n_mels, T)",
            quirks=(
                "max(x) is over the whole tensor: batched input couples the items (OpenAI); HF does it per item.",
                "transcribe() computes the mel of the full file + 30 s of zeros once, so the 8-decade floor is relative to the file maximum; each 30 s window is then zero-padded in MEL space (value 0). HF pads the waveform per chunk.",
                "Last STFT frame dropped: T = L/160.",
            ),
            compatibility=(
                "HF WhisperFeatureExtractor: same formula, numpy float64 FFT or torch; tolerance 1e-5 stated.",
            ),
            sources=(
                Source(repo="openai/whisper", commit="c0d2f624c0", path="whisper/audio.py"),
                Source(repo="openai/whisper", commit="c0d2f624c0", path="whisper/transcribe.py"),
                Source(repo="openai/whisper", commit="c0d2f624c0", path="whisper/assets/mel_filters.npz"),
                Source(repo="PyPI transformers==4.46.3", path="models/whisper/feature_extraction_whisper.py"),
                Source(repo="PyPI s3tokenizer==0.3.0", path="s3tokenizer/utils.py"),
            ),
        ),
    ),
)
