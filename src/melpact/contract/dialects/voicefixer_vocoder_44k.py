"""VoiceFixer: 44100 Hz, 128 bands, 2048/441/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=44100,
        n_fft=2048,
        win_length=2048,
        hop_length=441,
        padding="centre",
        pad_mode="zero",
        power=1,
        n_mels=128,
        f_max=22050.0,
        mel_scale="htk",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="voicefixer_vocoder_44k",
            reference_id="voicefixer-vocoder-44k-128",
            system="VoiceFixer",
            variant="vocoder (TFGAN) input",
            role="vocoder input",
            reference=20.0,
            scaling=Window(low=-115.0, high=0.0, out_low=-4.0, out_high=4.0, clip_low=-4, clip_high=4),
            waveform="oracle(): peak-normalise",
            axes="(B, 128, T + pad)",
            batch_pad="-4; (T mod 2)+4 frames of -4 are appended",
            quirks=(
                "min_db is -115 while the amplitude floor uses min_level_db -100.",
                "librosa.filters.mel(htk=True) keeps the slaney norm.",
                "(n_fft-hop) is odd (1607) - irrelevant here because framing is centred.",
                "config fmin 50/fmax 22000 are ignored: build_mel_basis uses 0 .. sr//2.",
            ),
            sources=(
                Source(repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/vocoder/config.py"),
                Source(
                    repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/vocoder/model/util.py"
                ),
                Source(repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/vocoder/base.py"),
            ),
        ),
    ),
)
