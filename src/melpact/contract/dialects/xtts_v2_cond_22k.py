"""Coqui XTTS: 22050 Hz, 80 bands, 2048/256/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import BandAffine
from melpact.contract.spec import MelSpec
from melpact.contract.tortoise_norms import TORTOISE_MEL_NORMS

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=2048,
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
            name="xtts_v2_cond_22k",
            reference_id="xtts-v2-cond-22k-80",
            system="Coqui XTTS",
            variant="XTTS v2 GPT conditioning (perceiver resampler)",
            role="conditioning / token target",
            scaling=BandAffine.divide(TORTOISE_MEL_NORMS),
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "win_length 1024 centred in n_fft 2048.",
                "Reference audio: at most 30 s, cut in 6 s chunks, chunks < 0.33 s dropped, style embeddings averaged.",
                "If mel_stats was not loaded it is all ones: no error, wrong scale.",
            ),
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
