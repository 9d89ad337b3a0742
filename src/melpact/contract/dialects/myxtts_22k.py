"""MyXTTS (masoodafar-web): 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import UtteranceMinMax
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="end",
        pad_mode="zero",
        power=1,
        n_mels=80,
        f_max=11025.0,
        mel_scale="htk",
        mel_norm="none",
        mel_triangles="mel",
        bank_drops="dc",
        log="ln",
        floor=1e-06,
        floor_kind="add",
    ),
    members=(
        Member(
            name="myxtts_22k",
            reference_id="myxtts-tf-native-22k-80",
            system="MyXTTS (masoodafar-web)",
            variant="TFNativeDataLoader (default: use_tf_native_loading true)",
            role="acoustic target (training)",
            scaling=UtteranceMinMax(epsilon=1e-6),
            waveform="tf.audio.decode_wav float; scaled to RMS 0.1; clipped to [-1,1]",
            axes="(T, 80)",
            stored="none",
            quirks=(
                "Not invertible: per-file min/max are discarded; synthesis then feeds the [0,1] output to mel_to_wav which takes exp() of it.",
                "mel_scale='slaney' argument is accepted but ignored: TF uses HTK (1127 ln(1+f/700)), triangles in mel, DC bin zeroed, no area norm.",
                "Uncentred frames (t*256 .. t*256+1023), zero-padded at the end: frame centre t*hop+512.",
                "File sample rate is not checked: with the config at 22050 nothing is ever resampled, whatever the wav header says; with any other config rate _resample_audio runs tf.image.resize on a [1,L,1,1] tensor to [1,new_L], i.e. it collapses the time axis and returns a CONSTANT signal (one unique value in the output).",
                "inference_main imports mel_normalization_fix.MelNormalizer, a file that is not in the repository, plus a fixed scale 0.449.",
            ),
            sources=(
                Source(
                    repo="masoodafar-web/MyXTTSModel",
                    commit="7e78353c17",
                    path="myxtts/data/tf_native_loader.py",
                ),
                Source(
                    repo="masoodafar-web/MyXTTSModel", commit="7e78353c17", path="myxtts/data/ljspeech.py"
                ),
                Source(repo="masoodafar-web/MyXTTSModel", commit="7e78353c17", path="configs/config.yaml"),
                Source(repo="masoodafar-web/MyXTTSModel", commit="7e78353c17", path="inference_main.py"),
                Source(
                    repo="tensorflow/tensorflow",
                    commit="150c6ed705",
                    path="tensorflow/python/ops/signal/mel_ops.py",
                ),
                Source(
                    repo="tensorflow/tensorflow",
                    commit="0304934138",
                    path="tensorflow/python/ops/signal/window_ops.py",
                ),
            ),
        ),
    ),
)
