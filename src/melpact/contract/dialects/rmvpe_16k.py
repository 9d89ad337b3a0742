"""RMVPE pitch extractor: 16000 Hz, 128 bands, 1024/160/1024."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        n_fft=1024,
        win_length=1024,
        hop_length=160,
        padding="centre",
        pad_mode="reflect",
        power=1,
        n_mels=128,
        f_min=30.0,
        f_max=8000.0,
        mel_scale="htk",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="rmvpe_16k",
            reference_id="rmvpe-16k-128",
            system="RMVPE pitch extractor",
            variant="as shipped in DiffSinger / so-vits-svc / DDSP-SVC / RVC",
            role="pitch extractor input",
            waveform="float",
            axes="(n_mels, T)",
            quirks=(
                "librosa mel with htk=True keeps the default slaney norm.",
                "No magnitude epsilon.",
            ),
            sources=(
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="modules/pe/rmvpe/spec.py"),
                Source(repo="openvpi/DiffSinger", commit="753b7cc622", path="modules/pe/rmvpe/constants.py"),
                Source(
                    repo="RVC-Project/Retrieval-based-Voice-Conversion-WebUI",
                    commit="4338f12c3c",
                    path="infer/rmvpe.py",
                ),
            ),
        ),
    ),
)
