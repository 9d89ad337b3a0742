"""Your acoustic model, your vocoder, no noise: from a mel and a foreign checkpoint to sound, on the command line alone.

For a checkpoint in every foreign layout (random weights): look at it, import it, turn it into a graph, make sound of a mel
in its own dialect and of one that an exact bridge leads to it; a mel that needs an estimate is refused, with the field and
the bridge named. That the sounds are those of the programs that the layouts come from is in `test_layout_parity`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import melpact as mp
from laws.checkpoints import CHECKPOINTS, Foreign
from melpact.audio.files import read
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling
from melpact.contract.spec import MelSpec

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

FRAMES = 48
WRITTEN = 1e-4
"""Of full scale: what a file of 16 bits keeps, and what batch sizes change."""
BRIDGED = 2e-3
"""Of full scale: a log taken in another base rounds the mel in its last bits, which random weights make audible."""


def command(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    from melpact.cli.main import main

    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def spoken(spec: MelSpec) -> Mel:
    """Speech in that description, as an acoustic model would predict it: the beginning of a shipped recording."""
    whole = mp.extract("sample:en_noservice", spec)
    begin = whole.n_frames // 3
    return Mel(np.ascontiguousarray(whole.values[:, begin : begin + FRAMES]), spec)


def an_exact_bridge_away(spec: MelSpec) -> MelSpec:
    """The same mel as another program says it: without the scaling, or in another log."""
    if not isinstance(spec.scaling, NoScaling):
        return spec.replace_quietly(scaling=NoScaling(), reference=0.0)
    return spec.replace_quietly(log="log10" if spec.log == "ln" else "ln")


def wanted(made: Foreign, mel: Mel) -> Any:
    return made.ours(mel).samples[0]


@pytest.mark.parametrize("name", sorted(CHECKPOINTS))
def test_from_a_mel_and_a_foreign_checkpoint_to_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    made = CHECKPOINTS[name](tmp_path / "theirs")
    spec = made.ours.spec
    asked = [word for key, value in made.named.items() for word in (f"--{key}", value)]
    mine, graph = tmp_path / "mine.vocoder", tmp_path / "mine.onnx"

    if asked:
        code, _, err = command(capsys, "vocoder", "show", made.opened)
        assert code == 2 and asked[0] in err
    code, out, err = command(capsys, "vocoder", "show", made.opened, *asked, "--json")
    assert code == 0, err
    sheet = json.loads(out)
    assert (sheet["family"], sheet["hop_length"]) == (made.ours.family, spec.hop_length)
    assert sheet["spec"] == json.loads(json.dumps(spec.facts()))
    code, out, err = command(capsys, "vocoder", "import", made.opened, "-o", mine, *asked)
    assert code == 0 and mine.is_file(), err
    code, out, err = command(capsys, "vocoder", "convert", mine, "-o", graph)
    assert code == 0 and graph.is_file(), err

    own = spoken(spec)
    if "f0" in made.ours.inputs:
        pitch = np.where(np.arange(own.n_frames) % 9 < 7, 220.0, 0.0).astype(np.float32)
        heard = made.ours.batch([own], [pitch])[0].samples[0]
        for path in (mine, graph):
            np.testing.assert_allclose(mp.vocoder(path).batch([own], [pitch])[0].samples[0], heard, rtol=0, atol=WRITTEN)
        return

    own.save(tmp_path / "own.mel")
    code, out, err = command(capsys, "vocode", tmp_path / "own.mel", "-o", tmp_path / "own.wav", "--with", made.opened)
    assert code == 0, err
    assert "bridge:" not in out
    sound = read(tmp_path / "own.wav")
    assert (sound.sample_rate, sound.n_samples) == (spec.sample_rate, own.n_samples)
    assert sound.peak > 0.005
    np.testing.assert_allclose(sound.samples[0], wanted(made, own), rtol=0, atol=WRITTEN)

    spoken(an_exact_bridge_away(spec)).save(tmp_path / "other.mel")
    code, out, err = command(capsys, "vocode", tmp_path / "other.mel", "-o", tmp_path / "other.wav", "--with", graph)
    assert code == 0, err
    assert "bridge:" in out and "exact" in out
    np.testing.assert_allclose(read(tmp_path / "other.wav").samples, sound.samples, rtol=0, atol=BRIDGED)

    spoken(spec.replace_quietly(padding="same" if spec.padding == "centre" else "centre")).save(tmp_path / "wrong.mel")
    code, _, err = command(capsys, "vocode", tmp_path / "wrong.mel", "-o", tmp_path / "wrong.wav", "--with", mine)
    assert code == 2 and not (tmp_path / "wrong.wav").exists()
    assert "takes another mel" in err and "padding" in err and "--allow fitted" in err
