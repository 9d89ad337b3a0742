"""NVIDIA Tacotron 2, Amphion, WaveGlow, FastSpeech2 (ming024), SpeechBrain: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
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
            name="tacotron2_22k",
            reference_id="tacotron2-nvidia-22k-80",
            system="NVIDIA Tacotron 2",
            variant="default hparams",
            role="acoustic target",
            waveform="int16/32768",
            axes="(n_mels, T)",
            stored="(80, T)",
            file_format=".npy (load_mel_from_disk)",
            batch_pad="0.0 in log-mel space (= magnitude 1, not silence)",
            quirks=(
                "STFT is a conv1d with a float32 Fourier basis: up to ~4e-4 in log-mel away from an FFT on speech-like input.",
                "Magnitude has no epsilon; reflect padding n_fft/2 on both sides.",
                "Asserts audio within [-1,1].",
                "T = 1 + floor(L/hop): one frame more than HiFi-GAN's mel of the same file.",
                "Collate pads mel targets with 0.0, i.e. loud, not with the -11.51 floor.",
            ),
            compatibility=(
                "hifigan-22k-80 equals this mel of the waveform advanced by hop/2=128 samples (interior frames agree to 1.4e-3, i.e. float error).",
            ),
            sources=(
                Source(repo="NVIDIA/tacotron2", commit="185cd24e04", path="layers.py"),
                Source(repo="NVIDIA/tacotron2", commit="185cd24e04", path="stft.py"),
                Source(repo="NVIDIA/tacotron2", commit="185cd24e04", path="audio_processing.py"),
                Source(repo="NVIDIA/tacotron2", commit="185cd24e04", path="data_utils.py"),
                Source(repo="NVIDIA/tacotron2", commit="185cd24e04", path="hparams.py"),
                Source(
                    repo="NVIDIA/tacotron2",
                    commit="185cd24e04",
                    path="requirements.txt (librosa 0.6.0: float64 filterbank cast to float32)",
                ),
            ),
        ),
        Member(
            name="amphion_22k_fastspeech2",
            reference_id="amphion-fs2-22k-80",
            system="Amphion",
            variant='fs2.json / jets.json (mel_extract_mode "taco")',
            role="acoustic target",
            waveform="float clipped to [-1,1]",
            axes="(n_mels, T)",
            stored="(80, T) cut to sum(durations)",
            file_format=".npy",
            quirks=(
                "Conv1d STFT of the Tacotron2 type (CUDA), reflect n_fft/2.",
                "Only the task_type 'tts' path (extract_mel_features_tts) accepts taco=True; the older __extract_utt_acoustic_features function passes taco= to a function that does not take it.",
            ),
            sources=(
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="utils/stft.py"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="utils/mel.py"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/fs2.json"),
                Source(repo="open-mmlab/Amphion", commit="d3de90f02e", path="config/jets.json"),
                Source(
                    repo="open-mmlab/Amphion", commit="d3de90f02e", path="processors/acoustic_extractor.py"
                ),
            ),
        ),
        Member(
            name="waveglow_22k",
            reference_id="waveglow-22k-80",
            system="WaveGlow",
            variant="config.json",
            role="vocoder input",
            waveform="int16/32768",
            axes="(n_mels, T)",
            stored="(80, T)",
            file_format=".pt (torch.save; <wav name>.wav.pt)",
            quirks=(
                "STFT is a conv1d with a float32 Fourier basis: up to ~4e-4 in log-mel away from an FFT on speech-like input.",
                "Magnitude has no epsilon; reflect padding n_fft/2 on both sides.",
                "Imports NVIDIA/tacotron2 at the pinned submodule commit 185cd24: identical mel. Training mels are computed on the 16000-sample crop, so crop edges are reflect-padded.",
            ),
            sources=(
                Source(repo="NVIDIA/waveglow", commit="8afb643df5", path="mel2samp.py"),
                Source(repo="NVIDIA/waveglow", commit="8afb643df5", path="config.json"),
                Source(repo="NVIDIA/tacotron2", commit="185cd24e04", path="layers.py"),
            ),
        ),
        Member(
            name="fastspeech2_22k",
            reference_id="fastspeech2-ming024-22k-80",
            system="FastSpeech2 (ming024)",
            variant="LJSpeech / LibriTTS / AISHELL3 (mel_fmax 8000 for HiFi-GAN)",
            role="acoustic target",
            waveform="float clipped to [-1,1]; raw wavs were peak-normalised to *32768 int16 by prepare_align",
            axes="(n_mels, T)",
            stored="(T, 80) cut to sum(durations)",
            file_format=".npy mel/<speaker>-mel-<basename>.npy",
            quirks=(
                "prepare_align multiplies the peak-normalised wav by 32768 and casts to int16: a positive peak of exactly +1.0 wraps to -32768.",
                "librosa.load(wav_path) is called without sr: always 22050 whatever the config says.",
                "Audio is cut to the TextGrid start/end before the STFT, so edges are reflect-padded speech.",
                "Energy = L2 norm over frequency of the linear magnitude; pitch/energy are mean/std normalised, mel is not.",
                "Stored transposed compared with NVIDIA Tacotron2.",
            ),
            compatibility=(
                "Vocoder choice: HiFi-GAN gets the mel unchanged; MelGAN gets mel / ln(10) (utils/model.py) and needs mel_fmax: null.",
                "Frames are centred (t*hop) while the HiFi-GAN vocoder was trained with t*hop+hop/2.",
            ),
            sources=(
                Source(repo="ming024/FastSpeech2", commit="d4e79eb52e", path="audio/tools.py"),
                Source(repo="ming024/FastSpeech2", commit="d4e79eb52e", path="audio/stft.py"),
                Source(repo="ming024/FastSpeech2", commit="d4e79eb52e", path="preprocessor/preprocessor.py"),
                Source(repo="ming024/FastSpeech2", commit="d4e79eb52e", path="preprocessor/ljspeech.py"),
                Source(
                    repo="ming024/FastSpeech2", commit="d4e79eb52e", path="config/LJSpeech/preprocess.yaml"
                ),
                Source(repo="ming024/FastSpeech2", commit="d4e79eb52e", path="utils/model.py"),
            ),
        ),
        Member(
            name="speechbrain_22k",
            reference_id="speechbrain-hifigan-22k-80",
            system="SpeechBrain",
            variant="LJSpeech HiFi-GAN recipe (mel_spectogram)",
            role="vocoder input / acoustic target",
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "Same numbers as jik876 but center=True (T=1+floor(L/hop)) and no sqrt epsilon: half-hop shifted against the original HiFi-GAN.",
                "Magnitude power 1 set in the recipe.",
            ),
            sources=(
                Source(
                    repo="speechbrain/speechbrain",
                    commit="9c826ef393",
                    path="speechbrain/lobes/models/HifiGAN.py",
                ),
                Source(
                    repo="speechbrain/speechbrain",
                    commit="9c826ef393",
                    path="recipes/LJSpeech/TTS/vocoder/hifigan/hparams/train.yaml",
                ),
            ),
        ),
    ),
)
