"""Lhotse: 16000 Hz, 80 bands, 512/160/400."""

from melpact.contract.dialect import Family, Member, Source
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
        padding="nearest",
        pad_mode="symmetric",
        power=2,
        n_mels=80,
        f_min=20.0,
        f_max=7600.0,
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
            name="lhotse_fbank_16k",
            reference_id="lhotse-fbank-80",
            system="Lhotse",
            variant="Fbank (FbankConfig defaults)",
            role="ASR / TTS feature",
            waveform="float [-1,1] (not multiplied)",
            axes="(T, 80)",
            file_format="lilcom / numpy / HDF5 storage",
            quirks=(
                "high_freq -400 -> fmax 7600.",
                "snip_edges False, unlike Kaldi; edges mirrored with the border sample repeated (numpy mode symmetric, not torch reflect): (win-shift)//2 = 120 samples on the left, whatever is needed on the right.",
                "LibrosaFbank in the same package: PWG-type log10 features but floor = lhotse EPSILON and frame count forced to round(L/hop).",
            ),
            sources=(
                Source(
                    repo="lhotse-speech/lhotse",
                    commit="a79cc864e4",
                    path="lhotse/features/kaldi/extractors.py",
                ),
                Source(
                    repo="lhotse-speech/lhotse", commit="a79cc864e4", path="lhotse/features/kaldi/layers.py"
                ),
                Source(
                    repo="lhotse-speech/lhotse", commit="a79cc864e4", path="lhotse/features/librosa_fbank.py"
                ),
            ),
        ),
    ),
)
