"""Tortoise TTS, Coqui XTTS: 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import BandAffine
from melpact.contract.spec import MelSpec
from melpact.contract.tortoise_norms import TORTOISE_MEL_NORMS

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="reflect",
        power=2,
        n_mels=80,
        f_max=8000.0,
        mel_scale="htk",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="tortoise_cond_22k",
            reference_id="tortoise-cond-22k-80",
            system="Tortoise TTS",
            variant="TorchMelSpectrogram (AR conditioning / DVAE mel)",
            role="conditioning / DVAE input",
            scaling=BandAffine.divide(TORTOISE_MEL_NORMS),
            waveform="float, clipped to [-1,1]; conditioning clip cut/padded to 132300 samples",
            axes="(n_mels, T)",
            quirks=(
                "HTK mel scale WITH slaney area norm, on POWER.",
                "mel_norms are negative, so the normalised mel is positive for quiet frames (silence about +1.2..+7.2).",
            ),
            sources=(
                Source(repo="neonbjb/tortoise-tts", commit="8a2563ecab", path="tortoise/models/arch_util.py"),
                Source(repo="neonbjb/tortoise-tts", commit="8a2563ecab", path="tortoise/data/mel_norms.pth"),
                Source(repo="neonbjb/tortoise-tts", commit="8a2563ecab", path="tortoise/api.py"),
                Source(repo="PyPI transformers==4.46.3", path="models/clvp/feature_extraction_clvp.py"),
            ),
        ),
        Member(
            name="xtts_dvae_22k",
            reference_id="xtts-dvae-22k-80",
            system="Coqui XTTS",
            variant="XTTS DVAE mel (GPT training targets)",
            role="conditioning / token target",
            scaling=BandAffine.divide(TORTOISE_MEL_NORMS),
            waveform="float",
            axes="(n_mels, T)",
            quirks=("If mel_stats was not loaded it is all ones: no error, wrong scale.",),
            compatibility=(
                "Defaults of wav_to_mel_cloning (4096/1024/4096) are the v1 values; v2 passes 2048/256/1024 explicitly.",
            ),
            sources=(
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/tts/models/xtts.py"),
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="TTS/tts/layers/tortoise/arch_utils.py",
                ),
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="TTS/tts/layers/xtts/trainer/gpt_trainer.py",
                ),
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/tts/layers/xtts/dvae.py"),
            ),
        ),
    ),
)
