"""torchaudio: 16000 Hz, 128 bands, 400/200/400."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=400,
        win_length=400,
        hop_length=200,
        padding="centre",
        pad_mode="reflect",
        power=2,
        n_mels=128,
        f_max=8000.0,
        mel_scale="htk",
        mel_norm="none",
        log="none",
    ),
    members=(
        Member(
            name="torchaudio_default",
            reference_id="torchaudio-melspectrogram-default",
            system="torchaudio",
            variant="transforms.MelSpectrogram defaults",
            role="library default",
            waveform="caller",
            axes="(n_mels, T)",
            quirks=(
                "sample_rate default 16000 (see styletts2).",
                "FFT bin frequencies are linspace(0, sample_rate//2): for odd rates such as 11025 the last bin is 5512, not 5512.5 (up to 9e-4 relative filter error against librosa).",
                "float32 filter construction: up to 1.5e-5 relative per filter against librosa (5e-5 in log-mel).",
                "hop default win//2; AmplitudeToDB amin 1e-10, top_db None.",
            ),
            sources=(
                Source(repo="PyPI torchaudio==2.5.1", path="transforms/_transforms.py"),
                Source(repo="PyPI torchaudio==2.5.1", path="functional/functional.py"),
            ),
        ),
    ),
)
