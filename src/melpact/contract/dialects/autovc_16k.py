"""AutoVC: 16000 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=80,
        f_min=90.0,
        f_max=7600.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="autovc_16k",
            reference_id="autovc-16k-80",
            system="AutoVC",
            variant="make_spect.py",
            role="VC feature",
            reference=16.0,
            scaling=Window(low=-100.0, high=0.0, out_low=0.0, out_high=1.0, clip_low=0, clip_high=1),
            waveform="5th-order Butterworth high-pass 30 Hz (filtfilt); *0.96 + uniform noise +-0.5e-6",
            axes="(T, 80)",
            stored="(T, 80)",
            file_format=".npy (float32)",
            quirks=(
                "Reference 16 dB, not 20.",
                "Dithered with a speaker-seeded RandomState.",
                "Own numpy STFT: reflect n_fft/2, floor((L+n_fft-(n_fft-hop))/hop) frames = 1+floor(L/hop).",
            ),
            sources=(Source(repo="auspicious3000/autovc", commit="c1827a60e8", path="make_spect.py"),),
        ),
    ),
)
