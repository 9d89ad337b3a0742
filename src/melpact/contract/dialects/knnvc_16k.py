"""kNN-VC HiFi-GAN: 16000 Hz, 80 bands, 1024/320/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=1024,
        win_length=1024,
        hop_length=320,
        padding="same",
        pad_mode="reflect",
        power=1,
        n_mels=80,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="knnvc_16k",
            reference_id="knnvc-hifigan-16k-80",
            system="kNN-VC HiFi-GAN",
            variant="config_v1_wavlm; the ACTIVE loss mel (train.py USE_ALT_MELCALC = True -> class LogMelSpectrogram)",
            role="vocoder training loss",
            waveform="float (librosa.load sr=None); training normalize()*0.95 unless fine-tuning",
            axes="(n_mels, T)",
            quirks=(
                "Two mels in one file. Active: torchaudio, power 1, no magnitude epsilon, clamp 1e-5 (this row), padding (n_fft-hop)//2.",
                "Inactive mel_spectrogram(): right-pads first by hop - (L mod hop) in reflect mode (a whole extra hop when L is already a multiple), clamps the MAGNITUDE at 3e-5 instead of sqrt(x+eps), librosa filterbank; and its non-alt dataset branch is broken (assigns mel1, uses mel).",
                "fmax_for_loss: null is ignored on the active path (loss mel is 0-8000 = Nyquist anyway).",
                "The generator itself eats 1024-d WavLM features: the mel is only a loss/metric.",
            ),
            sources=(
                Source(repo="bshall/knn-vc", commit="848302a262", path="hifigan/meldataset.py"),
                Source(repo="bshall/knn-vc", commit="848302a262", path="hifigan/train.py"),
                Source(repo="bshall/knn-vc", commit="848302a262", path="hifigan/config_v1_wavlm.json"),
            ),
        ),
    ),
)
