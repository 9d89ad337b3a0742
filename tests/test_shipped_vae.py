"""The mel VAE that comes with the package: small, one thing as file and as graph, and better than its null."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("constriction")

from melpact.audio import samples
from melpact.cli.main import main
from melpact.contract.dialect import dialect
from melpact.features.analysis import extract, to_rate
from melpact.models.codec.rate import Rate
from melpact.models.codec.vae.opening import vae
from melpact.models.codec.vae.shipped import NAMES, is_shipped, shipped
from melpact.verbs.mel_codec import mel_codec

every = pytest.mark.parametrize("name", NAMES)


@every
def test_it_is_small_and_its_card_says_what_it_must(name: str) -> None:
    assert is_shipped(name) and not is_shipped("melpact_small")
    for suffix in (".vae", ".onnx"):
        assert shipped(name, suffix).stat().st_size < 4_000_000
    card = shipped(name, ".md").read_text(encoding="utf-8")
    assert all(f"## {word}" in card for word in ("Data", "Licence", "Training", "Figures")) and "null" in card


@every
def test_file_and_graph_say_the_same(name: str) -> None:
    pytest.importorskip("torch")
    graph, file = vae(name), vae(shipped(name, ".vae"))
    assert graph.fingerprint == file.fingerprint and graph.spec == dialect("hifigan_22k").spec
    mel = extract(to_rate(samples.load("en_noservice"), 22050), graph.spec)
    latent = graph.encode(mel)
    assert np.abs(latent - file.encode(mel)).max() < 1e-3
    assert np.abs(graph.decode(latent).values - file.decode(latent).values).max() < 1e-3


@every
def test_its_streams_are_far_nearer_than_the_null(name: str) -> None:
    codec = mel_codec(name)
    audio = to_rate(samples.load("ru_nocallback"), codec.sample_rate)
    true = extract(audio, codec.vae.spec).values
    null = np.abs(true - true.mean(1, keepdims=True)).mean()
    errors, sizes = [], []
    for quality in (1, 4, 8):
        stream = codec.encode(audio, rate=Rate.quality(quality))
        errors.append(np.abs(codec.mel_of(stream).values[:, : true.shape[1]] - true).mean() / null)
        sizes.append(8 * len(stream) / audio.n_samples * audio.sample_rate / 1000)
    assert errors[0] > errors[1] > errors[2] and errors[1] < 0.27
    assert sizes[0] < 2.2 and sizes[1] < 3.8 and sizes[2] < 6.5


@every
def test_its_streams_are_known_without_its_name(name: str, tmp_path: Path) -> None:
    source = samples.path("en_noservice")
    assert main(["codec", "encode", str(source), "-o", str(tmp_path / "s"), "--with", name, "-q"]) == 0
    assert main(["codec", "decode", str(tmp_path / "s" / "en_noservice.melc"), "-o", str(tmp_path / "d"), "-q"]) == 0
    assert (tmp_path / "d" / "en_noservice.wav").exists()
