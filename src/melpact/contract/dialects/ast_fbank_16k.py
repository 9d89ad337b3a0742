"""Audio Spectrogram Transformer (HF): 16000 Hz, 128 bands, 512/160/400."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.scaling import Affine
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=16000,
        preemphasis=0.97,
        preemphasis_kind="frame",
        remove_dc=True,
        n_fft=512,
        win_length=400,
        hop_length=160,
        window_periodic=False,
        window_placement="start",
        padding="none",
        power=2,
        n_mels=128,
        f_min=20.0,
        f_max=8000.0,
        mel_scale="htk",
        mel_norm="none",
        mel_triangles="mel",
        bank_drops="nyquist",
        log="ln",
        floor=1.1920928955078125e-07,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="ast_fbank_16k",
            reference_id="hf-ast-fbank-128",
            system="Audio Spectrogram Transformer (HF)",
            variant="ASTFeatureExtractor",
            role="audio classification",
            scaling=Affine.standardise(mean=-4.2677393, std=2 * 4.5689974),
            waveform="float [-1,1] (the *2^15 line is commented out)",
            axes="(T, n_mels)",
            quirks=(
                "HTK mel 1127*ln(1+f/700); triangles are linear in MEL, not in Hz; no area norm; Nyquist bin has zero weight.",
                "Per frame: remove DC offset, pre-emphasis 0.97 with x[-1]:=x[0], Povey window (symmetric Hann^0.85), zero-pad on the RIGHT to 512.",
                "snip_edges: no padding, T = 1+floor((L-400)/160).",
                "Expects int16-scaled waveform (x*32768).",
                "Divides by std*2.",
                "Hanning instead of Povey.",
            ),
            sources=(
                Source(
                    repo="PyPI transformers==4.46.3",
                    path="models/audio_spectrogram_transformer/feature_extraction_audio_spectrogram_transformer.py",
                ),
            ),
        ),
    ),
)
