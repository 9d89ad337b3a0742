"""One mel and what is laid beside it: reads mel, target and sound, and says what cannot be compared. Judges nothing.

What cannot be compared at all is a mistake of whoever asked (silence as the sound, NaN in the target); what can be compared
only in part is a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from melpact.audio.audio import Audio
from melpact.bridges.ways import bridge
from melpact.contract.dialect import name_of
from melpact.contract.foreign import Axes, is_foreign, load
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import AudioError, ContractError
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.finding import Finding

Given = str | Path | Mel
_FEWEST_FRAMES = 8
_FRAMES_APART, _SHARE_APART = 3, 0.02


@dataclass(frozen=True, eq=False)
class Beside:
    """The evidence, the description that the file itself gives, and facts that are no faults."""

    evidence: Evidence
    own: MelSpec
    notes: list[str]


@dataclass(frozen=True)
class Reading:
    """How files are read: `read_as` a foreign file's description, `believed` what the next program takes the mel for."""

    read_as: MelSpec | None = None
    believed: MelSpec | None = None
    axes: Axes | None = None
    key: str | None = None


def laid(name: str, mel: Given, target: Given | None, audio: str | Path | Audio | None, how: Reading) -> Beside:
    """Read everything.

    Raises:
        MelpactError: a file that cannot be read; another number of bands than believed; a target with NaN or infinity, or
            that does not vary; a sound that is silent or shorter than one frame.
    """
    made = _mel(mel, how.read_as, how)
    own, notes = made.spec, []
    if how.believed is not None and how.believed != own:
        notes.append(f"examined as {_said(how.believed)}; the file says {_said(own)}")
        made = _as_believed(name, made, how.believed)
    there = None if target is None else _mel(target, how.read_as or made.spec, how)
    sound = _audio(audio)
    if there is not None:
        _check_target(there, target)
        notes += _about_target(made, there)
    if sound is not None:
        _check_sound(sound, made, audio)
        frames = _frames(sound, made.spec)
        if there is None or there.spec != made.spec or there.n_frames != frames:
            notes += _about_length(made, frames, f"the sound lasts {sound.duration_s:.2f} s")
    if made.n_frames < _FEWEST_FRAMES:
        notes.append(
            f"{made.n_frames} frame{'s' if made.n_frames > 1 else ''}: too short to be compared or judged; only single "
            "values (floor, ceiling, NaN) were looked at"
        )
    return Beside(Evidence(made, there, sound), own, notes)


def uncompared(name: str, evidence: Evidence, findings: list[Finding]) -> list[str]:
    """A note where what was given could not be compared, although the mel itself shows what is wrong with it.

    Raises:
        ContractError: nothing could be compared, and nothing else was found: silence would be taken for health.
    """
    if (evidence.target is None and evidence.audio is None) or evidence.solution is not None:
        return []
    frames = min(evidence.values.shape[1], 0 if evidence.reference is None else evidence.reference.shape[1])
    why = f"the two share {frames} frames" if frames < _FEWEST_FRAMES else "one of the two does not vary"
    if findings or evidence.values.shape[1] < _FEWEST_FRAMES:
        return [f"nothing could be compared with what was given: {why}"]
    raise ContractError(
        "nothing could be compared with what was given",
        where=name,
        got=why,
        wanted=f"at least {_FEWEST_FRAMES} frames of the same sound on both sides",
        next="Without --target and --audio the values alone are examined",
    )


def expected_frames(evidence: Evidence) -> int | None:
    """Frames that the sound gives, or that the target has; None where neither says."""
    if evidence.audio is not None:
        return _frames(evidence.audio, evidence.spec)
    if evidence.target is not None and evidence.target.spec == evidence.spec:
        return evidence.target.n_frames
    return None


def _said(spec: MelSpec) -> str:
    return name_of(spec) or spec.fingerprint


