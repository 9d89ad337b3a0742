"""Tacotron-2 (Rayhane-mamah): 22050 Hz, 80 bands, 2048/275/1100."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        preemphasis=0.97,
        preemphasis_kind="filter",
        n_fft=2048,
        win_length=1100,
        hop_length=275,
        padding="centre",
        pad_mode="zero",
        power=2,
        n_mels=80,
        f_min=55.0,
        f_max=7600.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="tacotron2_rayhane_22k",
            reference_id="rayhane-tacotron2-22k-80",
            system="Tacotron-2 (Rayhane-mamah)",
            variant="HEAD hparams",
            role="acoustic target",
            reference=20.0,
            scaling=Window(low=-100.0, high=0.0, out_low=-4.0, out_high=4.0, clip_low=-4, clip_high=4),
            waveform="trim 40 dB (2048/512); pre-emphasised wav peak-normalised to 0.999",
            axes="(n_mels, T)",
            stored="(T, 80)",
            file_format=".npy (mel-<i>.npy)",
            quirks=(
                "magnitude_power=2 but still 20*log10: dB values are doubled w.r.t. amplitude dB.",
                "pad_mode='constant' explicit (zero padding).",
                "Pre-emphasis happens in the preprocessor, not in melspectrogram(); the pre-emphasised signal is rescaled separately from the waveform.",
                "use_lws=True changes the framing completely.",
            ),
            sources=(
                Source(repo="Rayhane-mamah/Tacotron-2", commit="ab5cb08a93", path="hparams.py"),
                Source(repo="Rayhane-mamah/Tacotron-2", commit="ab5cb08a93", path="datasets/audio.py"),
                Source(repo="Rayhane-mamah/Tacotron-2", commit="ab5cb08a93", path="datasets/preprocessor.py"),
            ),
        ),
    ),
)
