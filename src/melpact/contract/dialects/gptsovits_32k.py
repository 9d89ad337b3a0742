"""GPT-SoVITS: 32000 Hz, 128 bands, 2048/640/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=32000,
        n_fft=2048,
        win_length=2048,
        hop_length=640,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-08,
        epsilon_kind="inside",
        n_mels=128,
        f_max=16000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="gptsovits_32k",
            reference_id="gptsovits-v1v2-32k",
            system="GPT-SoVITS",
            variant="v1/v2/v2Pro spectrogram + loss mel",
            role="loss mel / linear reference spectrogram",
            waveform="float (ffmpeg load); dataset wav = 0.5*(0.95*x/max) + 0.5*x as int16",
            axes="(n_mels, T)",
            quirks=("eps is 1e-8 (VITS 1e-6, HiFi-GAN 1e-9).",),
            sources=(
                Source(
                    repo="RVC-Boss/GPT-SoVITS",
                    commit="48b1a0169a",
                    path="GPT_SoVITS/module/mel_processing.py",
                ),
                Source(repo="RVC-Boss/GPT-SoVITS", commit="48b1a0169a", path="GPT_SoVITS/configs/s2.json"),
                Source(
                    repo="RVC-Boss/GPT-SoVITS",
                    commit="48b1a0169a",
                    path="GPT_SoVITS/prepare_datasets/2-get-hubert-wav32k.py",
                ),
            ),
        ),
    ),
)
