"""Side streams of the waveform codec: what is told, what it costs, and that nothing changes where nothing is told."""

from __future__ import annotations

import numpy as np
import pytest

from melpact.models.codec.waveform import side
from melpact.models.codec.waveform.side import UNVOICED, PitchChances, Told

RATE = 16000


def tone(hz: float, seconds: float = 1.2) -> np.ndarray:
    """A buzz: harmonics of equal amplitude up to 4 kHz."""
    t = np.arange(int(seconds * RATE)) / RATE
    made = sum(np.cos(2 * np.pi * hz * k * t + k * k) for k in range(1, int(4000 / hz)))
    return (0.02 * made).astype(np.float32)


@pytest.mark.parametrize("hz", [80.0, 137.0, 311.0])
def test_a_pitch_is_told_to_a_quarter_of_a_semitone(hz: float) -> None:
    track = side.pitches(tone(hz), RATE, 60)
    assert len(track) == 30
    told = side.hz_of(track, 60)[10:50]
    assert np.all(np.abs(12 * np.log2(told / hz)) <= 0.26)


def test_silence_has_no_pitch_and_gaps_are_not_glided_over() -> None:
    assert np.all(side.pitches(np.zeros(RATE, np.float32), RATE, 50) == UNVOICED)
    hz = side.hz_of(np.array([24, UNVOICED, 48]), 6)
    assert hz == pytest.approx([110, 110, 0, 0, 220, 220])
    glide = side.hz_of(np.array([24, 48]), 4)
    assert glide == pytest.approx([110, 110 * 2**0.25, 110 * 2**0.75, 220])


def test_a_comb_is_one_on_harmonics() -> None:
    seen = side.pitch_seen(np.array([24, UNVOICED]), 4)
    assert seen.shape == (4, side.NUMBERS["f0"])
    assert seen[0, 3:6] == pytest.approx(np.cos(2 * np.pi * np.array([25, 75, 125]) / 110), abs=1e-6)
    assert np.all(seen[:, 0] == 1) and np.all(seen[2:, 1:] == 0)


def test_a_track_costs_what_its_counts_say() -> None:
    chances = PitchChances.of([])
    track = np.array([UNVOICED, 36, 37])
    # three flags of 1 in 2, a move over a gap among 98, a move within a stretch among 26
    assert chances.bits(track) == pytest.approx(3 + np.log2(98) + np.log2(26))
    jump = np.array([36, 36 + 13])
    assert chances.bits(jump) == pytest.approx(2 + np.log2(98) + np.log2(26) + np.log2(side.PITCHES))
    learnt = PitchChances.of([np.array([UNVOICED, UNVOICED, UNVOICED])])
    # that silence goes on was seen three times of three, and every symbol counts once more
    assert learnt.bits(np.array([UNVOICED])) == pytest.approx(-np.log2(4 / 5))


def test_a_track_comes_back_from_its_bytes_at_its_cost() -> None:
    rng = np.random.default_rng(3)
    walk = np.clip(40 + np.cumsum(rng.integers(-2, 3, 400)), 0, side.PITCHES - 1)
    walk[rng.random(400) < 0.1] = UNVOICED
    walk[200], walk[201] = 0, side.PITCHES - 1
    chances = PitchChances.of([walk])
    data = chances.written(walk)
    assert np.array_equal(chances.read(data, 400), walk)
    assert 0 <= 8 * len(data) - chances.bits(walk) <= 64


def test_a_speakers_vector_does_not_know_how_loud_or_at_which_rate() -> None:
    from melpact.audio.audio import Audio
    from melpact.audio.resample import resample

    sound = tone(120)
    vector = side.voice(sound, RATE)
    assert vector.shape == (side.VOICE,) and vector.min() >= 0 and vector.max() < side.VOICE_LEVELS
    assert np.abs(side.voice(0.1 * sound, RATE) - vector).max() <= 1
    other = side.voice(resample(Audio.of(sound, RATE), 24000).samples[0], 24000)
    assert np.abs(other - vector)[:4].max() <= 1


def test_another_sounds_streams_are_not_ones_own_but_cost_the_same() -> None:
    chances = PitchChances.of([])
    low, high = (Told.of(tone(hz, seconds), RATE, pairs, chances) for hz, seconds, pairs in ((90, 1.2, 60), (300, 0.8, 40)))
    swapped = low.instead(high)
    assert swapped.bits == low.bits
    seen, bits = swapped.given(side.STREAMS, side.STREAMS)
    assert seen.shape == (60, side.numbers(side.STREAMS)) and bits == sum(low.bits.values())
    assert np.array_equal(seen[10:30, 2], high.seen["f0"][10:30, 2])
    assert np.abs(seen[10:30, 2] - low.seen["f0"][10:30, 2]).min() > 1.5
    nothing, free = low.given((), side.STREAMS)
    assert free == 0 and not nothing.any()


