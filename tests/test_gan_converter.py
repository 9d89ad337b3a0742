"""The trained converter: its file and its graph, what it is given, styles of voices, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from laws.converters import SPEC, pitch, speechlike, trained, voice  # noqa: E402
from melpact.cli.main import main  # noqa: E402
from melpact.contract import artifact  # noqa: E402
from melpact.contract.mel import Mel  # noqa: E402
from melpact.core.errors import ArtifactError, ContractError, NotAnArtifact  # noqa: E402
from melpact.features.active import loudness_db  # noqa: E402
from melpact.models.convert import gan_facts  # noqa: E402
from melpact.models.convert.gan import GanConverter  # noqa: E402
from melpact.models.convert.gan_graph import export, load  # noqa: E402
from melpact.models.convert.opening import METHODS, converter, gan_of  # noqa: E402
from melpact.models.convert.settings import Converting  # noqa: E402
from melpact.models.convert.shipped import converter_file  # noqa: E402
from melpact.models.convert.voice import Blend, Voice  # noqa: E402

torch.set_num_threads(1)
FRAMES = 121
MEL, HZ = speechlike(FRAMES, 3), pitch(FRAMES)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """As .converter and as .onnx."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = tmp_path_factory.mktemp("gan")
    return trained().save(folder / "x.converter"), export(trained(), folder / "y.onnx")


def test_file_and_graph_are_the_converter_itself(files: tuple[Path, Path]) -> None:
    mine = trained()
    wanted = mine(MEL, voice(), f0_hz=HZ).values
    for path in files:
        found = converter(path)
        assert isinstance(found, GanConverter)
        assert (found.fingerprint, found.encoder, found.n_weights) == (mine.fingerprint, mine.encoder, mine.n_weights)
        assert found.facts.provenance == {"trained": {"step": 7}} and found.spec == mine.spec
        np.testing.assert_allclose(found(MEL, voice(), f0_hz=HZ).values, wanted, atol=5e-3)
        np.testing.assert_allclose(found.style(voice()), mine.style(voice()), atol=2e-3)
    torch_made, onnx_made = (converter(path)(MEL, voice(), f0_hz=HZ).values for path in files)
    np.testing.assert_allclose(torch_made, onnx_made, atol=1e-4)
    assert [gan_of(path).facts.voices for path in files] == [("a", "a/1"), ()]
    assert files[0].read_bytes() == gan_of(files[0]).save(files[0].with_name("again.converter")).read_bytes()


def test_a_graph_of_two_networks_runs_each_alone(files: tuple[Path, Path]) -> None:
    found = load(files[1], trained().listener)
    style = np.ones((2, 8), np.float32)
    given = [np.zeros((2, n, 6), np.float32) for n in (found.listener.size, 80, 80, 82, 1)]
    assert found.changer.run([*given, style]).shape == (2, 80, 6)
    assert found.reference.run([np.zeros((3, 80, 9), np.float32), np.ones((3, 9), np.float32)]).shape == (3, 8)
    with pytest.raises(ContractError, match="cannot take"):
        found.changer.run([*given[:-1], given[0], style])


def test_the_harmonics_of_every_frame_are_those_of_the_source() -> None:
    from scipy.fft import dct

    made = trained()(MEL, voice(), f0_hz=HZ).values
    change = dct((made - MEL.values).astype(float), axis=0, norm="ortho")
    held = (made <= SPEC.floor_value + 0.01) | (made >= made.max(1, keepdims=True) - 0.01)
    free = ~held.any(axis=0)
    assert free.sum() > 20 and np.abs(change[:20, free]).mean() > 0.05
    assert np.abs(change[40:, free]).max() < 1e-3


def test_the_loudness_of_every_frame_is_that_of_the_source() -> None:
    made = trained()(MEL, voice(), f0_hz=HZ).values
    free = (made > SPEC.floor_value).all(axis=0)
    np.testing.assert_allclose(loudness_db(made, SPEC)[free], loudness_db(MEL.values, SPEC)[free], atol=0.01)
    louder = Mel(MEL.values + np.float32(np.log(2.0)), SPEC)
    np.testing.assert_allclose(
        trained()(louder, voice(), f0_hz=HZ).values[:, free], made[:, free] + np.log(2.0), atol=2e-3
    )


def test_the_harmonics_are_those_of_the_source() -> None:
    from scipy.fft import dct

    made = trained()(MEL, voice(), f0_hz=HZ).values
    change = dct((made - MEL.values).astype(float), axis=0, norm="ortho")
    free = (made > SPEC.floor_value + 1e-3).all(axis=0)
    assert free.any() and np.abs(change[:20, free]).mean() > 0.1
    assert (np.abs(change[40:, free]).max(axis=0) < 1e-4).mean() > 0.9


