"""Real-Time-Voice-Cloning: 16000 Hz, 80 bands, 800/200/800."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        preemphasis=0.97,
        preemphasis_kind="filter",
        n_fft=800,
        win_length=800,
        hop_length=200,
        padding="centre",
        pad_mode="zero",
        power=1,
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
            name="rtvc_synth_16k",
            reference_id="rtvc-synth-16k-80",
            system="Real-Time-Voice-Cloning",
            variant="synthesizer",
            role="acoustic target",
            reference=20.0,
            scaling=Window(low=-100.0, high=0.0, out_low=-4.0, out_high=4.0, clip_low=-4, clip_high=4),
            forms={
                "vocoder": Form(
                    note="what its WaveRNN vocoder gets: mel / 4",
                    scaling=Window.clipping(low=-100.0, high=0.0, out_low=-1.0, out_high=1.0),
                )
            },
            waveform="peak-normalise to 0.9; logmmse denoise + VAD trim at preprocessing",
            axes="(n_mels, T)",
            stored="(T, 80)",
            file_format=".npy (mels/mel-*.npy)",
            batch_pad="-4 (silence)",
            quirks=(
                "librosa.stft called without pad_mode: zero padding with the pinned librosa 0.9.2 (shown here), reflect with librosa <= 0.8 (the pretrained models predate 0.9).",
                "Magnitude (power 1) unlike its parent Rayhane (power 2).",
                "T = 1 + floor(L/200).",
            ),
            compatibility=(
                "The WaveRNN vocoder takes mel / 4 ([-1,1]) and produces pre-emphasised audio that is de-emphasised afterwards.",
            ),
            sources=(
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="synthesizer/hparams.py",
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning", commit="865eba8826", path="synthesizer/audio.py"
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="synthesizer/preprocess.py",
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="synthesizer/synthesizer_dataset.py",
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="vocoder/vocoder_dataset.py",
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning", commit="865eba8826", path="vocoder/inference.py"
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="vocoder/models/fatchord_version.py",
                ),
                Source(
                    repo="CorentinJ/Real-Time-Voice-Cloning",
                    commit="865eba8826",
                    path="pyproject.toml (librosa 0.9.2)",
                ),
            ),
        ),
    ),
)