def test_none_told_is_the_network_as_it_was_and_streams_begin_as_zeros() -> None:
    torch = pytest.importorskip("torch")
    from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig
    from melpact.train.recipes.codec import BESIDE, widened

    sizes = {"encoder_width": 16, "encoder_blocks": 1, "decoder_width": 16, "decoder_blocks": 1, "prior_width": 8, "size": 4}
    torch.manual_seed(0)
    plain, told = (WaveformCodecNetwork(WaveformConfig(**sizes, side=n)) for n in (0, 5))
    shapes = {key: value.shape for key, value in plain.state_dict().items()}
    assert {key: value.shape for key, value in told.state_dict().items() if value.shape != shapes[key]}.keys() == {
        f"{name}.weight" for name in BESIDE
    }
    told.load_state_dict(widened(plain.state_dict(), told.state_dict()))
    coded, seen = torch.round(2 * torch.randn(1, 8, 240)), torch.randn(1, 4, 5)
    kept = torch.ones(1, 1, 4)
    assert torch.equal(plain.latent(coded, coded, kept), told.latent(coded, coded, kept, seen))
    values = plain.latent(coded, coded, kept)
    assert torch.allclose(plain.spread(values, coded).mean, told.spread(values, coded, seen).mean, atol=1e-5)
    assert torch.allclose(plain.decoder(coded, values).added, told.decoder(coded, values, seen).added, atol=1e-5)


def test_a_network_that_is_told_streams_becomes_no_file() -> None:
    from melpact.core.errors import ContractError
    from melpact.models.codec.waveform.file import made

    with pytest.raises(ContractError, match="side streams"):
        made("x", {"bins": 240, "bands": 20, "side": 5}, {}, {}, {}, {})


def test_withheld_streams_are_zeros_and_cost_nothing() -> None:
    torch = pytest.importorskip("torch")
    from melpact.train.recipes._codec_side import Beside

    class Nothing:
        batch, fingerprint = 200, "x"

        def batch_at(self, step: int, *, rank: int, world: int) -> dict[str, np.ndarray]:
            raise NotImplementedError

    class One:
        name, speaker, seconds = "a", "", 2.0

        def samples(self) -> np.ndarray:
            return tone(100, 2.0)

    beside = Beside(Nothing(), [One()], side.STREAMS, PitchChances.of([]), 1.5, 240)
    assert beside.bits == pytest.approx([1.5, 48 / 100])
    batch = {"side": torch.ones(200, 3, side.numbers(side.STREAMS))}
    seen, spent = beside.given(batch, 0.5, torch.Generator().manual_seed(0))
    pitch, voice = (seen[:, :, part] for part in (slice(0, 67), slice(67, 80)))
    told = torch.stack([pitch.amin((1, 2)), voice.amin((1, 2))], 1)
    assert torch.equal(told, torch.stack([pitch.amax((1, 2)), voice.amax((1, 2))], 1))
    assert torch.allclose(spent, told @ torch.tensor([1.5, 0.48]))
    assert {tuple(row) for row in told.int().tolist()} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert 0.35 < float(told.mean()) < 0.65
    assert Beside.given(beside, batch, 0.0, torch.Generator())[0].min() == 1


def test_a_training_with_streams_learns_to_use_them() -> None:
    pytest.importorskip("torch")
    from melpact.train.feed import Part
    from melpact.train.loop import Trainer
    from melpact.train.recipes import recipe
    from melpact.train.runtime import runtime
    from train.material import Tones

    codec = recipe("codec")
    changes = {**codec.debug.model_dump(), "side": ["f0"], "turns": ["sound"], "optimiser": {"lr": 1e-3, "warmup_steps": 0}}
    settings = codec.made(changes)
    with runtime("cpu", "float32") as place:
        trainer = Trainer(codec.build(settings, Tones(3, rate=24000)), settings, place)
        layer = trainer.task.players["sound"].decoder.embed.weight
        before = layer[:, -side.NUMBERS["f0"] :].detach().clone()
        for step in range(2):
            trainer.advance([Part(0, dict(trainer.task.source.batch_at(step, rank=0, world=1)), 1.0)])
        assert (layer[:, -side.NUMBERS["f0"] :] - before).abs().max() > 1e-4
        measured = trainer.task.measure()
        assert 0 < measured["step -1"]["kbit_s"].null < measured["step -1"]["kbit_s"].value


def test_totals_are_equal_whatever_is_told() -> None:
    torch = pytest.importorskip("torch")
    from benchmarks.codec_side import Coding

    from melpact.nn.codecs.coefficients import CoefficientPrior, PriorConfig
    from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig

    torch.manual_seed(0)
    sizes = {"encoder_width": 16, "encoder_blocks": 1, "decoder_width": 16, "decoder_blocks": 1, "prior_width": 8, "size": 4}
    sound = WaveformCodecNetwork(WaveformConfig(**sizes, side=side.numbers(side.STREAMS))).eval()
    prior = CoefficientPrior(PriorConfig(width=4, near=4, inside=4, summary=4)).eval()
    samples = tone(120, 0.4)
    told = Told.of(samples, RATE, 20, PitchChances.of([]))
    with torch.no_grad():
        coding = Coding(samples, 240, prior)
        for wanted in ((), side.STREAMS):
            numbers, cost = told.given(wanted, side.STREAMS)
            seen = torch.from_numpy(numbers)[None]
            place, point = coding.met(9000 - cost, sound, seen, False)
            assert sum(point.parts) + cost <= 9000
            assert sum(coding.at(place + 1, sound, seen, False).parts) + cost > 9000
            assert coding.heard(point, sound, seen).shape == coding.real.shape
