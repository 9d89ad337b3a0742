"""TensorFlowTTS: 24000 Hz, 80 bands, 1024/300/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1024,
        win_length=1024,
        hop_length=300,
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
            name="tensorflowtts_24k_libritts",
            reference_id="tensorflowtts-libritts-24k-80",
            system="TensorFlowTTS",
            variant="LibriTTS",
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
