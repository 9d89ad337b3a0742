"""Tacotron (keithito): 20000 Hz, 80 bands, 2048/250/1000."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=20000,
        preemphasis=0.97,
        preemphasis_kind="filter",
        n_fft=2048,
        win_length=1000,
        hop_length=250,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=80,
        f_max=10000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="db_amplitude",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="tacotron_20k",
            reference_id="keithito-tacotron-20k-80",
            system="Tacotron (keithito)",
            variant="HEAD (after commit 37f04cb, 2018-01-16)",
            role="acoustic target",
            reference=20.0,
            scaling=Window(low=-100.0, high=0.0, out_low=0.0, out_high=1.0, clip_low=0, clip_high=1),
            waveform="librosa.load float, no peak normalisation",
            axes="(n_mels, T)",
            stored="(T, 80)",
            file_format=".npy (ljspeech-mel-%05d.npy, float32)",
            batch_pad="0 (= silence)",
            quirks=(
                "Before clipping the values run from -0.2 (floor 1e-5 = -100 dB, minus 20) to about 0.97 for full-scale tones; the clip hides both ends, so amplitudes below 1e-4 are all 0 and the 1e-5 floor is invisible.",
                "Network outputs are not bounded; _denormalize clips to [0,1] again.",
                "Hop/window come from ms: int(12.5/1000*20000)=250, int(50/1000*20000)=1000, centred in 2048.",
                "Default-pad librosa.stft: reflect with the pinned librosa 0.5.1, ZERO padding with librosa >= 0.9.",
                "lfilter makes the signal float64; filterbank float64 in librosa 0.5.1.",
                "TensorFlow Griffin-Lim (tf.contrib.signal.stft, no centring) differs from the librosa analysis framing; de-emphasis must be applied by the caller; wav is divided by its peak on save.",
            ),
            sources=(
                Source(repo="keithito/tacotron", commit="d26c763342", path="util/audio.py"),
                Source(repo="keithito/tacotron", commit="d26c763342", path="hparams.py"),
                Source(repo="keithito/tacotron", commit="d26c763342", path="datasets/ljspeech.py"),
                Source(repo="keithito/tacotron", commit="d26c763342", path="datasets/datafeeder.py"),
                Source(
                    repo="keithito/tacotron", commit="d26c763342", path="requirements.txt (librosa 0.5.1)"
                ),
            ),
        ),
        Member(
            name="tacotron_20k_pre2018",
            reference_id="keithito-tacotron-20k-80-pre2018",
            system="Tacotron (keithito)",
            variant="before commit 37f04cb",
            role="acoustic target",
            scaling=Window(low=-100.0, high=0.0, out_low=0.0, out_high=1.0, clip_low=0, clip_high=1),
            waveform="librosa.load float",
            axes="(n_mels, T)",
            stored="(T, 80)",
            file_format=".npy",
            quirks=(
                "Loud frames exceed 1 before the clip (up to 1.17 measured for full-scale tones) and saturate.",
                "This version lives on in fatchord/WaveRNN and RTVC's vocoder/audio.py.",
            ),
            sources=(
                Source(
                    repo="keithito/tacotron",
                    commit="d26c763342",
                    path="util/audio.py (git history: 37f04cb^)",
                ),
            ),
        ),
    ),
)
