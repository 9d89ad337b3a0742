"""librosa: 22050 Hz, 128 bands, 2048/512/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=2048,
        win_length=2048,
        hop_length=512,
        padding="centre",
        pad_mode="zero",
        power=2,
        n_mels=128,
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="none",
    ),
    members=(
        Member(
            name="librosa_default",
            reference_id="librosa-melspectrogram-default",
            system="librosa",
            variant="feature.melspectrogram defaults (>= 0.9)",
            role="library default",
            waveform="caller",
            axes="(n_mels, T)",
            quirks=(
                "pad_mode default: 'reflect' up to 0.8.1, 'constant' from 0.9 on (0.9.2, 0.10.1, 1.0.0dev checked) - affects stft() and melspectrogram().",
                "filters.mel: float64 up to 0.6.0, float32 from 0.7.x; keyword-only from 0.10 (0.9 deprecates positional).",
                "power_to_db defaults: 10log10, ref 1.0, amin 1e-10, top_db 80 (global max; librosa 1.0.0dev computes the max per (-2,-1) plane). amplitude_to_db: amin 1e-5, top_db 80.",
                "Slaney scale, slaney norm, Hann periodic (scipy float64, centre-padded), fmax sr/2.",
            ),
            sources=(
                Source(repo="librosa/librosa", commit="b7e7bf4863", path="librosa/core/spectrum.py"),
                Source(repo="librosa/librosa", commit="b7e7bf4863", path="librosa/feature/spectral.py"),
                Source(repo="librosa/librosa", commit="b7e7bf4863", path="librosa/filters.py"),
                Source(
                    repo="PyPI librosa==0.5.1/0.6.0/0.7.2/0.8.1/0.9.2/0.10.1",
                    path="librosa/core/spectrum.py, librosa/filters.py",
                ),
            ),
        ),
    ),
)
