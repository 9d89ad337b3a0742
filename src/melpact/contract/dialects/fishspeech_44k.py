"""fish-speech: 44100 Hz, 128 bands, 2048/512/2048."""

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
        epsilon=1e-06,
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
            name="fishspeech_44k",
            reference_id="fishspeech-44k-128",
            system="fish-speech",
            variant="fish_speech/utils/spectrogram.py defaults",
            role="codec / vocoder mel",
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "Padding is derived from win_length - hop (not n_fft - hop) and is asymmetric for odd differences.",
                "eps 1e-6 -> silence ~ -9.98.",
                "f_max default = sample_rate//2.",
            ),
            sources=(
                Source(
                    repo="fishaudio/fish-speech", commit="3dd1f85c40", path="fish_speech/utils/spectrogram.py"
                ),
            ),
        ),
    ),
)
