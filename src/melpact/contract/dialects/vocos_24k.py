"""Vocos, IndexTTS v1: 24000 Hz, 100 bands, 1024/256/1024."""

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
        floor=1e-07,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="vocos_24k",
            reference_id="vocos-mel-24k-100",
            system="Vocos",
            variant="vocos-mel-24khz (configs/vocos.yaml, padding center)",
            role="vocoder input",
            waveform='float; training: sox "norm" to -1..-6 dB (random), validation -3 dB',
            axes="(n_mels, T)",
            stored="none",
            quirks=(
                "torchaudio defaults: HTK scale, no area normalisation -> log-mel is 3.0..5.9 above a slaney-normalised mel (mean 4.45) for the same audio.",
                "Floor 1e-7 (ln = -16.118).",
                "decode() returns (T-1)*hop samples.",
            ),
            compatibility=(
                "F5-TTS uses the same mel with a 1e-5 floor; IndexTTS v1 uses the 1e-7 floor.",
                "Not interchangeable with bigvgan-24k-100 despite equal sr/n_fft/hop/bands.",
            ),
            sources=(
                Source(repo="gemelo-ai/vocos", commit="c859e3b7b5", path="vocos/feature_extractors.py"),
                Source(repo="gemelo-ai/vocos", commit="c859e3b7b5", path="vocos/modules.py"),
                Source(repo="gemelo-ai/vocos", commit="c859e3b7b5", path="configs/vocos.yaml"),
                Source(repo="gemelo-ai/vocos", commit="c859e3b7b5", path="vocos/dataset.py"),
                Source(repo="gemelo-ai/vocos", commit="c859e3b7b5", path="vocos/spectral_ops.py"),
            ),
        ),
        Member(
            name="indextts_24k",
            reference_id="indextts1-cond-24k-100",
            system="IndexTTS v1",
            variant="conditioning mel (MelSpectrogramFeatures)",
            role="speaker/style conditioning",
            waveform="float",
            axes="(n_mels, T)",
            quirks=("Defaults equal Vocos; v2 switches its s2mel stage to the Seed-VC mel function.",),
            sources=(
                Source(
                    repo="index-tts/index-tts",
                    commit="ee40fa7d6c",
                    path="indextts/utils/feature_extractors.py",
                ),
                Source(repo="index-tts/index-tts", commit="ee40fa7d6c", path="indextts/infer.py"),
                Source(repo="index-tts/index-tts", commit="ee40fa7d6c", path="indextts/infer_v2.py"),
            ),
        ),
    ),
)
