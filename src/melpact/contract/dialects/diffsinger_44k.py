"""DiffSinger (openvpi): 44100 Hz, 128 bands, 2048/512/2048."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import Affine, Window
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
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="diffsinger_44k",
            reference_id="diffsinger-openvpi-44k-128",
            system="DiffSinger (openvpi)",
            variant="HEAD / >= v2.4.0 (mel_base e only)",
            role="acoustic target + NSF-HiFiGAN input",
            forms={
                "diffusion": Form(
                    note="what the diffusion model sees: spec_min -12, spec_max 0 to [-1, 1], not clipped",
                    scaling=Window(low=-12.0, high=0.0, out_low=-1.0, out_high=1.0),
                )
            },
            waveform="librosa.load float mono",
            axes="(T, 128)",
            stored='(T, 128) dataset "<i>/mel"',
            file_format="HDF5 (<prefix>.data)",
            quirks=(
                "Magnitude is torch .abs() without epsilon since v2.1.0 (v2.0.0 and older: sqrt(re2+im2+1e-9)).",
                "Pads from win_size-hop, not n_fft-hop, asymmetric for odd differences.",
                "keyshift != 0: n_fft and win are scaled by 2^(k/12), spectrum is cut/zero-padded to n_fft/2+1 bins and multiplied by win/win_new; speed scales hop.",
            ),
            compatibility=(
                "Log base migration: up to v2.2.x mels are stored as log10 (ln*0.434294); v2.3.0 adds mel_base with default '10'; the default became 'e' on 2024-04-17 (73c54c9) and from v2.4.0 preprocessing asserts mel_base == 'e'. Vocoder wrapper multiplies by 2.30259 when mel_base != 'e'; the DDSP vocoder wrapper does the inverse (0.434294) when mel_base == 'e'. 0.434294*2.30259 = 1.00000102 (not an exact inverse).",
            ),
            sources=(
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="modules/nsf_hifigan/nvSTFT.py"),
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="utils/binarizer_utils.py"),
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="configs/acoustic.yaml"),
                Source(
                    repo="openvpi/DiffSinger", commit="753b7cc622", path="modules/vocoders/nsf_hifigan.py"
                ),
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="modules/vocoders/ddsp.py"),
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="deployment/modules/toplevel.py"),
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="utils/indexed_datasets.py"),
                Source(
                    repo="openvpi/DiffSinger", commit="753b7cc622", path="preprocessing/acoustic_binarizer.py"
                ),
            ),
        ),
        Member(
            name="diffsinger_44k_log10",
            reference_id="diffsinger-openvpi-44k-128-log10",
            system="DiffSinger (openvpi)",
            variant="<= v2.2.x, and v2.3.0 with its default mel_base 10",
            role="acoustic target",
            scaling=Affine(scale=0.434294, shift=0.0),
            waveform="librosa.load float",
            axes="(T, 128)",
            stored="(T, 128)",
            file_format="binary dataset",
            quirks=(
                "Up to v2.0.0 the magnitude is sqrt(re2+im2+1e-9); v2.1.0 - v2.3.0 use .abs() (row shows .abs()).",
                "Constant 0.434294 is truncated (relative error 1.1e-6).",
                "v1.6.0 pads int((win-hop)/2) on both sides; v2.0.0 introduces the asymmetric form (same result for even differences).",
            ),
            sources=(
                Source(
                    repo="openvpi/DiffSinger",
                    commit="tags v1.6.0, v2.0.0, v2.1.0, v2.2.1, v2.3.0",
                    path="src/vocoders/nsf_hifigan.py | modules/vocoders/nsf_hifigan.py | modules/nsf_hifigan/nvSTFT.py | utils/binarizer_utils.py",
                ),
            ),
        ),
    ),
)
