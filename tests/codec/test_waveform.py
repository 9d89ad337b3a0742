"""The waveform codec: its arithmetic is exact, its expectations are the networks', its packets come back as they were."""

from __future__ import annotations

import tracemalloc
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from melpact.audio.audio import Audio  # noqa: E402
from melpact.audio.mdct import basis, mdct, overlapping  # noqa: E402
from melpact.core.errors import BrokenPacket, ContractError, NotAnArtifact  # noqa: E402
from melpact.models.codec import container  # noqa: E402
from melpact.models.codec.rate import Rate  # noqa: E402
from melpact.models.codec.streaming import Decoder, Encoder  # noqa: E402
from melpact.models.codec.waveform import steps as rules  # noqa: E402
from melpact.models.codec.waveform.codec import WaveformCodec  # noqa: E402
from melpact.models.codec.waveform.exact import MOST, ONE, WEIGHT_ONE, Layer, whole  # noqa: E402
from melpact.models.codec.waveform.expected import (  # noqa: E402
    HIGHEST,
    MEAN_STEP,
    SCALE_STEP,
    SCALES,
    Chances,
    CoefficientTables,
    LatentTables,
    Past,
    coefficient_tensors,
    latent_tensors,
    level_table,
)
from melpact.models.codec.waveform.facts import write  # noqa: E402
from melpact.models.codec.waveform.file import load, made  # noqa: E402
from melpact.models.codec.waveform.kernels import LOGIT_STEP, LOGITS  # noqa: E402
from melpact.models.codec.waveform.noise import signs  # noqa: E402
from melpact.models.codec.waveform.packing import Content, Packing  # noqa: E402
from melpact.nn.codecs import coefficients, latent  # noqa: E402
from melpact.nn.codecs.coefficients import CoefficientPrior, PriorConfig  # noqa: E402
from melpact.nn.codecs.mdct import Mdct  # noqa: E402
from melpact.nn.codecs.parts import Decodes, Encodes  # noqa: E402
from melpact.nn.codecs.waveform import WaveformCodecNetwork, WaveformConfig  # noqa: E402
from melpact.nn.torch_runtime import TorchRuntime, seeded, weights_of  # noqa: E402

SIZES = WaveformConfig(encoder_width=16, encoder_blocks=1, decoder_width=16, decoder_blocks=2, prior_width=8, size=4)
PRIOR = PriorConfig(width=6, near=5, inside=7, summary=8)


@cache
def networks() -> tuple[WaveformCodecNetwork, CoefficientPrior]:
    """With weights of about the size that trained ones have, so that every logit moves."""
    with seeded(5):
        network, prior = WaveformCodecNetwork(SIZES), CoefficientPrior(PRIOR)
        for parameter in prior.parameters():
            parameter.data += 0.4 * torch.randn_like(parameter)
        for parameter in network.prior.parameters():
            parameter.data += 0.3 * torch.randn_like(parameter)
    return network.eval(), prior.eval()


@cache
def codec(sample_rate: int = 16000) -> WaveformCodec:
    network, prior = networks()
    facts, tensors = made(
        "small", SIZES.model_dump(mode="json"), PRIOR.model_dump(mode="json"), weights_of(network), weights_of(prior), {}
    )
    return WaveformCodec(facts, tensors, TorchRuntime(Encodes(network)), TorchRuntime(Decodes(network)), sample_rate)