def test_utterances_of_a_voice_count_alike_however_loud_they_were() -> None:
    frames = voice().frames
    mels = frames.mels.copy()
    mels[:, : frames.lengths[0]] += np.float32(1.5)
    other = replace(voice(), frames=replace(frames, mels=mels))
    near = trained().style(other), trained().style(voice())
    np.testing.assert_allclose(*near, atol=1e-3)
    a, b = (trained()._about(MEL.values, SPEC, one, Converting()) for one in (other, voice()))
    np.testing.assert_allclose(a.picked, b.picked, atol=1e-4)


def test_pitch_content_picked_frames_and_style_matter() -> None:
    base = trained()(MEL, voice(), f0_hz=HZ).values
    for other in (
        trained()(MEL, voice(), f0_hz=HZ * 1.5).values,
        trained()(MEL, voice(9, 0.3), f0_hz=HZ).values,
        trained()(MEL, voice().with_embedding(-trained().style(voice()), trained().encoder), f0_hz=HZ).values,
        trained(1)(MEL, voice(), f0_hz=HZ).values,
    ):
        assert np.abs(other - base).mean() > 1e-3


def test_what_is_known_of_a_voice_is_found_once(tmp_path: Path) -> None:
    known = trained().knowing(voice())
    assert isinstance(known, Voice) and known.fingerprint == voice().fingerprint
    assert known.content is not None and known.content.encoder == trained().facts.content
    assert known.embedding is not None and known.embedding[1] == trained().encoder
    wanted = trained()(MEL, voice(), f0_hz=HZ).values
    kept = Voice.load(known.save(tmp_path / "a.voice"))
    for one in (known, kept):
        np.testing.assert_allclose(trained()(MEL, one, f0_hz=HZ).values, wanted, atol=1e-5)
    stale = voice().with_embedding(np.ones(8, np.float32), "0" * 16)
    np.testing.assert_allclose(trained().style(stale), trained().style(voice()), atol=1e-6)
    mix = trained().knowing(Blend.of([(voice(), 1.0), (voice(9), 3.0)]))
    assert [one.embedding is not None for one, _ in mix.parts] == [True, True]


def test_a_voice_that_it_was_adapted_to_has_its_own_style(tmp_path: Path) -> None:
    adapted = trained(0, ("a", voice().fingerprint))
    own = adapted.weights["styles"][1]
    np.testing.assert_allclose(adapted.style(voice()), own * np.sqrt(8) / np.linalg.norm(own), atol=1e-5)
    assert np.abs(adapted.style(voice()) - trained().style(voice())).max() > 0.1
    np.testing.assert_allclose(adapted.style(voice(9)), trained().style(voice(9)), atol=1e-6)
    assert adapted.knowing(voice()).embedding is None
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    graph = gan_of(export(adapted, tmp_path / "x.onnx"))
    assert graph.facts.voices == (voice().fingerprint,)
    np.testing.assert_allclose(graph.style(voice()), adapted.style(voice()), atol=1e-6)
    assert adapted.fingerprint != trained().fingerprint and adapted.encoder == trained().encoder


def test_a_blend_lies_between_its_voices() -> None:
    a, b = voice(), voice(9, 0.3, 1.0, 150.0)
    known = [trained()._about(MEL.values, SPEC, one, Converting()) for one in (a, b, Blend.of([(a, 3.0), (b, 1.0)]))]
    mixed = 0.75 * known[0].style + 0.25 * known[1].style
    np.testing.assert_allclose(known[2].style, mixed * np.sqrt(8) / np.linalg.norm(mixed), atol=1e-5)
    made = [trained()(MEL, one, f0_hz=HZ).values for one in (a, b, Blend.of([(a, 1.0), (b, 1.0)]))]
    assert all(np.abs(made[2] - one).mean() < np.abs(made[0] - made[1]).mean() for one in made[:2])
    none = Blend.of([(a, 1.0), (b, 0.0)])
    np.testing.assert_allclose(trained()(MEL, none, f0_hz=HZ).values, made[0], atol=1e-5)


def test_ratio_lies_on_the_way() -> None:
    whole = trained()(MEL, voice(), f0_hz=HZ).values
    half = trained()(MEL, voice(), Converting(ratio=0.5), f0_hz=HZ).values
    inside = (whole > SPEC.floor_value) & (half > SPEC.floor_value)
    np.testing.assert_allclose(half[inside], ((MEL.values + whole) / 2)[inside], atol=1e-4)


def test_another_content_encoder_is_refused(files: tuple[Path, Path]) -> None:
    mine = trained()
    other = replace(mine.facts, content="0123456789abcdef")
    with pytest.raises(ContractError, match="another content encoder"):
        GanConverter.build(other, mine.weights, mine.listener)
    with pytest.raises(ContractError, match="another content encoder"):
        load(files[1], replace(mine.listener, exported="0123456789abcdef"))


