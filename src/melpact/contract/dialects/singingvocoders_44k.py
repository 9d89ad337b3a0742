"""openvpi SingingVocoders: 44100 Hz, 128 bands, 2048/512/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=44100,
        n_fft=2048,
        win_length=2048,
        hop_length=512,
        padding="same",
        pad_mode="reflect",
        power=1,
        n_mels=128,
        f_min=40.0,
        f_max=16000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-09,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="singingvocoders_44k",
            reference_id="openvpi-singingvocoders-44k-128",
            system="openvpi SingingVocoders",
            variant="vocoder training data (NSF-HiFiGAN etc.)",
            role="vocoder input",
            waveform="librosa.load float",
            axes="(T, 128)",
            stored="(T, 128)",
            file_format=".npz (audio, mel, f0, uv, pe)",
            quirks=(
                "Stored with floor 1e-9; the volume augmentation then clamps at ln(1e-5), un-augmented items keep the 1e-9 floor.",
                "Resamples only when the source rate is higher; lower rates are refused.",
            ),
            sources=(
                Source(repo="openvpi/SingingVocoders", commit="4d0889c4c1", path="process.py"),
                Source(repo="openvpi/SingingVocoders", commit="4d0889c4c1", path="utils/wav2mel.py"),
                Source(
                    repo="openvpi/SingingVocoders", commit="4d0889c4c1", path="training/nsf_HiFigan_task.py"
                ),
                Source(repo="openvpi/SingingVocoders", commit="4d0889c4c1", path="configs/base_hifi.yaml"),
            ),
        ),
    ),
)