def sound(seconds: float = 1.3, rate: int = 16000, seed: int = 0) -> Audio:
    """A gliding harmonic tone with noise, louder and softer."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(140 + 40 * np.sin(5 * t)) / rate
    y = sum(np.sin(k * phase) / k for k in range(1, 20)) * (0.55 + 0.45 * np.sin(9 * t)) + 0.05 * rng.standard_normal(t.size)
    return Audio.of((0.15 * y).astype(np.float32), rate)


def some_content(seed: int, frames: int = 12, bins: int = 160, loud: float = 3.0) -> Content:
    rng = np.random.default_rng(seed)
    coded = np.rint(rng.laplace(0, loud / (1 + np.arange(bins) / 8), (frames, bins))).astype(np.int64)
    changes = rng.integers(-6, 7, frames // 2 - 1)
    chosen = np.clip(np.cumsum([60, *changes]), 0, 127)
    return Content(chosen, coded, rng.integers(-HIGHEST, HIGHEST + 1, (frames // 2, SIZES.size)), True)


def test_the_transform_gives_the_samples_back() -> None:
    samples = np.random.default_rng(0).standard_normal(160 * 9)
    found = mdct(samples, 160)
    frames = overlapping(found)
    back = frames[1:, :160] + frames[:-1, 160:]
    np.testing.assert_allclose(back.reshape(-1), samples[160:-160], atol=1e-12)
    np.testing.assert_allclose(basis(160).T @ basis(160), np.eye(160), atol=1e-12)
    ours = Mdct(160)
    np.testing.assert_allclose(ours(torch.tensor(samples[None], dtype=torch.float32))[0].numpy(), found, atol=2e-5)
    np.testing.assert_allclose(ours.inverse(torch.tensor(found[None]).float())[0].numpy(), samples[160:-160], atol=2e-5)


def test_one_content_at_every_rate() -> None:
    """What lies below 8 kHz has the same coefficients at 16 and at 24 kHz."""
    t16, t24 = (np.arange(160 * 9) + 0.5) / 16000, (np.arange(240 * 9) + 0.5) / 24000
    one, other = (sum(np.sin(2 * np.pi * f * t + f) for f in (210.0, 1333.0, 5020.0)) for t in (t16, t24))
    narrow, wide = rules.Frames.of(one, 160).coefficients, rules.Frames.of(other, 240).coefficients
    assert np.abs(narrow - wide[:, :160]).max() < 0.02 * np.abs(narrow).max()


def test_sums_are_exact_at_their_worst() -> None:
    rng = np.random.default_rng(1)
    weight = rng.choice([-127.9, 127.9, 3.3], (1024, 3))
    numbers, bias = whole(weight, np.array([100.0, -100.0, 0.1]))
    x = rng.choice([-MOST, MOST, 7], (4, 1024)).astype(np.float64)
    x[0], weight_signs = MOST, np.sign(numbers[:, 0])
    x[1] = MOST * weight_signs
    layer = Layer.of(numbers, bias)
    by_hand = np.array(
        [[(sum(int(a) * int(w) for a, w in zip(row, column)) + int(b) * ONE + WEIGHT_ONE // 2) // WEIGHT_ONE
          for column, b in zip(numbers.T, bias)] for row in x], dtype=object,
    )  # fmt: skip
    assert max(abs(int(v)) for v in by_hand.ravel()) * WEIGHT_ONE < 2**53
    assert np.array_equal(layer(x, rectified=False), np.clip(by_hand, -MOST, MOST).astype(np.float64))
    order = rng.permutation(1024)
    assert np.array_equal(Layer.of(numbers[order], bias)(x[:, order], rectified=True), layer(x, rectified=True))
    with pytest.raises(ValueError, match="1025"):
        whole(np.zeros((1025, 1)), np.zeros(1))


def test_what_is_expected_is_what_the_network_says() -> None:
    prior = networks()[1]
    tables = CoefficientTables(coefficient_tensors(weights_of(prior)), level_table())
    content = some_content(2, frames=14, bins=240)
    per_frame = np.repeat(content.steps, 2)
    with torch.no_grad():
        said = prior(torch.tensor(content.coded[None]).float(), torch.tensor(per_frame[None]))
    for exact, logits in zip(tables.packet(content.coded, per_frame), said, strict=True):
        expected = logits[0].numpy() * ONE / LOGIT_STEP + LOGITS / 2
        inside = (expected > 1) & (expected < LOGITS - 1)
        assert inside.mean() > 0.9 and np.ptp(exact) > 20
        assert np.abs(exact + 0.5 - expected)[inside].max() < 0.75


def test_a_decoder_expects_what_the_encoder_did() -> None:
    tables = CoefficientTables(coefficient_tensors(weights_of(networks()[1])), level_table())
    content = some_content(3, bins=120)
    per_frame = np.repeat(content.steps, 2)
    nonzero, more = tables.packet(content.coded, per_frame)
    past = Past.none(120)
    for frame, step in enumerate(per_frame):
        features, now = tables.before(past, int(step)), np.zeros(120)
        for index, offset in enumerate((0, 2, 1, 3)):
            one, two = tables.flags(index, features, now)
            assert np.array_equal(one, nonzero[frame, offset::4]) and np.array_equal(two, more[frame, offset::4])
            now[offset::4] = tables.level(content.coded[frame, offset::4])
        past.add(content.coded[frame], int(step))


def test_coefficients_cost_what_the_training_says() -> None:
    prior = networks()[1]
    packing = codec(24000)._packing
    content = some_content(4, frames=40, bins=240, loud=2.0)
    per_frame = np.repeat(content.steps, 2)
    values = torch.tensor(content.coded[None]).float()
    with torch.no_grad():
        said = coefficients.bits(values, prior(values, torch.tensor(per_frame[None])), torch.ones(1, 1, 240)).sum()
    plain = Content(content.steps, content.coded, np.zeros_like(content.latent), True)
    empty = Content(content.steps, np.zeros_like(content.coded), np.zeros_like(content.latent), True)
    written = 8 * len(packing.written(packing.priced(plain)))
    priced = packing.priced(plain).bits
    top = (np.nonzero(content.coded.any(0))[0][-1] // 4 + 1) * 4
    assert top > 200, "so that next to nothing is saved above"
    latents = packing.priced(plain).bits - packing.priced(empty).bits
    assert latents > 0 and abs(written - priced) < 0.01 * written + 40
    assert written == pytest.approx(float(said), rel=0.12)


def test_latents_are_expected_as_the_network_says() -> None:
    network = networks()[0]
    tables = LatentTables(latent_tensors(weights_of(network.prior), 12))
    content = some_content(6, frames=30, bins=240)
    values = torch.tensor(content.latent[None]).float()
    with torch.no_grad():
        said = network.spread(values, torch.tensor(content.coded[None]).float())
    chosen = Packing(codec()._packing.coefficients, tables, Chances.made())._latent_tables(content)
    mean, scale = (chosen // SCALES + 0.5) * MEAN_STEP / ONE - 4, (chosen % SCALES + 0.5) * SCALE_STEP / ONE - 2.5
    assert np.abs(mean - said.mean[0].numpy()).max() < 0.05 and np.abs(scale - said.log_scale[0].numpy()).max() < 0.13
    assert np.ptp(mean) > 0.5
    costs = -np.log2(np.take_along_axis(Chances.made().values[chosen], content.latent[..., None] + HIGHEST, 2))[..., 0]
    assert costs.sum() == pytest.approx(float(latent.bits(values, said).sum()), rel=0.05)


def test_tables_of_chances_are_chances() -> None:
    flags, sizes, values = vars(Chances.made()).values()
    assert (np.diff(flags) > 0).all() and flags[0] < 1e-4 and flags[-1] > 1 - 1e-4
    np.testing.assert_allclose(flags + flags[::-1], 1, atol=1e-6)
    np.testing.assert_allclose(values.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(sizes.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(sizes[90, 1:64] / sizes[90, :63], flags[90], rtol=1e-4)
    middle = values[64 * SCALES + 2]
    assert middle.argmax() == HIGHEST and middle.min() > 0


@pytest.mark.parametrize("change", ["plain", "nothing", "huge", "half", "flat", "two frames", "one coefficient"])
def test_a_packet_comes_back_as_it_was(change: str) -> None:
    packing, content = codec()._packing, some_content(7)
    if change == "nothing":
        content = Content(content.steps, np.zeros_like(content.coded), content.latent, True)
    elif change == "huge":
        loud = np.where(np.random.default_rng(0).random(content.coded.shape) < 0.2, rules.LARGEST, content.coded)
        loud[3] = -rules.LARGEST
        content = Content(content.steps, loud, content.latent, True)
    elif change == "half":
        few = content.latent.copy()
        few[:, SIZES.size // 2 :] = 0
        content = Content(content.steps, content.coded, few, False)
    elif change == "flat":
        content = Content(np.full_like(content.steps, 127), content.coded, content.latent, True)
    elif change == "two frames":
        content = Content(content.steps[:1], content.coded[:2], content.latent[:1], True)
    elif change == "one coefficient":
        alone = np.zeros_like(content.coded)
        alone[-1, 159] = -1
        content = Content(content.steps, alone, content.latent, True)
    data = packing.written(packing.priced(content))
    back = packing.read(data, len(content.coded), 160)
    for name in ("steps", "coded", "latent"):
        assert np.array_equal(getattr(back, name), getattr(content, name)), name
    assert back.all_of_it == content.all_of_it
    assert abs(8 * len(data) - packing.priced(content).bits) < 64 + 0.02 * 8 * len(data) or change == "huge"


def test_what_nobody_wrote_is_refused_or_bounded() -> None:
    packing, broken = codec()._packing, 0
    wide = some_content(8, bins=240, loud=40.0)
    with pytest.raises(BrokenPacket, match="above its sample rate"):
        packing.read(packing.written(packing.priced(wide)), 12, 160)
    for seed in range(60):
        data = np.random.default_rng(seed).bytes(int(np.random.default_rng(seed).integers(0, 90)))
        try:
            back = packing.read(data, 6, 160)
        except BrokenPacket:
            broken += 1
        else:
            assert np.abs(back.coded).max() <= 64 + 2**10 and back.coded.shape == (6, 160)
    assert broken > 5


def test_steps_follow_the_sound() -> None:
    octaves = np.array([-3.0, -3, -9, -3, -3, -20])
    chosen = rules.indices(octaves, -3.0, 0.5)
    assert chosen[0] == round(4 * (-3 + 0.5 + 20)) and np.abs(np.diff(chosen)).max() <= rules.MOST_CHANGE
    assert chosen[2] == chosen[0] - min(6, round(4 * rules.FOLLOWING * 4)) and chosen[-1] < chosen[0]
    louder = rules.Frames.of(8 * sound().samples[0][: 160 * 41], 160)
    quieter = rules.Frames.of(sound().samples[0][: 160 * 41], 160)
    np.testing.assert_allclose(louder.octaves - quieter.octaves, 3.0, atol=1e-6)
    assert rules.loudness(louder.octaves) == pytest.approx(rules.loudness(quieter.octaves) + 3)
    sizes = rules.sizes(chosen, 160)
    assert sizes.shape == (12, 160) and sizes[0, 0] == pytest.approx(2.0 ** (chosen[0] / 4 - 20))
    assert sizes[0, 20] / sizes[0, 0] == pytest.approx(2**rules.TILT)


def test_a_louder_sound_is_the_same_stream_but_for_its_steps() -> None:
    one, other = (codec().encode(Audio(gain * sound().samples, 16000), rate=Rate.quality(12)) for gain in (1.0, 0.125))
    assert abs(len(one) - len(other)) <= 2
    loud, quiet = (codec().decode(stream).samples for stream in (one, other))
    np.testing.assert_allclose(quiet, 0.125 * loud, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [16000, 24000])
def test_finer_steps_cost_more_and_follow_the_wave_better(rate_hz: int) -> None:
    audio, before = sound(rate=rate_hz), (0, -10.0)
    for step in (4, 9, 14, codec(rate_hz).steps - 1):
        stream = codec(rate_hz).encode(audio, rate=Rate.quality(step))
        made_of_it = codec(rate_hz).decode(stream)
        assert made_of_it.n_samples == audio.n_samples and made_of_it.sample_rate == rate_hz
        away = made_of_it.samples - audio.samples
        found = len(stream), float(10 * np.log10((audio.samples**2).sum() / (away**2).sum()))
        assert found[0] > 1.1 * before[0] and found[1] > before[1] + 1
        before = found
    assert before[1] > 15


def test_rates_are_kept() -> None:
    audio = sound(5.0)
    for kbit_s in (6.0, 16.0):
        stream = codec().encode(audio, rate=Rate.adaptive(kbit_s))
        assert 8 * len(stream) / 5.0 / 1000 == pytest.approx(kbit_s, rel=0.06)
        encoder = Encoder(codec(), rate=Rate.constant(kbit_s), packet_ms=200)
        payloads = [*encoder.push(audio.samples), *encoder.finish()]
        sizes = [8 * (len(one) + 6) / 200 for one in payloads[:-1]]
        assert max(sizes) <= kbit_s and np.mean(sizes) > 0.85 * kbit_s


@pytest.mark.parametrize("change", ["noise", "a burst", "far too loud"])
def test_no_packet_is_above_a_constant_rate(change: str) -> None:
    """Whatever the sound is: noise has no few loud coefficients, a burst lies far above the rest, steps have an end."""
    noise = np.random.default_rng(0).standard_normal(16000)
    loudness = {"noise": 0.1, "a burst": np.where(np.abs(np.arange(16000) - 9000) < 800, 0.3, 0.001), "far too loud": 3e4}
    audio = Audio.of((noise * loudness[change]).astype(np.float32), 16000)
    for kbit_s in (1.5, 3.0):
        header, payloads = container.read(codec().encode(audio, rate=Rate.constant(kbit_s), packet_ms=200))
        sizes = [8 * len(container.packet_bytes(0, one, 0)) / 200 for one in payloads[:-1]]
        assert max(sizes) <= kbit_s and header.packet_samples == 3200
    if change == "noise":
        payloads = container.read(codec().encode(audio, rate=Rate.adaptive(1.5), packet_ms=200))[1]
        assert 8 * sum(len(container.packet_bytes(0, one, 0)) for one in payloads[:-1]) / 1000 < 1.5 * 1.1


def test_silence_is_tried_once() -> None:
    """Where the finest steps cost less than a rate there is nothing left to be found."""
    one, times = codec(), []
    runtime = one._encodes
    one._encodes = SimpleNamespace(run=lambda inputs: times.append(1) or runtime.run(inputs))
    try:
        one.encode(Audio.of(np.zeros(8000, np.float32), 16000), rate=Rate.constant(8.0), packet_ms=2000)
    finally:
        one._encodes = runtime
    assert len(times) == 1


def test_a_long_sound_takes_memory_for_its_coefficients_alone() -> None:
    samples = np.random.default_rng(0).standard_normal(160 * 12_001).astype(np.float32)
    tracemalloc.start()
    try:
        found = rules.Frames.of(samples, 160)
        codec()._rough(found, 0.0, 0.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * samples.nbytes
    for begin in (0, 999 * 160, 11_000 * 160):
        piece = mdct(samples[begin : begin + 160 * 3], 160) / rules.scale(160)
        np.testing.assert_allclose(found.coefficients[begin // 160 :][:2], piece, atol=1e-5)


def test_decoding_keeps_no_packet() -> None:
    """What a packet says is made sound at once: a stream of an hour takes the memory of its samples."""
    audio = Audio.of(np.random.default_rng(0).standard_normal(16000 * 40).astype(np.float32) * 1e-3, 16000)
    stream = codec().encode(audio, rate=Rate.quality(0), packet_ms=1000)
    tracemalloc.start()
    try:
        codec().decode(stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * audio.samples.nbytes


def test_in_pieces_as_in_the_whole() -> None:
    audio = sound(1.0)
    encoder = Encoder(codec(), rate=Rate.quality(10), packet_ms=40)
    payloads: list[bytes] = []
    for begin in range(0, 16000, 333):
        payloads += encoder.push(audio.samples[:, begin : begin + 333])
    payloads += encoder.finish()
    decoder = Decoder(codec(), encoder.header)
    blocks = [decoder.push(one) for one in payloads]
    heard = np.concatenate([*blocks, decoder.finish(16000)], 1)[:, :16000]
    assert blocks[0].shape[1] == 640 - 160, "half of the last frame waits"
    away = heard - audio.samples
    assert 10 * np.log10((audio.samples**2).sum() / (away**2).sum()) > 6
    assert encoder.delay.samples == 640 + 160


@pytest.mark.parametrize("samples", [np.zeros(8000), np.zeros(1), np.full(4000, 0.9), np.ones(50) * 1e-7])
def test_odd_sounds_survive(samples: np.ndarray) -> None:
    audio = Audio.of(samples.astype(np.float32), 16000)
    for rate in (Rate.adaptive(3.0), Rate.constant(8.0), Rate.quality(20)):
        back = codec().decode(codec().encode(audio, rate=rate))
        assert back.n_samples == samples.size
        assert np.abs(back.samples).max() <= 1.5 * np.abs(samples).max() + 1e-4


def test_noise_is_decided_by_its_place() -> None:
    whole_of_it = signs(0, 400, 160)
    assert np.array_equal(signs(37, 5, 100), whole_of_it[37:42, :100]) and set(np.unique(whole_of_it)) == {-1.0, 1.0}
    assert abs(whole_of_it.mean()) < 0.02 and abs((whole_of_it[1:] * whole_of_it[:-1]).mean()) < 0.02
    assert abs((whole_of_it[:, 1:] * whole_of_it[:, :-1]).mean()) < 0.02


def test_a_lost_packet_fades_and_those_after_it_are_heard() -> None:
    audio = sound(3.0)
    stream = codec().encode(audio, rate=Rate.quality(14), packet_ms=500)
    whole_of_it, with_gap = (codec().decode(stream, lost=lost).samples[0] for lost in ((), (2,)))
    np.testing.assert_array_equal(whole_of_it[: 16000 - 160], with_gap[: 16000 - 160])
    gap, level = with_gap[16000:23000], np.sqrt((whole_of_it[16000:23000] ** 2).mean())
    assert np.sqrt((gap[-2000:] ** 2).mean()) < 0.3 * level
    after = slice(24000 + 8000, 46000)
    assert np.abs(with_gap[after] - whole_of_it[after]).max() < 1e-5


def test_files_are_whole_or_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    network, prior = networks()
    folder = tmp_path_factory.mktemp("codec")
    facts, tensors = made(
        "small",
        SIZES.model_dump(mode="json"),
        PRIOR.model_dump(mode="json"),
        weights_of(network),
        weights_of(prior),
        {"a": 1},
    )
    write(folder / "small.codec", facts, tensors)
    opened = load(folder / "small.codec", 24000)
    assert opened.fingerprint == facts.fingerprint == codec().fingerprint and opened.facts.provenance == {"a": 1}
    with pytest.raises(ContractError, match="16000 Hz or 24000 Hz"):
        opened.at(22050)
    other = {**tensors, "exact/levels": tensors["exact/levels"] + 1}
    write(folder / "other.codec", facts, other)
    assert load(folder / "other.codec").fingerprint != facts.fingerprint
    for name in ("exact/coefficients/place", "exact/latents/out.weight", "exact/chances/sizes", "network/decoder.out.bias"):
        write(folder / "lacking.codec", facts, {key: value for key, value in tensors.items() if key != name})
        with pytest.raises(NotAnArtifact, match=r"no whole codec|do not fit"):
            load(folder / "lacking.codec")