def test_weights_and_sizes_that_do_not_belong_together_are_refused() -> None:
    mine = trained()
    lacking = {name: value for name, value in mine.weights.items() if name != "styles"}
    with pytest.raises(ContractError, match="1 missing"):
        GanConverter.build(mine.facts, lacking, mine.listener)
    wide = replace(mine.facts, sizes={**mine.facts.sizes, "width": 64})
    with pytest.raises(ContractError, match="not those of a converter"):
        GanConverter.build(wide, mine.weights, mine.listener)
    with pytest.raises(ContractError, match="number of bands or of content"):
        GanConverter.build(replace(mine.facts, sizes={**mine.facts.sizes, "content": 12}), mine.weights, mine.listener)
    with pytest.raises(ContractError, match="receptive field"):
        GanConverter.build(replace(mine.facts, receptive_field=(1, 1)), mine.weights, mine.listener)
    with pytest.raises(ContractError, match="no converter has these sizes"):
        GanConverter.build(replace(mine.facts, sizes={**mine.facts.sizes, "width": -1}), mine.weights, mine.listener)


def test_broken_files_are_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="does not exist"):
        converter(tmp_path / "none.converter")
    for path in files:
        cut = tmp_path / f"cut{path.suffix}"
        cut.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(ArtifactError):
            converter(cut)
    with pytest.raises(ArtifactError):
        converter(_renamed(voice().save(tmp_path / "a.voice"), ".converter"))
    found = artifact.read(files[0], gan_facts.KIND)
    for config in ({}, {**found.config, "method": "other"}, {**found.config, "receptive_field": [-1, 2]}):
        odd = artifact.write(tmp_path / "odd.converter", replace(found, config=config))
        with pytest.raises(NotAnArtifact, match="what kind of converter"):
            converter(odd)
    fewer = {name: value for name, value in found.tensors.items() if name != "stats.mean"}
    with pytest.raises(ContractError, match=r"stats\.mean"):
        converter(artifact.write(tmp_path / "odd.converter", replace(found, tensors=fewer)))


def test_a_graph_of_something_else_is_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from melpact.models.convert.shipped import content_file

    with pytest.raises(NotAnArtifact, match="something else"):
        converter(content_file(".onnx"))
    model = onnx.load(str(files[1]))
    said = json.loads(model.metadata_props[0].value)
    for changed, text in (({"schema": 99}, "another version"), ({"statistics": {}}, "stats"), ({"styles": "?"}, "no whole")):
        onnx.helper.set_model_props(model, {"melpact": json.dumps({**said, **changed})})
        onnx.save(model, str(tmp_path / "z.onnx"))
        with pytest.raises((ArtifactError, ContractError), match=text):
            converter(tmp_path / "z.onnx")


def test_names_that_are_none_and_a_converter_that_does_not_ship() -> None:
    with pytest.raises(ContractError, match="no such method"):
        converter("ganz")
    assert "gan" in METHODS
    try:
        assert converter_file().exists()
    except ArtifactError as error:
        assert "melpact train converter" in str(error)
        with pytest.raises(ArtifactError, match="comes with"):
            converter("gan")


def test_the_one_that_ships_is_opened_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("melpact.models.convert.opening.gan", trained)
    assert converter("melpact_converter") is trained()


def test_a_graph_has_no_weights(files: tuple[Path, Path], tmp_path: Path) -> None:
    graph = gan_of(files[1])
    for refused in (lambda: graph.save(tmp_path / "x.converter"), lambda: export(graph, tmp_path / "x.onnx")):
        with pytest.raises(ContractError):
            refused()


def test_the_command(files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["converter", "show", str(files[0])]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert trained().fingerprint in text and "adapted to nobody" in text and "7 steps" in text
    left, right = trained().facts.receptive_field
    assert f"{right} ahead: {1000 * right * 256 / 22050:.0f} ms" in text
    assert main(["converter", "convert", str(files[0]), "-o", str(tmp_path / "z.onnx"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["runtime"] == "onnxruntime" and said["fingerprint"] == trained().fingerprint
    assert said["sees"] == [left + left % 2, right]
    assert gan_of(tmp_path / "z.onnx").fingerprint == trained().fingerprint
    assert main(["show", str(files[0])]) == 2 and "melpact converter show" in capsys.readouterr().err
    file, graph = map(str, files)
    back = ["convert", graph, "-o", str(tmp_path / "a.converter")]
    for wrong in (["show", file, "-o", "x"], ["convert", file], ["show", "statistics"], ["convert", file, "-o", file], back):
        assert main(["converter", *wrong]) == 2
    capsys.readouterr()
    assert main(["converter", "show", str(tmp_path / "anna.voice")]) == 2
    said = capsys.readouterr().err
    assert "anna.voice: is no trained converter" in said and "--method" not in said


def _renamed(path: Path, suffix: str) -> Path:
    return path.rename(path.with_suffix(suffix))
