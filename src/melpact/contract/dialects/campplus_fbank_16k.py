"""CosyVoice / Seed-VC / 3D-Speaker CAM++, SeamlessM4T (HF): 16000 Hz, 80 bands, 512/160/400."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.scaling import UtteranceStandard
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
        window="povey",
        window_periodic=False,
        window_placement="start",
        padding="none",
        power=2,
        n_mels=80,
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
            name="campplus_fbank_16k",
            reference_id="campplus-fbank-80",
            system="CosyVoice / Seed-VC / 3D-Speaker CAM++",
            variant="speaker embedding input",
            role="speaker encoder",
            forms={
                "normalised": Form(
                    note="minus the mean over time, per band", scaling=UtteranceStandard(spread="none")
                )
            },
            waveform="float [-1,1], NOT multiplied by 32768",
            axes="(T, n_mels)",
            quirks=(
                "HTK mel 1127*ln(1+f/700); triangles are linear in MEL, not in Hz; no area norm; Nyquist bin has zero weight.",
                "Per frame: remove DC offset, pre-emphasis 0.97 with x[-1]:=x[0], Povey window (symmetric Hann^0.85), zero-pad on the RIGHT to 512.",
                "snip_edges: no padding, T = 1+floor((L-400)/160).",
                "Expects int16-scaled waveform (x*32768).",
                "Un-scaled waveform only matters near the 1.19e-7 floor because the mean is removed.",
            ),
            sources=(
                Source(repo="FunAudioLLM/CosyVoice", commit="ace7c47f41", path="cosyvoice/cli/frontend.py"),
                Source(repo="FunAudioLLM/CosyVoice", commit="ace7c47f41", path="cosyvoice/utils/onnx.py"),
                Source(repo="Plachtaa/seed-vc", commit="d334fb7240", path="inference.py"),
                Source(repo="PyPI torchaudio==2.5.1", path="compliance/kaldi.py"),
            ),
        ),
        Member(
            name="seamless_fbank_16k",
            reference_id="hf-seamless-fbank-80",
            system="SeamlessM4T (HF)",
            variant="SeamlessM4TFeatureExtractor",
            role="speech encoder",
            waveform_scale=32768.0,
            forms={
                "normalised": Form(
                    note="per-band mean and variance of the utterance (before its stride-2 stacking)",
                    scaling=UtteranceStandard(spread="inside", epsilon=1e-7, ddof=1),
                )
            },
            waveform="*32768",
            axes="(T, n_mels)",
            quirks=(
                "HTK mel 1127*ln(1+f/700); triangles are linear in MEL, not in Hz; no area norm; Nyquist bin has zero weight.",
                "Per frame: remove DC offset, pre-emphasis 0.97 with x[-1]:=x[0], Povey window (symmetric Hann^0.85), zero-pad on the RIGHT to 512.",
                "snip_edges: no padding, T = 1+floor((L-400)/160).",
                "Expects int16-scaled waveform (x*32768).",
            ),
            sources=(
                Source(
                    repo="PyPI transformers==4.46.3",
                    path="models/seamless_m4t/feature_extraction_seamless_m4t.py",
                ),
            ),
        ),
    ),
)
