"""Content features and retrieval: what an encoder's file gives back, which frames are found, what a teacher's file says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.dialect import dialect
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError
from melpact.features.active import active
from melpact.features.analysis import extract
from melpact.features.pitch import track_pitch
from melpact.features.voice_shift import shifted
from melpact.models.convert.content import listener
from melpact.models.convert.learning import learn
from melpact.models.convert.opening import converter
from melpact.models.convert.retrieval import RetrievalConverter, contents, envelope, nearest
from melpact.models.convert.settings import Converting
from melpact.models.convert.shipped import content_file
from melpact.normalise.centring import RANGE_DB, centred, loud_mean
from melpact.train.taught import Cepstra, Teacher, times

SPEC = dialect("hifigan_22k").spec


def speech(seed: int, frames: int = 120) -> np.ndarray:
    """Values of a mel with loud and quiet stretches."""
    rng = np.random.default_rng(seed)
    loud = 3 * np.sin(np.arange(frames) / 7)[None]
    shape = np.cumsum(rng.normal(0, 0.5, (80, frames)), 1)
    return np.clip(-5 + loud + shape - shape.mean(), np.log(1e-5), 2).astype(np.float32)


def prompt(number: int) -> Mel:
    """The mel of a recording that ships."""
    return extract(resample(samples.load(samples.names()[number]), SPEC.sample_rate), SPEC)


def test_a_colour_of_the_sound_is_taken_out() -> None:
    plain = speech(0)
    plain = np.maximum(plain, plain.max() - 5)  # nothing below the range, with or without the colour
    colour = np.linspace(-0.5, 0.5, 80, dtype=np.float32)[:, None]
    loud = centred(plain, SPEC)
    np.testing.assert_allclose(centred(plain - 2.0, SPEC), loud, atol=1e-5)
    np.testing.assert_allclose(centred(plain + colour, SPEC), loud, atol=1e-5)
    level = plain.mean(0)
    on = level >= (np.percentile(level, 5) + np.percentile(level, 95)) / 2
    assert 10 < on.sum() < 110
    np.testing.assert_allclose(loud[:, on].mean(1), 0, atol=1e-5)
    np.testing.assert_allclose(loud_mean(plain), plain[:, on].mean(1), atol=1e-6)


def test_how_deep_silence_is_says_nothing() -> None:
    deep = speech(1)
    deep[:, 50:60] = np.log(1e-5)
    lowest = deep.max() - RANGE_DB / 20 * np.log(10)  # amplitudes: 60 dB are a factor of 1000
    np.testing.assert_allclose(centred(deep, SPEC), centred(np.maximum(deep, lowest), SPEC), atol=1e-5)
    with pytest.raises(ContractError, match="logarithm"):
        centred(deep, SPEC.replace_quietly(log="none"))


def test_the_nearest_are_found_and_equals_in_their_order() -> None:
    target = np.array([[1, 0, 1, 0, -1], [0, 1, 0.1, 1, 0]], np.float32)
    source = np.array([[2, 0], [0, 5]], np.float32)
    assert nearest(source, target, 2).tolist() == [[0, 2], [1, 3]]
    assert nearest(source, target, 99).tolist() == [[0, 2, 1, 3, 4], [1, 3, 2, 0, 4]]
    with pytest.raises(ContractError, match="look up"):
        nearest(source, target[:, :0], 1)


def test_the_nearest_of_many_are_those_of_a_plain_search() -> None:
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(6, 1100)).astype(np.float32), rng.normal(size=(6, 700)).astype(np.float32)
    a, b = (one / np.sqrt((one.astype(np.float64) ** 2).sum(0)) for one in (source, target))
    wanted = np.argsort(-(a.T @ b), axis=1)[:, :5]
    found = nearest(source, target, 5)
    assert np.array_equal(found, wanted)
    assert np.array_equal(nearest(source[:, :30], target, 5), wanted[:30])


def test_what_an_envelope_leaves_out() -> None:
    wave = np.cos(np.pi * (np.arange(80) + 0.5)[:, None] * np.array([[3, 40]]) / 80).astype(np.float32)
    np.testing.assert_allclose(envelope(wave, 24), wave * [1, 0], atol=1e-5)


def test_a_teacher_is_asked_at_the_middles_of_frames(tmp_path: Path) -> None:
    ramp = np.arange(50, dtype=np.float16)[:, None] * np.ones((1, 3), np.float16)
    one = Teacher("of", 50.0, np.eye(5, 3, dtype=np.float32), {"b": ramp, "a": -ramp[:7]}, {"recogniser": "a ramp"})
    back = Teacher.load(one.save(tmp_path / "x.teacher"))
    assert back.fingerprint == one.fingerprint and back.size == 3
    np.testing.assert_array_equal(back.features["a"], -ramp[:7])
    wanted, known = back.taught("b", np.zeros((80, 4), np.float32), times(SPEC, 80, 4))
    np.testing.assert_allclose(wanted[1], (np.arange(80, 84) + 0.5) * 256 / 22050 * 50, atol=1e-3)
    assert known.tolist() == [True] * 4
    assert back.taught("b", np.zeros((80, 2), np.float32), np.array([0.97, 0.99]))[1].tolist() == [True, False]


def test_the_null_of_a_teacher_is_the_cepstrum() -> None:
    values = speech(2)
    found, known = Cepstra(SPEC, 6).taught("", values, np.zeros(120))
    from scipy.fft import dct

    own = dct(centred(values, SPEC), axis=0, norm="ortho")[1:7]
    np.testing.assert_allclose(found, own / own.std(), atol=1e-3)
    assert known.all()


torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def ears(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained encoder's file."""
    from melpact.models.convert.content import Listener
    from melpact.nn.content_encoder import ContentEncoder, ContentEncoderConfig
    from melpact.nn.torch_runtime import seeded, weights_of

    torch.set_num_threads(1)
    config = ContentEncoderConfig(n_mels=80, size=12, width=24, blocks=2)
    with seeded(0):
        weights = weights_of(ContentEncoder(config))
    made = Listener.build(SPEC, np.full(80, 2.0, np.float32), config.model_dump(mode="json"), weights)
    return made.save(tmp_path_factory.mktemp("ears") / "x.content")


