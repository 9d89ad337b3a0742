"""CosyVoice (FunAudioLLM): 24000 Hz, 80 bands, 1920/480/1920."""

from melpact.contract.dialect import Family, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=24000,
        n_fft=1920,
        win_length=1920,
        hop_length=480,
        padding="same",
        pad_mode="reflect",
        power=1,
        epsilon=1e-09,
        epsilon_kind="inside",
        n_mels=80,
        f_max=12000.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="ln",
        floor=1e-05,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="cosyvoice3_24k",
            reference_id="cosyvoice3-24k-80",
            system="CosyVoice (FunAudioLLM)",
            variant="CosyVoice 3 flow/vocoder mel",
            role="acoustic target + vocoder input",
            waveform="torchaudio float, channel-mean; training divides by max only if |x|>1",
            axes="(T, 80) after transpose",
            stored="none (computed on the fly)",
            quirks=(
                "v2/v3: waveform is zero-padded to a multiple of 960 samples (num_frames) before the mel so mel:token = 2:1.",
                "HiFT loss mel uses fmax null regardless; the input mel uses the fmax listed here.",
                "fmax changed 8000 (v1, v2) -> null (v3).",
            ),
            sources=(
                Source(
                    repo="FunAudioLLM/CosyVoice",
                    commit="ace7c47f41",
                    path="examples/libritts/cosyvoice/conf/cosyvoice.yaml",
                ),
                Source(
                    repo="FunAudioLLM/CosyVoice",
                    commit="ace7c47f41",
                    path="examples/libritts/cosyvoice2/conf/cosyvoice2.yaml",
                ),
                Source(
                    repo="FunAudioLLM/CosyVoice",
                    commit="ace7c47f41",
                    path="examples/libritts/cosyvoice3/conf/cosyvoice3.yaml",
                ),
                Source(repo="FunAudioLLM/CosyVoice", commit="ace7c47f41", path="cosyvoice/cli/frontend.py"),
                Source(
                    repo="FunAudioLLM/CosyVoice", commit="ace7c47f41", path="cosyvoice/dataset/processor.py"
                ),
                Source(repo="shivammehta25/Matcha-TTS", commit="108906c603", path="matcha/utils/audio.py"),
            ),
        ),
    ),
)
