"""BigVGAN (NVIDIA), F5-TTS, UnivNet (maum-ai); HF UnivNetFeatureExtractor defaults, Amphion: 24000 Hz, 100 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import Window
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
        n_mels=100,
        f_max=12000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="bigvgan_24k",
            reference_id="bigvgan-24k-100",
            system="BigVGAN (NVIDIA)",
            variant="v1 24khz_100band & base (fmax 12000); v2_24khz_100band_256x (fmax null = 12000)",
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
            name="f5tts_24k_bigvgan",
            reference_id="f5tts-bigvgan-24k-100",
            system="F5-TTS",
            variant="mel_spec_type=bigvgan",
            role="acoustic target",
            waveform="float; inference: if RMS < 0.1 scale up to RMS 0.1 before the mel, and undo on the output",
            axes="(T, 100) inside the model",
            stored='(n_mels, T) if a preprocessed "mel_spec" column is used',
            file_format="Arrow/HF dataset column (optional)",
            quirks=("Copy of BigVGAN mel; floor clamp 1e-5.",),
            sources=(
                Source(repo="SWivid/F5-TTS", commit="2ae2c9bd9b", path="src/f5_tts/model/modules.py"),
                Source(repo="SWivid/F5-TTS", commit="2ae2c9bd9b", path="src/f5_tts/infer/utils_infer.py"),
            ),
        ),
        Member(
            name="univnet_24k",
            reference_id="univnet-24k-100",
            system="UnivNet (maum-ai); HF UnivNetFeatureExtractor defaults",
            variant="c16/c32",
            role="vocoder input",
            forms={
                "normalised": Form(
                    note="do_normalize of the transformers extractor (off by default)",
                    scaling=Window(
                        low=-11.512925148010254, high=2.3143386840820312, out_low=-1.0, out_high=1.0
                    ),
                )
            },
            waveform="float [-1,1]",
            axes="(n_mels, T)",
            stored="(100, T) repo; (T, 100) from the HF extractor",
            quirks=(
                "HF version: do_normalize uses min -11.512925148010254 / max 2.3143386840820312 -> [-1,1] (off by default) and uses numpy float64 FFT.",
                "HF: 'mel_floor'=1e-9 is the sqrt epsilon, 'compression_clip_val'=1e-5 is the clamp.",
            ),
            sources=(
                Source(repo="maum-ai/univnet", commit="9bb2b54838", path="utils/stft.py"),
                Source(repo="maum-ai/univnet", commit="9bb2b54838", path="config/default_c32.yaml"),
                Source(repo="PyPI transformers==4.46.3", path="models/univnet/feature_extraction_univnet.py"),
            ),
        ),
        Member(
            name="amphion_24k",
            reference_id="amphion-vocoder-24k-100",
            system="Amphion",
            variant="vocoder.json / svc/base.json / transformer.json defaults (extract_mel_features)",
            role="vocoder input / SVC target",
            forms={
                "svc": Form(
                    note="SVC and transformer configs: per-band min-max to [-1, 1] with the data set's extrema",
                    statistics="extrema",
                    where="mel_min.npy and mel_max.npy of the data set",
                )
            },
            waveform="float (load_audio_torch)",
            axes="(n_mels, T)",
            stored="(n_mels, T)",
            file_format=".npy (mels/<uid>.npy)",
            quirks=(
                "mel_basis cache test never hits (as HiFi-GAN); window cache keyed by device only.",
                "SVC stats files mel_min.npy/mel_max.npy (mel_min_max_stats dir) are required to invert.",
            ),
            sources=(
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="utils/mel.py"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/vocoder.json"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/svc/base.json"),
                Source(
                    repo="open-mmlab/Amphion", commit="d3de90f02e", path="processors/acoustic_extractor.py"
                ),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="utils/io.py"),
            ),
        ),
    ),
)
