"""Tortoise TTS: 24000 Hz, 100 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import NoScaling, Window
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
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="tortoise_univnet_24k",
            reference_id="tortoise-univnet-24k-100",
            system="Tortoise TTS",
            variant="diffusion / UnivNet mel (wav_to_univnet_mel)",
            role="diffusion target + vocoder input",
            scaling=Window(low=-11.512925148010254, high=2.3143386840820312, out_low=-1.0, out_high=1.0),
            forms={
                "plain": Form(
                    note="do_normalization=False: the conditioning mel, and what UnivNet gets",
                    scaling=NoScaling(),
                )
            },
            waveform="float, clipped to [-1,1]",
            axes="(n_mels, T)",
            quirks=(
                "Conv1d STFT as Tacotron2 (center, reflect) although UnivNet itself was published with (n_fft-hop)/2 framing.",
                "The conditioning call passes do_normalization=False, the diffusion model works in normalised space.",
            ),
            compatibility=(
                "Coqui re-implements this with TorchSTFT: sqrt(clamp(power,1e-8)) instead of no epsilon.",
            ),
            sources=(
                Source(repo="neonbjb/tortoise-tts", commit="8a2563ecab", path="tortoise/utils/audio.py"),
                Source(repo="neonbjb/tortoise-tts", commit="8a2563ecab", path="tortoise/utils/stft.py"),
                Source(repo="neonbjb/tortoise-tts", commit="8a2563ecab", path="tortoise/api.py"),
            ),
        ),
    ),
)
