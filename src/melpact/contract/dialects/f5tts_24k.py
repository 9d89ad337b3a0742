"""F5-TTS / E2-TTS: 24000 Hz, 100 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=100,
        f_max=12000.0,
        mel_scale="htk",
        mel_norm="none",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="f5tts_24k",
            reference_id="f5tts-vocos-24k-100",
            system="F5-TTS / E2-TTS",
            variant="mel_spec_type=vocos (default in every config)",
            role="acoustic target + vocos input",
            waveform="float mono; inference: if RMS < 0.1 scale to RMS 0.1 (undone on output)",
            axes="(T, 100) inside the model",
            stored='"mel_spec" column (n_mels, T) if preprocessed',
            quirks=(
                "Clamp is 1e-5 (ln -11.51) although the pretrained Vocos it feeds was trained with a 1e-7 clamp (ln -16.12).",
            ),
            sources=(
                Source(repo="SWivid/F5-TTS", commit="2ae2c9bd9b", path="src/f5_tts/model/modules.py"),
                Source(
                    repo="SWivid/F5-TTS", commit="2ae2c9bd9b", path="src/f5_tts/configs/F5TTS_v1_Base.yaml"
                ),
                Source(repo="SWivid/F5-TTS", commit="2ae2c9bd9b", path="src/f5_tts/infer/utils_infer.py"),
                Source(repo="SWivid/F5-TTS", commit="2ae2c9bd9b", path="src/f5_tts/model/dataset.py"),
            ),
        ),
    ),
)
