"""so-vits-svc 4.1 (4.1-Stable): 44100 Hz, 80 bands, 2048/512/2048."""

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
        epsilon=1e-06,
        epsilon_kind="inside",
        n_mels=80,
        f_max=22050.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="sovits_44k",
            reference_id="sovits41-44k-80",
            system="so-vits-svc 4.1 (4.1-Stable)",
            variant="VITS part",
            role="loss mel (model eats linear spectrogram)",
            waveform="int16/32768 (resample.py: trim 40 dB, peak>1 -> 0.98, loudness match to peak 1, *32767)",
            axes="(n_mels, T)",
            stored="linear (1025, T)",
            file_format=".spec.pt (torch.save)",
            quirks=(
                "sqrt(x+1e-6) dominates in silence: the floor is about ln(1e-3*n_fft/sr) (see digital_silence_bin_range), the ln(1e-5)=-11.51 clamp is never reached.",
                "Training reads int16/32768; the linear spectrogram is cached next to the wav as .spec.pt (F, T) and silently reused if STFT settings change.",
                "Basis cache keyed by (fmax, dtype, device) only.",
                "bfloat16 input is promoted to fp32 for the FFT and cast back.",
            ),
            sources=(
                Source(
                    repo="svc-develop-team/so-vits-svc", commit="730930d337", path="modules/mel_processing.py"
                ),
                Source(
                    repo="svc-develop-team/so-vits-svc",
                    commit="730930d337",
                    path="configs_template/config_template.json",
                ),
                Source(repo="svc-develop-team/so-vits-svc", commit="730930d337", path="data_utils.py"),
                Source(
                    repo="svc-develop-team/so-vits-svc", commit="730930d337", path="preprocess_hubert_f0.py"
                ),
                Source(repo="svc-develop-team/so-vits-svc", commit="730930d337", path="resample.py"),
                Source(repo="svc-develop-team/so-vits-svc", commit="730930d337", path="train.py"),
            ),
        ),
    ),
)
