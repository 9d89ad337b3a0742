"""ESPnet2 TTS, ParallelWaveGAN (kan-bayashi): 22050 Hz, 80 bands, 1024/256/1024."""

from melpact.contract.dialect import Family, Form, Member, Source
from melpact.contract.spec import MelSpec

PLUGIN = Family(
    spec=MelSpec(
        sample_rate=22050,
        n_fft=1024,
        win_length=1024,
        hop_length=256,
        padding="centre",
        pad_mode="reflect",
        power=1,
        epsilon=1e-10,
        epsilon_kind="clamp",
        n_mels=80,
        f_min=80.0,
        f_max=7600.0,
        mel_scale="slaney",
        mel_norm="slaney",
        log="log10",
        floor=1e-10,
        floor_kind="clamp",
    ),
    members=(
        Member(
            name="espnet2_22k",
            reference_id="espnet2-tts-ljspeech-22k-80",
            system="ESPnet2 TTS",
            variant="LogMelFbank, egs2/ljspeech/tts1 (fs 22050, n_fft 1024, shift 256; fmin/fmax class + template defaults)",
            role="acoustic target",
            forms={
                "normalised": Form(
                    note="GlobalMVN",
                    statistics="standardise",
                    where="feats_stats.npz: mean = sum / count, std = sqrt(max(sum_square / count - mean², 1e-20))",
                )
            },
            waveform="float",
            axes="(B, T, 80)",
            stored="none in the raw-audio recipe; stats in feats_stats.npz",
            file_format=".npz (stats)",
            quirks=(
                "|STFT| is floored at 1e-5 -> silence is log10(1e-5*sum(filter)) = -6.35..-6.30 at 22.05k (about -6.07 for 24k/2048), not -10.",
                "TTS is log10 of amplitude, ESPnet ASR is ln of power (comment in the source).",
                "Frames beyond the utterance are zero-filled after the log.",
            ),
            compatibility=(
                "De-normalised ESPnet mels go to ParallelWaveGAN vocoders with normalize_before=True, i.e. are re-normalised with the vocoder's own stats.h5 (espnet2/tts/utils/parallel_wavegan_pretrained_vocoder.py).",
            ),
            sources=(
                Source(repo="PyPI espnet==202511", path="espnet2/tts/feats_extract/log_mel_fbank.py"),
                Source(repo="PyPI espnet==202511", path="espnet2/layers/stft.py"),
                Source(repo="PyPI espnet==202511", path="espnet2/layers/log_mel.py"),
                Source(repo="PyPI espnet==202511", path="espnet2/layers/global_mvn.py"),
                Source(
                    repo="PyPI espnet==202511",
                    path="espnet2/tts/utils/parallel_wavegan_pretrained_vocoder.py",
                ),
                Source(repo="espnet/espnet", commit="1bba19c599", path="egs2/ljspeech/tts1/run.sh"),
                Source(repo="espnet/espnet", commit="001bd77bb2", path="egs2/TEMPLATE/tts1/tts.sh"),
            ),
        ),
        Member(
            name="pwg_22k_loss",
            reference_id="pwg-melspec-loss",
            system="ParallelWaveGAN (kan-bayashi)",
            variant="losses/mel_loss.py defaults",
            role="training loss",
            waveform="float",
            axes="(n_mels, T)",
            quirks=("Loss mel clamps power at 1e-10 before the sqrt; the preprocessing mel does not.",),
            sources=(
                Source(
                    repo="kan-bayashi/ParallelWaveGAN",
                    commit="86740373ec",
                    path="parallel_wavegan/losses/mel_loss.py",
                ),
            ),
        ),
    ),
)