def test_a_graph_says_what_its_file_says(ears: Path, tmp_path: Path) -> None:
    one = listener(ears)
    graph = listener(one.export(tmp_path / "x.onnx"))
    for frames in (1, 2, 7, 120):
        values = speech(3, frames)
        made = one(values)
        assert made.shape == (12, frames) and np.abs(made.mean(1)).max() < 1e-4
        np.testing.assert_allclose(graph(values), made, atol=1e-4)
    assert graph.fingerprint == one.fingerprint and graph.spec == SPEC and graph.size == 12
    with pytest.raises(ContractError, match="encoder takes"):
        one(values[:40])
    with pytest.raises(MelpactError, match="not exist"):
        listener(tmp_path / "none.content")
    (tmp_path / "bad.onnx").write_bytes(b"no graph")
    with pytest.raises(MelpactError, match="ONNX"):
        listener(tmp_path / "bad.onnx")


def test_what_the_network_sees() -> None:
    from melpact.nn.content_encoder import ContentEncoder, ContentEncoderConfig, receptive_field
    from melpact.nn.torch_runtime import seeded

    config = ContentEncoderConfig(n_mels=4, size=3, width=8, blocks=2)
    with seeded(1):
        network = ContentEncoder(config).double().eval()
    mel = torch.zeros(1, 4, 81, dtype=torch.float64, requires_grad=True)
    left, right = receptive_field(config)
    reach = []
    for at in (40, 41):
        (gradient,) = torch.autograd.grad(network(mel)[0, :, at].sum() ** 2 + network(mel)[0, 0, at], mel)
        seen = torch.nonzero(gradient.abs().sum((0, 1)) > 0).flatten()
        reach.append((at - int(seen.min()), int(seen.max()) - at))
    assert (left, right) == (max(a for a, _ in reach), max(b for _, b in reach))
    assert left % 2 == 0  # a window that begins so far before an even frame begins at an even one


def test_a_voice_of_one_utterance_is_found_in_itself(ears: Path) -> None:
    mel = prompt(0)
    voice = learn([mel], [np.zeros(mel.n_frames, np.float32)])
    one = RetrievalConverter(listener(ears), smoothed=0, looked_up=1.0)
    knows = contents(one.listener, voice)
    assert contents(one.listener, knows) is knows
    made = one(mel, knows, Converting(neighbours=1))
    on = voice.frames.active
    np.testing.assert_allclose(made.values[:, on], mel.values[:, on], atol=1e-3)
    blurred = one(mel, knows, Converting(neighbours=16))
    assert np.abs(blurred.values - mel.values)[:, on].mean() > 0.1


def test_the_shipped_encoder_hears_the_same_on_torch_and_in_its_graph() -> None:
    graph, weights = (listener(content_file(suffix)) for suffix in (".onnx", ".content"))
    assert graph.fingerprint == weights.fingerprint == converter("retrieval").listener.fingerprint
    assert sum(content_file(suffix).stat().st_size for suffix in (".onnx", ".content")) < 8e6
    mel = prompt(0).values[:, :200]
    np.testing.assert_allclose(graph(mel), weights(mel), atol=1e-3)


def test_the_shipped_encoder_hears_less_of_a_voice_than_a_mel_says() -> None:
    """The vocal tract of a third more or less: the frame of the same moment is the nearest far more often."""
    sound = resample(samples.load(samples.names()[0]), SPEC.sample_rate)
    other = Audio.of(shifted(sound.samples[0], SPEC.sample_rate, track_pitch(sound.samples[0], SPEC.sample_rate),
                             semitones=4.0, formant=1.2), SPEC.sample_rate)  # fmt: skip
    mels = [extract(one, SPEC).values for one in (sound, other)]
    ears, null = listener(content_file()), Cepstra(SPEC, 13)
    shares = []
    for hear in (ears, lambda mel: null.taught("", mel, np.zeros(mel.shape[1]))[0]):
        found = nearest(hear(mels[0]), hear(mels[1]), 1)[:, 0]
        on = active(mels[0], SPEC)
        shares.append(float((np.abs(found - np.arange(len(found))) <= 4)[on].mean()))
    assert shares[0] > 0.7 and shares[0] > shares[1] + 0.1


def test_in_blocks_as_in_the_whole(ears: Path) -> None:
    first, second = (prompt(i) for i in range(2))
    voice = learn([second], [np.zeros(second.n_frames, np.float32)])
    one = RetrievalConverter(listener(ears))
    whole = one(first, voice)
    streamed = np.concatenate(list(one.stream(first, voice, block_frames=37)), axis=1)
    np.testing.assert_allclose(streamed, whole.values, atol=1e-3)
    assert isinstance(whole, Mel) and whole.n_frames == first.n_frames
    half = one(first, voice, Converting(ratio=0.5)).values
    inside = (whole.values > np.log(1e-5)) & (first.values > np.log(1e-5)) & (half > np.log(1e-5))
    assert np.abs(half - (whole.values + first.values) / 2)[inside].mean() < 0.05
