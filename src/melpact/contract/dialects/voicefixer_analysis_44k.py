"""VoiceFixer: 44100 Hz, 128 bands, 2048/441/2048."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=44100,
        n_fft=2048,
        win_length=2048,
        hop_length=441,
        padding="centre",
        pad_mode="reflect",
        power=1,
        epsilon=1e-08,
        epsilon_kind="clamp",
        n_mels=128,
        f_max=22050.0,
        mel_scale="htk",
        mel_norm="none",
        log="log10",
        floor=1e-08,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="voicefixer_analysis_44k",
            reference_id="voicefixer-analysis-44k-128",
            system="VoiceFixer",
            variant="analysis module mel (restorer)",
            role="restoration feature",
            waveform="librosa.load float, 30 s segments",
            axes="(B, 1, T, 128)",
            quirks=("Model works on log10 of the mel; denoised mel = 10**clip(x, max 5).",),
            compatibility=(
                "Un-normalised HTK mel is divided by a 128-value weight (18.8927*exp(0.02699*i), i=1..128 = half filter bandwidth in Hz) to get the slaney-normalised mel its vocoder expects.",
            ),
            sources=(
                Source(repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/restorer/model.py"),
                Source(repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/tools/mel_scale.py"),
                Source(
                    repo="haoheliu/voicefixer",
                    commit="aae2253c85",
                    path="voicefixer/tools/modules/fDomainHelper.py",
                ),
                Source(
                    repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/tools/pytorch_util.py"
                ),
                Source(repo="haoheliu/voicefixer", commit="aae2253c85", path="voicefixer/base.py"),
            ),
        ),
    ),
)
