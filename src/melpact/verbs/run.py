"""`run`: the main job on one sound. Analysis, contract check, inversion or vocoder, what was kept, picture; all on disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melpact.audio.audio import Audio
from melpact.bench.anchor import Scene, anchors
from melpact.bridges.ways import Bridge
from melpact.contract.artifact import replacing
from melpact.contract.dialect import Dialect, as_spec, name_of
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError
from melpact.features.analysis import extract, to_rate
from melpact.models.refine.base import Refiner
from melpact.pipeline.bridging import Allow
from melpact.verbs.default_vocoder import WITHOUT_MODEL as WITHOUT_TRAINED
from melpact.verbs.default_vocoder import default_vocoder
from melpact.verbs.kept import Kept, kept
from melpact.verbs.picture import draw_mels
from melpact.verbs.pitches import Pitches
from melpact.verbs.refining import chosen, refined
from melpact.verbs.sounding import ready, sound_of
from melpact.verbs.targets import output_folder
from melpact.verbs.vocoder_checks import Checked, check
from melpact.vocoders.griffin_lim.vocoder import Effort, invert
from melpact.vocoders.neural.vocoder import NeuralVocoder
from melpact.vocoders.opening import vocoder as open_vocoder

MADE = "from the mel"
WITHOUT_MODEL = "without a model"
UNREFINED = "without the refiner"
NULLS = ("null: silence", "null: noise", "null: constant mel")
REFERENCE = "true phase"


@dataclass(frozen=True)
class VocoderUsed:
    """The trained vocoder that made the sound.

    Attributes:
        bridge: what brought the mel to the vocoder's description; None where it was its own.
        pitch: where the pitch that drove it came from; None where it takes none.
        checked: what was found on its sound.
        real_time: seconds of sound per second of computing.
    """

    path: str
    family: str
    dialect: str | None
    bridge: Bridge | None
    pitch: str | None
    checked: Checked
    real_time: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        way = None if self.bridge is None else self.bridge.to_json()
        return {**vars(self), "bridge": way, "checked": self.checked.to_json()}


@dataclass(frozen=True)
class RefinerUsed:
    """The refiner that stood between the mel and its sound.

    Attributes:
        changed: mean |change| per value before scaling, in the refiner's unit.
        note: what the law says ("" for nothing).
    """

    name: str
    title: str
    fingerprint: str
    changed: float
    note: str


@dataclass(frozen=True)
class RunReport:
    """What `run` found and wrote."""

    input: Path
    mel: Mel
    checks: tuple[tuple[str, bool, str], ...]
    rows: tuple[Kept, ...]
    files: dict[str, Path]
    vocoder: VocoderUsed | None = None
    refiner: RefinerUsed | None = None

    @property
    def sound(self) -> bool:
        """Whether every contract check passed."""
        return all(passed for _, passed, _ in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain values, as written to the report file."""
        return {
            "input": self.input.name,
            "dialect": self.mel.dialect,
            "fingerprint": self.mel.spec.fingerprint,
            "frames": self.mel.n_frames,
            "seconds": self.mel.duration_s,
            "checks": [{"check": c, "passed": p, "detail": d} for c, p, d in self.checks],
            "kept": [
                {
                    "metric": row.name,
                    "unit": row.unit,
                    "best": row.best if np.isfinite(row.best) else None,
                    "meaning": row.meaning,
                    **{
                        system: value if isinstance(value, float) else {"reason": value}
                        for system, value in row.values.items()
                    },
                }
                for row in self.rows
            ],
            "files": {what: path.name for what, path in self.files.items()},
            **({} if self.vocoder is None else {"vocoder": self.vocoder.to_json()}),
            **({} if self.refiner is None else {"refiner": vars(self.refiner)}),
        }


