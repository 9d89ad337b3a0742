"""Coqui Tortoise: 24000 Hz, 100 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import Window
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
        epsilon=1e-08,
        epsilon_kind="clamp",
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
            name="coqui_tortoise_univnet_24k",
            reference_id="coqui-tortoise-univnet-24k-100",
            system="Coqui Tortoise",
            variant="wav_to_univnet_mel via TorchSTFT",
            role="vocoder input",
            forms={
                "normalised": Form(
                    note="normalize_tacotron_mel, optional",
                    scaling=Window(
                        low=-11.512925148010254, high=2.3143386840820312, out_low=-1.0, out_high=1.0
                    ),
                )
            },
            waveform="float clipped [-1,1] on load",
            axes="(n_mels, T)",
            quirks=(
                "TorchSTFT has pad_wav=True as an option: it then pads (n_fft-hop)/2 AND uses center=True (double padding).",
            ),
            sources=(
                Source(
                    repo="idiap/coqui-ai-TTS",
                    commit="7cde79ec2d",
                    path="TTS/tts/layers/tortoise/audio_utils.py",
                ),
                Source(
                    repo="idiap/coqui-ai-TTS", commit="7cde79ec2d", path="TTS/utils/audio/torch_transforms.py"
                ),
            ),
        ),
    ),
)
