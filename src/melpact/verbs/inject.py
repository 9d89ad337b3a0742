"""`inject`: plant a fault of known kind and dose into a mel, to see what it does or whether it is found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from melpact.audio.audio import Audio
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.foreign import SUFFIXES, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.diagnose.faults import Fault, fault
from melpact.features.analysis import extract

Dose = Literal["mild", "clear", "gross"]
_DOSES: tuple[Dose, ...] = ("mild", "clear", "gross")


@dataclass(frozen=True)
class Injected:
    """A mel with a planted fault.

    `mel.spec` is what its user believes; what was done is in `mel.provenance["injected"]`. `path` is the file, if any.
    """

    mel: Mel
    code: str
    dose: float
    dose_name: str
    note: str
    path: Path | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "code": self.code,
            "dose": self.dose,
            "dose_name": self.dose_name,
            "note": self.note,
            "dialect": self.mel.dialect,
            "fingerprint": self.mel.spec.fingerprint,
            "frames": self.mel.n_frames,
            "path": None if self.path is None else str(self.path),
        }


def inject(
    source: str | Path | Mel | Audio,
    code: str,
    dose: float | Dose = "clear",
    *,
    out: str | Path | None = None,
    audio: str | Path | Audio | None = None,
    dialect: MelSpec | Dialect | str | None = None,
    seed: int = 0,
) -> Injected:
    """Plant a fault.

    Args:
        source: a mel (or mel file), or a sound (or sound file) whose mel is taken in `dialect` first.
        code: of the fault; `melpact.diagnose.faults.faults()` lists them.
        dose: "mild", "clear" or "gross", or a number in the fault's own unit.
        out: the mel file to write; nothing is written without it.
        audio: the sound of a mel, which faults that are made from sound need.
        dialect: of the sound's mel ("hifigan_22k" if left out), or of a mel file of another program.
        seed: of everything random; the same seed gives the same bits.

    Raises:
        MelpactError: no such fault; it cannot happen in this description, needs the sound, or this mel does not show it.
    """
    planted = fault(code)
    sound = _sound(audio)
    if isinstance(source, Mel):
        mel = source
    elif isinstance(source, Audio) or not _is_mel_file(source):
        if audio is not None:
            raise ContractError("two sounds were given", got=f"{source}, {audio}", wanted="a mel and its sound, or a sound")
        sound = _sound(source)
        mel = extract(source, dialect if dialect is not None else "hifigan_22k")
    else:
        mel = load(source, None if dialect is None else as_spec(dialect))
    amount = _amount(planted, dose)
    _check(planted, mel, sound)
    wrong = planted.inject(mel, amount, np.random.default_rng(seed), sound)
    done = {
        "code": code, "dose": amount, "dose_name": planted.name_of_dose(amount), "note": planted.note, "seed": seed,
        "melpact": version("melpact"), "of": dict(mel.provenance),
    }  # fmt: skip
    marked = Mel(wrong.values, wrong.spec, wrong.utterance, {"injected": done})
    path = None if out is None else marked.save(out)
    return Injected(marked, code, amount, planted.name_of_dose(amount), planted.note, path)


def _amount(planted: Fault, dose: float | Dose) -> float:
    known = f"{', '.join(_DOSES)}, or a number of 0 or more (unit: {planted.unit})"
    if isinstance(dose, str):
        if dose not in _DOSES:
            raise ContractError("no such dose", got=repr(dose), wanted=known)
        return float(planted.doses[_DOSES.index(dose)])
    if not math.isfinite(dose) or dose < 0:
        raise ContractError("no such dose", got=dose, wanted=known)
    return float(dose)


def _check(planted: Fault, mel: Mel, sound: Audio | None) -> None:
    """Refuse what no fault can be planted into."""
    if mel.n_frames == 0:
        raise ContractError("the mel has no frames", where="inject", got=f"shape {list(mel.values.shape)}")
    if planted.needs != "audio":
        return
    if sound is None:
        raise ContractError(
            f"the fault {planted.code} is made from the sound, not from the mel",
            where="inject",
            wanted="--audio FILE, the sound of this mel (or the sound itself in place of the mel)",
        )
    if sound.peak == 0:
        raise ContractError("the sound is digital silence, in which no fault can be heard", where="inject")
    expected = mel.spec.frames(round(sound.n_samples * mel.spec.sample_rate / sound.sample_rate))
    if abs(expected - mel.n_frames) > max(2, 0.02 * mel.n_frames):
        raise ContractError(
            "this sound does not belong to this mel",
            where="inject",
            got=f"a sound of {sound.duration_s:.2f} s, which gives {expected} frames",
            wanted=f"the sound of these {mel.n_frames} frames",
        )


def _is_mel_file(path: str | Path) -> bool:
    return Path(path).suffix.lower() in (".mel", *SUFFIXES)


def _sound(source: str | Path | Audio | None) -> Audio | None:
    if source is None or isinstance(source, Audio):
        return source
    from melpact.audio.files import read

    return read(source)
