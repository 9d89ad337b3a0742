"""HiFi-GAN (jik876), BigVGAN (NVIDIA), Matcha-TTS, CosyVoice (FunAudioLLM), Seed-VC: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Affine
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
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
            name="hifigan_22k",
            reference_id="hifigan-22k-80",
            system="HiFi-GAN (jik876)",
            variant="v1/v2/v3 (identical mel settings in all three configs)",
            role="vocoder input",
            waveform="int16/32768; training adds peak-normalise*0.95",
            axes="(n_mels, T)",
            stored="(80, T) or (1, 80, T)",
            file_format=".npy (fine-tuning / inference_e2e)",
            quirks=(
                "Training waveform: int16/32768 then librosa.util.normalize (whole-file peak) * 0.95; inference.py: int16/32768 only, no peak normalisation; fine-tuning: /32768 only.",
                "Mel/hann cache test ('fmax not in mel_basis') can never hit because keys are '<fmax>_<device>' strings, so the basis is rebuilt every call (slow but never stale).",
                "librosa.filters.mel is called with positional args (breaks on librosa >= 0.10).",
                "Values outside [-1,1] only print a warning.",
                "Reflect pad needs L > (n_fft-hop)/2.",
                "Silence = ln(1e-5) exactly: sqrt(1e-9)*sum(filter) ~ 1.5e-6 < 1e-5, so eps never shows.",
            ),
            compatibility=(
                "Fine-tuning loads Tacotron2 mels (center=True framing) although the vocoder's own mel is half a hop later: frame centres t*hop vs t*hop+hop/2, and Tacotron2 has one more frame.",
                "README sends users to NVIDIA Tacotron2 / Glow-TTS mels for inference_e2e: same log, floor, filterbank; only framing differs.",
            ),
            sources=(
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="meldataset.py"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="config_v1.json"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="config_v2.json"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="config_v3.json"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="inference.py"),
                Source(repo="jik876/hifi-gan", commit="4769534d45", path="inference_e2e.py"),
                Source(
                    repo="jik876/hifi-gan",
                    commit="4769534d45",
                    path="requirements.txt (librosa 0.7.2, torch 1.4.0)",
                ),
            ),
        ),
        Member(
            name="bigvgan_22k_fmax8k",
            reference_id="bigvgan-22k-80-fmax8k",
            system="BigVGAN (NVIDIA)",
            variant="v1 22khz_80band, base_22khz_80band, v2_22khz_80band_fmax8k_256x",
            role="vocoder input",
            waveform="float [-1,1]; training adds peak-normalise*0.95",
            axes="(n_mels, T)",
            stored="(n_mels, T) or (1, n_mels, T)",
            file_format=".npy (fine-tuning / inference_e2e)",
            quirks=(
                "MAX_WAV_VALUE is 32767 (output scaling) - not 32768 as in HiFi-GAN.",
                "librosa.load float input (no int division); training: librosa.util.normalize*0.95 on the random chunk (after resampling), inference: none.",
                "Cache key covers all parameters (no stale-basis problem).",
                "requirements: librosa>=0.8.1.",
            ),
            compatibility=(
                "v2 was trained with a multi-scale mel loss (dac-style, log10, center=True) - a different mel from the input mel (loss.py).",
            ),
            sources=(
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="meldataset.py"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="configs/*.json"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="inference.py"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="README.md"),
            ),
        ),
        Member(
            name="matcha_22k_ljspeech",
            reference_id="matcha-ljspeech",
            system="Matcha-TTS",
            variant="LJSpeech",
            role="acoustic target",
            scaling=Affine.standardise(mean=-5.536622, std=2.116101),
            waveform="torchaudio.load float (int16/32768); no peak normalisation; sample rate asserted",
            axes="(n_mels, T)",
            stored="(1, 80, T) de-normalised",
            file_format=".npy written by cli.py / onnx infer (targets are computed on the fly)",
            batch_pad="0.0 AFTER normalisation (i.e. the mean mel -5.536622, not silence)",
            quirks=(
                "Statistics are computed over zero-padded batches but divided by true lengths, so they are the true-frame mean/std (zeros add nothing to either sum).",
                "Lengths are rounded up to a multiple of 4 frames for the U-Net.",
                "Mel cache is keyed by (fmax, device) and the window by device only: a second mel config in the same process with the same fmax silently reuses the first basis/window.",
                "Default when no statistics are given: mean 0, std 1.",
            ),
            compatibility=(
                "Model output is de-normalised with the checkpoint's mel_mean/mel_std buffers before the HiFi-GAN vocoder; the stored mel is then exactly hifigan-22k-80.",
                "CosyVoice reuses this mel function with other parameters and no normalisation.",
            ),
            sources=(
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/audio.py"),
                Source(
                    repo="shivammehta25/Matcha-TTS",
                    commit="108906c603",
                    path="matcha/data/text_mel_datamodule.py",
                ),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="configs/data/*.yaml"),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/model.py"),
                Source(
                    repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/models/matcha_tts.py"
                ),
            ),
        ),
        Member(
            name="matcha_22k_vctk",
            reference_id="matcha-vctk",
            system="Matcha-TTS",
            variant="VCTK",
            role="acoustic target",
            scaling=Affine.standardise(mean=-6.630575, std=2.482914),
            waveform="torchaudio.load float (int16/32768); no peak normalisation; sample rate asserted",
            axes="(n_mels, T)",
            stored="(1, 80, T) de-normalised",
            file_format=".npy written by cli.py / onnx infer (targets are computed on the fly)",
            batch_pad="0.0 AFTER normalisation (i.e. the mean mel -6.630575, not silence)",
            quirks=(
                "Statistics are computed over zero-padded batches but divided by true lengths, so they are the true-frame mean/std (zeros add nothing to either sum).",
                "Lengths are rounded up to a multiple of 4 frames for the U-Net.",
                "Mel cache is keyed by (fmax, device) and the window by device only: a second mel config in the same process with the same fmax silently reuses the first basis/window.",
                "Default when no statistics are given: mean 0, std 1.",
            ),
            compatibility=(
                "Model output is de-normalised with the checkpoint's mel_mean/mel_std buffers before the HiFi-GAN vocoder; the stored mel is then exactly hifigan-22k-80.",
                "CosyVoice reuses this mel function with other parameters and no normalisation.",
            ),
            sources=(
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/audio.py"),
                Source(
                    repo="shivammehta25/Matcha-TTS",
                    commit="108906c603",
                    path="matcha/data/text_mel_datamodule.py",
                ),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="configs/data/*.yaml"),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/model.py"),
                Source(
                    repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/models/matcha_tts.py"
                ),
            ),
        ),
        Member(
            name="matcha_22k_hificaptain",
            reference_id="matcha-hificaptain-en-f",
            system="Matcha-TTS",
            variant="Hi-Fi-Captain en-US female",
            role="acoustic target",
            scaling=Affine.standardise(mean=-6.38385, std=2.541796),
            waveform="torchaudio.load float (int16/32768); no peak normalisation; sample rate asserted",
            axes="(n_mels, T)",
            stored="(1, 80, T) de-normalised",
            file_format=".npy written by cli.py / onnx infer (targets are computed on the fly)",
            batch_pad="0.0 AFTER normalisation (i.e. the mean mel -6.38385, not silence)",
            quirks=(
                "Statistics are computed over zero-padded batches but divided by true lengths, so they are the true-frame mean/std (zeros add nothing to either sum).",
                "Lengths are rounded up to a multiple of 4 frames for the U-Net.",
                "Mel cache is keyed by (fmax, device) and the window by device only: a second mel config in the same process with the same fmax silently reuses the first basis/window.",
                "Default when no statistics are given: mean 0, std 1.",
            ),
            compatibility=(
                "Model output is de-normalised with the checkpoint's mel_mean/mel_std buffers before the HiFi-GAN vocoder; the stored mel is then exactly hifigan-22k-80.",
                "CosyVoice reuses this mel function with other parameters and no normalisation.",
            ),
            sources=(
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/audio.py"),
                Source(
                    repo="shivammehta25/Matcha-TTS",
                    commit="108906c603",
                    path="matcha/data/text_mel_datamodule.py",
                ),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="configs/data/*.yaml"),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/model.py"),
                Source(
                    repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/models/matcha_tts.py"
                ),
            ),
        ),
        Member(
            name="cosyvoice1_22k",
            reference_id="cosyvoice1-22k-80",
            system="CosyVoice (FunAudioLLM)",
            variant="CosyVoice 1 flow/vocoder mel",
            role="acoustic target + vocoder input",
            waveform="torchaudio float, channel-mean; training divides by max only if |x|>1",
            axes="(T, 80) after transpose",
            stored="none (computed on the fly)",
            quirks=(
                "HEAD frontend (since 2025-12-08) loads every prompt at 24 kHz, also for the 22.05 kHz v1 config whose feat_extractor still assumes 22050.",
                "HiFT loss mel uses fmax null regardless; the input mel uses the fmax listed here.",
                "fmax changed 8000 (v1, v2) -> null (v3).",
            ),
            sources=(
                Source(
                    repo="FunAudioLLM/CosyVoice",
                    commit="ace7c47f41",
                    path="examples/libritts/cosyvoice/conf/cosyvoice.yaml",
                ),
                Source(
                    repo="FunAudioLLM/CosyVoice",
                    commit="ace7c47f41",
                    path="examples/libritts/cosyvoice2/conf/cosyvoice2.yaml",
                ),
                Source(
                    repo="FunAudioLLM/CosyVoice",
                    commit="ace7c47f41",
                    path="examples/libritts/cosyvoice3/conf/cosyvoice3.yaml",
                ),
                Source(repo="FunAudioLLM/CosyVoice", commit="ace7c47f41", path="cosyvoice/cli/frontend.py"),
                Source(
                    repo="FunAudioLLM/CosyVoice", commit="ace7c47f41", path="cosyvoice/dataset/processor.py"
                ),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/audio.py"),
            ),
        ),
        Member(
            name="seedvc_22k_fmax8k",
            reference_id="seedvc-22k-80-fmax8k",
            system="Seed-VC",
            variant="xlsr_tiny preset (HiFT vocoder)",
            role="acoustic target + vocoder input",
            waveform="float [-1,1]",
            axes="(n_mels, T)",
            stored="none (computed on the fly)",
            quirks=(
                'Config value fmax is only compared with the string "None": any other value becomes 8000 (inference.py).',
                "Copy of the Matcha mel with the sampling rate added to the cache keys.",
                "Speaker style: torchaudio kaldi.fbank, 80 bins, dither 0, 16 kHz, un-scaled float waveform, mean-subtracted per utterance.",
            ),
            sources=(
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="modules/audio.py"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="configs/presets/*.yml"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="configs/v2/vc_wrapper.yaml"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="inference.py"),
            ),
        ),
    ),
)