def _as_believed(name: str, mel: Mel, believed: MelSpec) -> Mel:
    if believed.n_mels != mel.n_mels:
        way = bridge(mel.spec, believed)
        lossy = " --allow-lossy" if way.kind == "refused" else ""
        cost = f"expected error {way.expected.error_nat:.3f} nat" if way.expected is not None else way.kind
        raise ContractError(
            "has another number of bands than what it is for",
            where=name,
            got=f"{mel.n_mels} bands",
            wanted=f"{believed.n_mels} bands ({_said(believed)})",
            next=f"Translate it ({cost}): melpact translate {name} --to {_said(believed)} -o OUT{lossy}",
        )
    facts = mel.utterance if believed.scaling == mel.spec.scaling else {}
    return Mel(mel.values, believed, facts, mel.provenance)


def _check_target(target: Mel, given: object) -> None:
    where = given if isinstance(given, str | Path) else "the target"
    bad = int(np.count_nonzero(~np.isfinite(target.values)))
    if bad:
        raise ContractError(
            "the target holds NaN or infinity, and nothing can be measured against it",
            where=where,
            got=f"{bad} of {target.values.size} values",
            wanted="finite numbers",
            next="Make the target again: melpact extract AUDIO -o OUT --dialect NAME",
        )
    if target.values.size and target.n_frames >= _FEWEST_FRAMES and float(np.ptp(target.values)) == 0.0:
        raise ContractError(
            "every value of the target is the same, so that nothing can be compared with it",
            where=where,
            got=f"{float(target.values.flat[0]):g} throughout",
            wanted="the mel of some sound",
        )


def _check_sound(sound: Audio, mel: Mel, given: object) -> None:
    where = given if isinstance(given, str | Path) else "the sound"
    if sound.peak == 0:
        raise AudioError(
            "the sound is digital silence, and no mel can be compared with it",
            where=where,
            got=f"{sound.duration_s:.2f} s of zeros",
            wanted="the sound that the mel belongs to",
            next="Without --audio the values alone are examined",
        )
    samples = round(sound.n_samples * mel.spec.sample_rate / sound.sample_rate)
    if samples < mel.spec.min_samples():
        raise AudioError(
            "the sound is too short for one frame",
            where=where,
            got=f"{samples} samples at {mel.spec.sample_rate} Hz",
            wanted=f"at least {mel.spec.min_samples()}",
            next="Without --audio the values alone are examined",
        )


def _frames(sound: Audio, spec: MelSpec) -> int:
    return spec.frames(round(sound.n_samples * spec.sample_rate / sound.sample_rate))


def _about_target(mel: Mel, target: Mel) -> list[str]:
    if target.spec == mel.spec:
        return _about_length(mel, target.n_frames, "the target")
    words = target.spec.diff(mel.spec)
    exact = words.worst in ("same", "exact") and words.algebraic
    how = "converted exactly" if exact else "compared through its sound, which costs precision"
    return [f"the target is in another dialect ({_said(target.spec)}): {how}"]


def _about_length(mel: Mel, frames: int, whose: str) -> list[str]:
    """Nothing for a frame or two, the plain lengths for a little more, a warning for more."""
    apart = abs(frames - mel.n_frames)
    if apart == 0 or (whose != "the target" and apart <= _FRAMES_APART):
        return []
    told = f"{whose} has {frames} frames" if whose == "the target" else f"{whose}, which gives {frames} frames"
    if apart <= max(_FRAMES_APART, _SHARE_APART * max(frames, mel.n_frames)):
        return [f"{told}, the mel {mel.n_frames}"]
    share = apart / max(frames, mel.n_frames)
    shared = min(frames, mel.n_frames)
    return [
        f"{told}, the mel {mel.n_frames}: {share:.0%} apart; at most the first {shared} were compared. One of the two "
        "is cut, or the hop or the sample rate is another"
    ]


def _mel(given: Given, spec: MelSpec | None, how: Reading) -> Mel:
    foreign = not isinstance(given, Mel) and is_foreign(given)
    mel = given if isinstance(given, Mel) else load(given, spec if foreign else None, axes=how.axes, key=how.key)
    values = mel.values
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    return mel if values is mel.values else Mel(values, mel.spec, mel.utterance, mel.provenance)


def _audio(given: str | Path | Audio | None) -> Audio | None:
    if given is None or isinstance(given, Audio):
        return given
    from melpact.audio.files import read
    from melpact.audio.samples import resolve

    return read(resolve(given))
