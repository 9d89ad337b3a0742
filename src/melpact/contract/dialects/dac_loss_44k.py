"""Descript Audio Codec (and BigVGAN-v2 loss): 44100 Hz, 320 bands, 2048/512/2048."""

from melpact.contract.dialect import Ask, Family, Form, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=44100,
        n_fft=2048,
        win_length=2048,
        hop_length=512,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=320,
        f_max=22050.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="dac_loss_44k",
            reference_id="dac-multiscale-mel-loss",
            system="Descript Audio Codec (and BigVGAN-v2 loss)",
            variant="7 scales: windows 32..2048, n_mels 5..320",
            role="training loss only",
            asks=(
                Ask(
                    field="n_fft",
                    where="the loss itself: it is seven mels at once, choose one as dac_loss_44k:32 … dac_loss_44k:2048",
                ),
            ),
            forms={
                "32": Form(
                    note="scale with window 32",
                    changes={"n_fft": 32, "win_length": 32, "hop_length": 8, "n_mels": 5},
                ),
                "64": Form(
                    note="scale with window 64",
                    changes={"n_fft": 64, "win_length": 64, "hop_length": 16, "n_mels": 10},
                ),
                "128": Form(
                    note="scale with window 128",
                    changes={"n_fft": 128, "win_length": 128, "hop_length": 32, "n_mels": 20},
                ),
                "256": Form(
                    note="scale with window 256",
                    changes={"n_fft": 256, "win_length": 256, "hop_length": 64, "n_mels": 40},
                ),
                "512": Form(
                    note="scale with window 512",
                    changes={"n_fft": 512, "win_length": 512, "hop_length": 128, "n_mels": 80},
                ),
                "1024": Form(
                    note="scale with window 1024",
                    changes={"n_fft": 1024, "win_length": 1024, "hop_length": 256, "n_mels": 160},
                ),
                "2048": Form(
                    note="scale with window 2048",
                    changes={"n_fft": 2048, "win_length": 2048, "hop_length": 512, "n_mels": 320},
                ),
            },
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "center=True reflect; magnitude; librosa slaney; log10(clamp(1e-5)^pow), DAC conf: pow 1, mag_weight 0.",
                "No mel is an INPUT of DAC/EnCodec.",
            ),
            sources=(
                Source(repo="descriptinc/descript-audio-codec", commit="c7cfc5d264", path="conf/base.yml"),
                Source(repo="NVIDIA/BigVGAN", commit="7d2b454564", path="loss.py"),
                Source(repo="PyPI descript-audiotools==0.7.2", path="audiotools/metrics/spectral.py"),
                Source(repo="PyPI descript-audiotools==0.7.2", path="audiotools/core/audio_signal.py"),
            ),
        ),
    ),
)
