"""MelGAN (descriptinc): 22050 Hz, 80 bands, 1024/256/1024."""

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
        n_mels=80,
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="melgan_22k",
            reference_id="melgan-22k-80",
            system="MelGAN (descriptinc)",
            variant="Audio2Mel",
            role="vocoder input",
            waveform="librosa.load; 0.95*peak-normalise; training *U(0.3,1.0)",
            axes="(n_mels, T)",
            stored="none (MelVocoder computes on the fly)",
            quirks=(
                "log10, not ln.",
                "No magnitude epsilon (sqrt of exact power; NaN gradient at 0).",
                "fmax None (11025).",
                "Relies on the real-valued torch.stft output (fft.unbind(-1)): old torch only.",
            ),
            compatibility=("ln-mel users divide by ln(10) (FastSpeech2) and must extract with fmax = sr/2.",),
            sources=(
                Source(repo="descriptinc/melgan-neurips", commit="6488045bfb", path="mel2wav/modules.py"),
                Source(repo="descriptinc/melgan-neurips", commit="6488045bfb", path="mel2wav/dataset.py"),
                Source(repo="descriptinc/melgan-neurips", commit="6488045bfb", path="mel2wav/interface.py"),
            ),
        ),
    ),
)
