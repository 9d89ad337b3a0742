"""AudioLDM2: 16000 Hz, 64 bands, 1024/160/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=1024,
        win_length=1024,
        hop_length=160,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=64,
        f_max=8000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="audioldm2_16k",
            reference_id="audioldm2-16k-64",
            system="AudioLDM2",
            variant="16 kHz (audioldm / audioldm2)",
            role="VAE input / vocoder input",
            waveform="first channel; minus mean; / (max|x|+1e-8); *0.5; zero-pad/cut to target_length*hop; then again /max*0.5; clip [-1,1]",
            axes="(T, n_mels)",
            stored="none (on the fly); (T, n_mels) padded/cut to target_length (1024 for 10.24 s)",
            quirks=(
                "Frames beyond the audio would be padded with 0.0 in log space (ZeroPad2d), but the waveform is already padded so T = target_length+1 and one frame is cut.",
                "The 48 kHz variant has 256 bands and fmin 20.",
                "read_wav_file in tools.py hard-codes 16 kHz and hop 160.",
            ),
            compatibility=(
                "diffusers converts the vocoder to SpeechT5HifiGan with model_in_dim 64, normalize_before=False, mean 0 / scale 1: it eats ln-mel of this dialect, NOT SpeechT5's log10 mel.",
            ),
            sources=(
                Source(
                    repo="haoheliu/AudioLDM2", commit="b5786c5dc0", path="audioldm2/utilities/audio/stft.py"
                ),
                Source(
                    repo="haoheliu/AudioLDM2", commit="b5786c5dc0", path="audioldm2/utilities/audio/tools.py"
                ),
                Source(
                    repo="haoheliu/AudioLDM2",
                    commit="b5786c5dc0",
                    path="audioldm2/utilities/audio/audio_processing.py",
                ),
                Source(repo="haoheliu/AudioLDM2", commit="b5786c5dc0", path="audioldm2/utils.py"),
                Source(repo="haoheliu/AudioLDM2", commit="b5786c5dc0", path="audioldm2/utilities/model.py"),
                Source(repo="haoheliu/AudioLDM2", commit="b5786c5dc0", path="audioldm2/pipeline.py"),
                Source(
                    repo="haoheliu/AudioLDM2", commit="b5786c5dc0", path="audioldm2/utilities/data/dataset.py"
                ),
                Source(
                    repo="huggingface/diffusers",
                    commit="0603675289",
                    path="scripts/convert_original_audioldm2_to_diffusers.py",
                ),
            ),
        ),
    ),
)
