"""Coqui XTTS / Coqui ResNet speaker encoder: 16000 Hz, 64 bands, 512/160/400."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import UtteranceStandard
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        preemphasis=0.97,
        preemphasis_kind="filter_reflect",
        n_fft=512,
        win_length=400,
        hop_length=160,
        window="hamming",
        padding="centre",
        pad_mode="reflect",
        power=2,
        n_mels=64,
        f_max=8000.0,
        mel_scale="htk",
        mel_norm="none",
        log="ln",
        floor=1e-06,
        floor_kind="add",
    ),
    members=(
        Member(
            name="xtts_speaker_encoder_16k",
            reference_id="xtts-speaker-encoder-16k-64",
            system="Coqui XTTS / Coqui ResNet speaker encoder",
            variant="HifiDecoder.speaker_encoder",
            role="speaker encoder",
            forms={
                "normalised": Form(
                    note="after InstanceNorm1d over time, per band, no affine",
                    scaling=UtteranceStandard(spread="inside", epsilon=1e-5),
                )
            },
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "Pre-emphasis first sample uses x[1] (reflect), not 0 and not x[0].",
                "Hamming window, periodic.",
                "InstanceNorm removes any per-bin gain; only the additive 1e-6 depends on level.",
            ),
            sources=(
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="TTS/tts/layers/xtts/hifigan_decoder.py",
                ),
                Source(
                    repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/encoder/models/base_encoder.py"
                ),
                Source(repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/encoder/models/resnet.py"),
            ),
        ),
    ),
)
