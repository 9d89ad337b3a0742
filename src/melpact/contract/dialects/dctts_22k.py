"""dc_tts (Kyubyong; fork read): 22050 Hz, 80 bands, 2048/275/1102."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        preemphasis=0.97,
        preemphasis_kind="filter",
        n_fft=2048,
        win_length=1102,
        hop_length=275,
        padding="centre",
        pad_mode="zero",
        power=1,
        n_mels=80,
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="dctts_22k",
            reference_id="dctts-22k-80",
            system="dc_tts (Kyubyong; fork read)",
            variant="default",
            role="acoustic target",
            reference=20.0,
            scaling=Window(low=-100.0, high=0.0, out_low=0.0, out_high=1.0, clip_low=1e-08, clip_high=1),
            waveform="librosa.load + trim (default 60 dB)",
            axes="(n_mels, T)",
            stored="(T/4, 80): every 4th frame after zero-padding T to a multiple of 4",
            file_format=".npy",
            quirks=(
                "Lower clip is 1e-8, not 0.",
                "hop = int(22050*0.0125)=275 although the comment says 276; win 1102.",
                "Default librosa padding (version dependent; zero shown).",
            ),
            sources=(
                Source(repo="PhilippMatthes/dc_tts", commit="5f20e75b5c", path="utils.py"),
                Source(repo="PhilippMatthes/dc_tts", commit="5f20e75b5c", path="hyperparams.py"),
            ),
            confidence="verified (fork of Kyubyong/dc_tts)",
        ),
    ),
)
