"""StyleTTS2, StarGANv2-VC: 24000 Hz, 80 bands, 2048/300/1200."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Affine
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=2048,
        win_length=1200,
        hop_length=300,
        padding="centre",
        pad_mode="reflect",
        power=2,
        n_mels=80,
        f_max=8000.0,
        mel_scale="htk",
        mel_norm="none",
        bank_sample_rate=16000,
        log="ln",
        floor=1e-05,
        floor_kind="add",
    ),
    members=(
        Member(
            name="styletts2_24k",
            reference_id="styletts2-24k-80",
            system="StyleTTS2",
            variant="all configs",
            role="acoustic target / style encoder input",
            scaling=Affine.standardise(mean=-4.0, std=4.0),
            waveform="float; first channel of stereo; training: 5000 zeros prepended and appended",
            axes="(n_mels, T)",
            quirks=(
                "MelSpectrogram(n_mels=80, n_fft=2048, win_length=1200, hop_length=300) is built WITHOUT sample_rate: torchaudio defaults to 16000, so the HTK filterbank for 16 kHz (0-8 kHz) is laid over the 1025 bins of 24 kHz audio. In 24 kHz terms it is an HTK-shaped bank over 0-12 kHz with corner 1050 Hz instead of 700 Hz (to 5e-6).",
                "POWER spectrum (power=2) with additive ln(1e-5 + mel).",
                "torchaudio HTK, no area norm.",
                "An odd last frame is dropped (T made even) in training.",
                "Inference notebooks: librosa.load(24000) + librosa.effects.trim(top_db=30), no 5000-sample padding.",
                "Multi-resolution STFT loss uses sample_rate=24000 and the default 128 mels: not the same mel.",
                "fmax None -> 8000 in the (wrong) 16 kHz frame = 12 kHz physical.",
            ),
            compatibility=(
                "Same feature as StarGANv2-VC, and its text aligner / JDC pitch extractor weights depend on it.",
                "FACodec (Amphion) copied it with sample_rate=24000: numerically different filterbank (mean |dlog| 0.45 on noise).",
            ),
            sources=(
                Source(repo="yl4579/StyleTTS2", commit="5cedc71c33", path="meldataset.py"),
                Source(repo="yl4579/StyleTTS2", commit="5cedc71c33", path="losses.py"),
                Source(repo="yl4579/StyleTTS2", commit="5cedc71c33", path="Configs/config.yml"),
                Source(repo="yl4579/StyleTTS2", commit="5cedc71c33", path="utils.py"),
                Source(repo="yl4579/StyleTTS2", commit="5cedc71c33", path="Demo/Inference_LJSpeech.ipynb"),
            ),
        ),
        Member(
            name="starganv2vc_24k",
            reference_id="starganv2vc-24k-80",
            system="StarGANv2-VC",
            variant="default",
            role="VC feature + ParallelWaveGAN vocoder input",
            scaling=Affine.standardise(mean=-4.0, std=4.0),
            waveform="soundfile float; training *U(0.5,1.0); notebook: peak-normalise source",
            axes="(n_mels, T)",
            quirks=(
                "MelSpectrogram(n_mels=80, n_fft=2048, win_length=1200, hop_length=300) is built WITHOUT sample_rate: torchaudio defaults to 16000, so the HTK filterbank for 16 kHz (0-8 kHz) is laid over the 1025 bins of 24 kHz audio. In 24 kHz terms it is an HTK-shaped bank over 0-12 kHz with corner 1050 Hz instead of 700 Hz (to 5e-6).",
                "POWER spectrum (power=2) with additive ln(1e-5 + mel).",
                "torchaudio HTK, no area norm.",
                "The bundled ParallelWaveGAN was trained on this mel (fed as (T,80)), not on PWG's log10 mel.",
            ),
            sources=(
                Source(repo="yl4579/StarGANv2-VC", commit="985df557ac", path="meldataset.py"),
                Source(repo="yl4579/StarGANv2-VC", commit="985df557ac", path="Demo/inference.ipynb"),
                Source(repo="yl4579/StarGANv2-VC", commit="985df557ac", path="Configs/config.yml"),
            ),
        ),
    ),
)
