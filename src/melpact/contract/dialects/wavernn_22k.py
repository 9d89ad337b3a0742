"""WaveRNN (fatchord): 22050 Hz, 80 bands, 2048/275/1100."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=2048,
        win_length=1100,
        hop_length=275,
        padding="centre",
        pad_mode="zero",
        power=1,
        n_mels=80,
        f_min=40.0,
        f_max=11025.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="wavernn_22k",
            reference_id="fatchord-wavernn-22k-80",
            system="WaveRNN (fatchord)",
            variant="default hparams",
            role="acoustic target + vocoder input",
            scaling=Window(low=-100.0, high=0.0, out_low=0.0, out_high=1.0, clip_low=0, clip_high=1),
            waveform="librosa.load; divided by peak only if peak > 1 (or peak_norm)",
            axes="(n_mels, T)",
            stored="(80, T)",
            file_format=".npy",
            quirks=(
                "ref_level_db=20 is subtracted for the linear spectrogram only, not for the mel (as in pre-2018 keithito).",
                "Not transposed on disk (keithito/Rayhane/RTVC are).",
                "librosa default padding: reflect <= 0.8, zero >= 0.9 (zero shown).",
                "No pre-emphasis in the mel.",
            ),
            sources=(
                Source(repo="fatchord/WaveRNN", commit="83c08fdcd6", path="utils/dsp.py"),
                Source(repo="fatchord/WaveRNN", commit="83c08fdcd6", path="hparams.py"),
                Source(repo="fatchord/WaveRNN", commit="83c08fdcd6", path="preprocess.py"),
            ),
        ),
    ),
)
