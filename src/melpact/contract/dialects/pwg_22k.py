"""ParallelWaveGAN (kan-bayashi), TensorFlowTTS: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
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
        f_min=80.0,
        f_max=7600.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-10,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="pwg_22k",
            reference_id="pwg-ljspeech-22k-80",
            system="ParallelWaveGAN (kan-bayashi)",
            variant="egs/ljspeech voc1 (parallel_wavegan.v1, melgan.*, full/multi-band melgan, hifigan.v1, style_melgan.v1)",
            role="vocoder input",
            forms={
                "normalised": Form(
                    note="vocoder input: (x - mean) / scale per band",
                    statistics="standardise",
                    where="keys mean and scale of the checkpoint's stats.h5, or rows [mean; scale] of stats.npy",
                )
            },
            waveform="float; global_gain_scale 1.0; parallel_wavegan/melgan configs trim 60 dB (2048/512); hifigan.v1 and style_melgan.v1 do not trim, so their stats.h5 differ",
            axes="(T, n_mels)",
            stored='(T, n_mels) dataset "feats" (+ "wave")',
            file_format=".h5 (default) or <utt>-feats.npy",
            quirks=(
                "Raw feature: log10(max(1e-10, mel)); model input is (raw - mean)/scale per bin with sklearn StandardScaler stats (population std) of the training set: stats.h5 keys 'mean','scale' (hdf5) or stats.npy rows [mean; scale] (npy).",
                "Waveform is edge-padded by n_fft and cut to T*hop so that len(wav) == T*hop (T = 1+floor(L/hop)).",
                "soundfile.read gives float64: the STFT runs in complex128 on librosa >= 0.8, result saved float32.",
                "pad_mode='reflect' is passed explicitly (independent of the librosa version).",
            ),
            compatibility=(
                "A pretrained model is unusable without its stats file; decode.py expects already normalised features unless --normalize-before (stats registered in the checkpoint dir).",
                "ESPnet2 TTS features equal this only above -6.3 (22.05k): ESPnet clamps |STFT| at 1e-5 first, so digital silence is -6.35..-6.30 there and -10 here.",
            ),
            sources=(
                Source(
                    repo="kan-bayashi/ParallelWaveGAN",
                    commit="86740373ec",
                    path="parallel_wavegan/bin/preprocess.py",
                ),
                Source(
                    repo="kan-bayashi/ParallelWaveGAN",
                    commit="86740373ec",
                    path="parallel_wavegan/bin/compute_statistics.py",
                ),
                Source(
                    repo="kan-bayashi/ParallelWaveGAN",
                    commit="86740373ec",
                    path="parallel_wavegan/bin/normalize.py",
                ),
                Source(
                    repo="kan-bayashi/ParallelWaveGAN",
                    commit="86740373ec",
                    path="parallel_wavegan/bin/decode.py",
                ),
                Source(
                    repo="kan-bayashi/ParallelWaveGAN", commit="86740373ec", path="egs/*/voc1/conf/*.yaml"
                ),
            ),
        ),
        Member(
            name="tensorflowtts_22k_ljspeech",
            reference_id="tensorflowtts-ljspeech-22k-80",
            system="TensorFlowTTS",
            variant="LJSpeech",
            role="acoustic target / vocoder input",
            forms={
                "normalised": Form(
                    note="norm-feats: (x - mean) / scale per band",
                    statistics="standardise",
                    where="rows [mean; scale] of stats.npy",
                )
            },
            waveform="float; trim 60 dB",
            axes="(T, 80)",
            stored="(T, 80): raw-feats and norm-feats",
            file_format=".npy; stats.npy rows [mean; scale]",
            quirks=(
                "fmax None would become sampling_rate//2 (integer division).",
                "pad_mode='reflect' explicit.",
                "Other configs: JSUT = Baker values; KSS/Thorsten/Synpaflex = LJSpeech values with trim 30/60/20 dB; ljspeechu = 44.1 kHz 2048/512, fmin 20, fmax 11025 (not Nyquist), no trim.",
            ),
            compatibility=("Same raw feature as the PWG recipe with the same parameters.",),
            sources=(
                Source(
                    repo="TensorSpeech/TensorFlowTTS",
                    commit="1368771363",
                    path="tensorflow_tts/bin/preprocess.py",
                ),
                Source(repo="TensorSpeech/TensorFlowTTS", commit="1368771363", path="preprocess/*.yaml"),
            ),
        ),
    ),
)