def run(
    input: str | Path,
    out: str | Path,
    dialect: MelSpec | Dialect | str | None = None,
    *,
    checkpoint: str | Path | NeuralVocoder | None = None,
    refiner: str | Path | Refiner | None = None,
    allow: Allow = "exact",
    effort: Effort | None = None,
    seed: int = 0,
) -> RunReport:
    """Take a sound through its mel and back, and say what was kept.

    With a trained vocoder its sound stands beside the one that melpact makes of the same mel without a model.

    Args:
        input: any file that libsndfile reads, or "sample:NAME" for a shipped prompt.
        out: folder; made if it does not exist. Gets `<name>.mel`, `<name>.wav` (made from the mel), `<name>.original.wav`
            (what the analysis saw), `<name>.png` and `<name>.json`.
        dialect: the mel to go through; by default the vocoder's own, or hifigan_22k without one.
        checkpoint: makes the sound: anything that `melpact.vocoders.opening.vocoder` opens, a vocoder, or "griffin_lim" for
            none; by default a shipped vocoder where there is one for the mel.
        refiner: refines the mel before its sound is made, which then stands beside that of the mel itself; what
            `melpact.models.refine.refiner` opens, or "default". The refined mel is written, too.
        allow: which bridges may turn the mel into the vocoder's, as for `vocode --with`.
        effort, seed: of the inversion ("best"); where `effort` is given without a checkpoint, no vocoder is taken.

    Raises:
        SpecMismatch: the vocoder takes another mel than `dialect`, and the bridge to it was not allowed.
        AudioError, DialectError, ContractError: see `melpact.core.errors`.
    """
    from melpact.audio.files import read, write
    from melpact.audio.samples import resolve

    input, folder = resolve(input), Path(out)
    maker, called = _maker(checkpoint)
    spec = as_spec(dialect) if dialect is not None else as_spec("hifigan_22k") if maker is None else maker.spec
    if checkpoint is None and effort is None and (chosen := default_vocoder(spec)) is not None:
        maker, called = chosen.maker, chosen.name
    source = read(input)
    mel = extract(source, spec)
    mel = Mel(mel.values, spec, mel.utterance, {"audio": input.name, **mel.provenance})
    output_folder(folder)
    files = {
        "mel": folder / f"{input.stem}.mel",
        "sound": folder / f"{input.stem}.wav",
        "original": folder / f"{input.stem}.original.wav",
        "picture": folder / f"{input.stem}.png",
        "report": folder / f"{input.stem}.json",
    }
    if input.resolve() in {path.resolve() for path in files.values()}:
        raise ContractError("the output would replace the input", where=input, next="Give another folder with -o")
    mel.save(files["mel"])
    again = Mel.load(files["mel"])
    original = to_rate(source, spec.sample_rate)
    heard, smoothed = _refined(again, refiner, seed)
    own = invert(heard, effort=effort or "best", seed=seed)
    made, used, others = own, None, {}
    if maker is not None:
        made, used = _vocoded(maker, called, heard, input, allow)
        others = {WITHOUT_MODEL: own.samples[0]}
    if smoothed is not None:
        files = {"mel": files.pop("mel"), "refined": folder / f"{input.stem}.refined.mel", **files}
        heard.save(files["refined"])
        plain = _vocoded(maker, called, again, input, allow)[0] if maker is not None else None
        others[UNREFINED] = _laid(plain or invert(again, effort=effort or "best", seed=seed), original)
    write(files["original"], original)
    write(files["sound"], made)
    systems = {MADE: _laid(made, original), **others, **references(original, again, seed=seed)}
    rows = kept(original.samples[0], systems, spec)
    draw_mels(
        files["picture"],
        [
            (f"{input.name}: the mel", again),
            *([] if smoothed is None else [("the refined mel", heard)]),
            ("the mel of the sound made from it", extract(made, spec)),
        ],
        title=f"{name_of(spec) or spec.fingerprint}: {spec.n_mels} bands, {spec.f_min:g} to {spec.f_max:g} Hz",
    )
    found = checks(source, original, mel, again, made)
    if used is not None:
        detail = "; ".join(used.checked.findings) or "fits its mel"
        found += (("the vocoder's sound", not used.checked.looks_untrained, detail),)
    report = RunReport(input, again, found, rows, files, used, smoothed)
    with replacing(files["report"]) as file:
        file.write((json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n").encode())
    return report


def _maker(checkpoint: str | Path | NeuralVocoder | None) -> tuple[NeuralVocoder | None, str]:
    """The vocoder that a user names, and how it is called."""
    if checkpoint is None or checkpoint == WITHOUT_TRAINED:
        return None, WITHOUT_TRAINED
    if isinstance(checkpoint, NeuralVocoder):
        return checkpoint, checkpoint.family
    return open_vocoder(checkpoint), str(checkpoint)


def _refined(mel: Mel, named: str | Path | Refiner | None, seed: int) -> tuple[Mel, RefinerUsed | None]:
    """The mel whose sound is made, and what refined it (None: nothing)."""
    if named is None:
        return mel, None
    taken = chosen(named, mel.spec)
    asked = taken.maker.asked(None).model_copy(update={"seed": seed})
    made = refined(mel, taken, asked)
    said = RefinerUsed(taken.name, taken.maker.title, taken.maker.fingerprint, made.changed, made.note)
    return made.mel, said


def _vocoded(maker: NeuralVocoder, path: str, mel: Mel, source: Path, allow: Allow) -> tuple[Audio, VocoderUsed]:
    """The vocoder's sound of the mel; the pitch, where it takes one, is the source's."""
    found = ready(mel, maker, allow, Pitches(audio=source), source)
    made, spent_s = sound_of(found, maker)
    real_time = made.duration_s / max(spent_s, 1e-9)
    checked = check(found.mel, made)
    return made, VocoderUsed(path, maker.family, name_of(maker.spec), found.bridge, found.pitch, checked, real_time)


def _laid(made: Audio, original: Audio) -> NDArray[np.float32]:
    """Samples at the rate and of the length of the original."""
    wave = to_rate(made, original.sample_rate).samples[0][: original.n_samples]
    return np.pad(wave, (0, original.n_samples - wave.size))


def references(original: Audio, mel: Mel, *, seed: int) -> dict[str, NDArray[np.float32]]:
    """The nulls, which keep nothing of the sound, and a reference: magnitudes from the mel, phase from the original."""
    scene = Scene(original, None, None, mel.spec, np.random.default_rng(seed))
    chosen = (*zip(NULLS, ("silence", "shaped_noise", "constant_mel")), (REFERENCE, "true_phase"))
    return {title: anchors()[name].make(scene).samples[0] for title, name in chosen}


def checks(source: Audio, original: Audio, mel: Mel, again: Mel, made: Audio) -> tuple[tuple[str, bool, str], ...]:
    """The contract, checked on the files just written: (check, passed, detail)."""
    spec = mel.spec
    found = [
        (
            "file keeps numbers and meaning",
            bool(np.array_equal(mel.values, again.values)) and again.spec == spec,
            f"fingerprint {again.spec.fingerprint}",
        ),
        (
            "frames fit the audio",
            spec.frames(original.n_samples) == mel.n_frames,
            f"{mel.n_frames} frames of {spec.hop_length} samples for {original.n_samples} samples",
        ),
    ]
    size = mel.values.size
    floored, clipped = mel.at_floor(), mel.clipped()
    found.append(("not all at the floor", floored < size, f"{floored / size:.1%} of the values at the floor"))
    if np.isfinite(spec.scaling.bounds()).any() or clipped.below or clipped.above:
        found.append(
            (
                "not all clipped",
                clipped.below + clipped.above < size,
                f"{clipped.below / size:.1%} clipped below, {clipped.above / size:.1%} above",
            )
        )
    limit = min(spec.physical_f_max_hz, original.sample_rate / 2)
    lost = _share_above(source, limit)
    found.append(("bandwidth", True, f"{lost:.2%} of the energy lies above {limit:g} Hz, where this mel holds nothing"))
    if source.sample_rate / 2 < spec.physical_f_max_hz:
        found.append(
            (
                "source reaches the top bands",
                False,
                f"the source ends at {source.sample_rate / 2:g} Hz, the mel at {spec.physical_f_max_hz:g} Hz: "
                "its top bands are empty",
            )
        )
    found.append(("no clipping", made.peak <= 1.0, f"peak of the result {made.peak:.3f}"))
    return tuple(found)


def _share_above(audio: Audio, limit_hz: float) -> float:
    x = audio.mono().samples[0].astype(np.float64)
    power = np.abs(np.fft.rfft(x)) ** 2
    total = float(power.sum())
    if total == 0:
        return 0.0
    return float(power[np.fft.rfftfreq(x.size, 1 / audio.sample_rate) > limit_hz].sum()) / total
