"""`Pipeline`: stages whose hand-overs are checked before anything runs, and again while it does.

Stages are in files of their own; the record of a run is in `record`, making a chain from a description in `building`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from melpact.audio.audio import Audio
from melpact.bridges.ways import said
from melpact.contract.mel import Mel
from melpact.core.errors import ContractError, MelpactError, SpecMismatch
from melpact.core.records import digest
from melpact.models.refine.base import Refiner
from melpact.normalise.calibration import Calibration
from melpact.pipeline.acoustic import AcousticModel
from melpact.pipeline.bridging import ALLOWED, Allow, Bridging, between, class_of, cost
from melpact.pipeline.calibrated import Calibrated
from melpact.pipeline.impossible import Findings, look
from melpact.pipeline.normaliser import Undo
from melpact.pipeline.ports import Context, Port, Predicted, Stage
from melpact.pipeline.record import Run, recorded
from melpact.pipeline.refining import Refined
from melpact.pipeline.sources import Extraction, MelInput
from melpact.pipeline.vocoding import Melpact
from melpact.vocoders.base import Vocoder

Joinable = Stage | Vocoder | Calibration | Refiner
_MEANT = {"features": "an array, or several by name", "text": "a text", "mel": "a Mel", "audio": "an Audio"}


@dataclass(frozen=True)
class Link:
    """One stage in its place, with what goes in and what comes out."""

    stage: Stage
    takes: Port
    gives: Port

    def to_json(self) -> dict[str, Any]:
        """Plain values: what goes in, what comes out, how, and for a bridge its class and what it costs."""
        how, price = self.stage.how()
        found: dict[str, Any] = {"stage": self.stage.name, "takes": self.takes.to_json(), "gives": self.gives.to_json()}
        found |= {"how": how, "cost": price, "inserted": self.stage.inserted}
        if isinstance(self.stage, Bridging):
            way = self.stage.way
            expected = 0.0 if way.kind == "exact" else None if way.expected is None else way.expected.error_nat
            found |= {"class": class_of(way), "fields": [f.change for f in way.difference.changed]}
            found |= {"expected_error_nat": expected, "invented": way.invented or None, "expected_cost": cost(way)}
        return found


class Pipeline:
    """A chain of stages that fit, or an error.

    Args:
        stages: in order: `AcousticModel` (or `MelInput`, `Extraction`), `Calibrated` or a `Calibration`, `Refined` or a
            `Refiner`, and a vocoder (`OwnVocoder`, or one of melpact's) or `To`. A model's normaliser is undone and exact
            bridges are put in between without being asked for; both stand in `links`.
        allow: "exact"; "fitted" lets an estimate join two stages, "lossy" also one that invents bands.
        findings: "stop" the run where the doctor is sure that the mel is not what it is said to be, or only "record" it.
        seed: of every random number: own code that takes `rng`, torch's generator.

    Raises:
        SpecMismatch: two stages that no allowed bridge joins, or a calibration of another description.
        ContractError: stages in an order that makes no sense, a calibration of another model, a normaliser undone twice.
    """

    def __init__(
        self,
        stages: Sequence[Joinable],
        *,
        allow: Allow = "exact",
        findings: Findings = "stop",
        seed: int = 0,
    ) -> None:
        if allow not in ALLOWED:
            raise ContractError("no such allowance", where="allow", got=repr(allow), wanted=", ".join(ALLOWED))
        if findings not in ("stop", "record"):
            raise ContractError("no such way with findings", where="findings", got=repr(findings), wanted="stop or record")
        if not stages:
            raise ContractError("a pipeline needs stages", wanted="a model or a mel, then a vocoder or a description")
        self.allow, self.findings, self.seed = allow, findings, seed
        self.links: tuple[Link, ...] = tuple(_joined([_stage(one) for one in stages], allow))
        self._looked_at = _last_of_prediction(self.links)

    @property
    def takes(self) -> Port:
        """What `run` takes."""
        return self.links[0].takes

    @property
    def gives(self) -> Port:
        """What `run` gives."""
        return self.links[-1].gives

    @property
    def parallel(self) -> bool:
        """Whether several threads may call `run` at once."""
        return all(link.stage.parallel for link in self.links)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over everything that decides the result, wherever its files lie."""
        return digest({"pipeline": 1, **self._facts()})

    def _facts(self) -> dict[str, Any]:
        own = [link.stage.facts() for link in self.links if not _automatic(link.stage)]
        return {"allow": self.allow, "findings": self.findings, "seed": self.seed, "stages": own}

    def description(self) -> dict[str, Any]:
        """Plain values from which `building.rebuilt` makes this pipeline again."""
        facts = self._facts()
        places = [link.stage.place() for link in self.links if not _automatic(link.stage)]
        return {**facts, "places": places, "fingerprint": self.fingerprint}

    def runtime(self) -> dict[str, str]:
        """Versions of the packages that its models run on."""
        return {name: version for link in self.links for name, version in link.stage.runtime().items()}

    def table(self) -> list[dict[str, Any]]:
        """The chain, stage by stage: what goes in, what comes out, how, and what it costs."""
        return [link.to_json() for link in self.links]

    def run(self, value: Any, *, origin: Mapping[str, Any] | None = None) -> Run:
        """Take one input through all stages.

        Args:
            value: what `takes` says: an array or a mapping of arrays, a text, a `Mel` or an `Audio`.
            origin: where it comes from, for the record (path, sha256 …).

        Raises:
            ContractError, AxisError, SpecMismatch: a stage was given or gave what it must not; the message begins with the
                stage.
        """
        self._check_input(value)
        notes: list[dict[str, Any]] = []
        findings: list[dict[str, Any]] = []
        mel: Mel | None = None
        first, began = value, time.perf_counter()
        for i, link in enumerate(self.links):
            context, start = Context(self.seed, self.findings == "stop"), time.perf_counter()
            try:
                value = link.stage.run(value, context)
                if i == self._looked_at and isinstance(value, Mel):
                    looked = look(value, self.findings)
                    value, findings = looked.mel, [f.to_json() for f in looked.findings]
                    if looked.raised:
                        context.notes |= {"raised_to_floor": looked.raised, "raised_by_nat": looked.deepest_nat}
            except MelpactError as error:
                error.what = f"{link.stage.name}: {error.what}"
                raise
            _check_output(value, link)
            mel = value if isinstance(value, Mel) else mel
            notes.append({"stage": link.stage.name, "seconds": time.perf_counter() - start, **context.notes})
        record = recorded(self, first, value, origin or {}, notes, findings, time.perf_counter() - began)
        return Run(value, mel, record)

    def _check_input(self, value: Any) -> None:
        wanted = self.takes
        fits = {
            "features": isinstance(value, np.ndarray | Mapping | list | tuple),
            "text": isinstance(value, str),
            "mel": isinstance(value, Mel),
            "audio": isinstance(value, Audio),
        }[wanted.kind]
        if not fits:
            raise ContractError(
                "this pipeline takes something else",
                got=type(value).__name__,
                wanted=f"{_MEANT[wanted.kind]} ({wanted.words()})",
            )
        if isinstance(value, Mel) and value.spec != wanted.spec and wanted.spec is not None:
            raise SpecMismatch(
                "this pipeline takes another mel",
                got=said(value.spec),
                wanted=said(wanted.spec),
                next=value.spec.diff(wanted.spec).summary(),
            )


def _stage(one: Joinable) -> Stage:
    if isinstance(one, Stage):
        return one
    if isinstance(one, Vocoder):
        return Melpact(one)
    if isinstance(one, Calibration):
        return Calibrated(one)
    if isinstance(one, Refiner):
        return Refined(one)
    raise ContractError(
        "is no stage",
        got=type(one).__name__,
        wanted="AcousticModel, MelInput, Extraction, To, OwnVocoder, a Calibration, a Refiner or a Vocoder of melpact",
    )


def _automatic(stage: Stage) -> bool:
    """Whether a chain puts it in by itself, so that it does not stand in a description."""
    return isinstance(stage, Undo | Bridging)


def _joined(stages: list[Stage], allow: Allow) -> list[Link]:
    """The stages with all that has to stand between them."""
    first = stages[0]
    if isinstance(first, Melpact) and first.takes().spec is None:
        raise ContractError(
            "a chain that begins with this vocoder takes any mel, and so checks none",
            wanted="MelInput(dialect) in front of it",
        )
    if first.takes().kind == "mel" and not isinstance(first, MelInput | AcousticModel):
        spec = first.takes().spec
        stages = stages if spec is None else [MelInput(spec), *stages]
    links: list[Link] = []
    model: AcousticModel | None = None
    for stage in stages:
        if links:
            links += _between(links[-1], stage, allow)
        taken = links[-1].gives if links else stage.takes()
        if isinstance(stage, Calibrated):
            if any(isinstance(link.stage, Calibrated) for link in links):
                raise ContractError("nothing is calibrated twice", where="calibration", next="Leave one of them out")
            stage.check(model)
        links.append(Link(stage, taken if stage.takes().spec is None else stage.takes(), stage.gives(taken)))
        model = stage if isinstance(stage, AcousticModel) else model
    last = links[-1].gives
    if last.normalised and last.spec is not None:
        links.append(_undo(last))
    return links


def _undo(port: Port) -> Link:
    if port.spec is None:
        raise ContractError("a normaliser without a description cannot be undone")
    stage = Undo(port.spec, port.normaliser)
    stage.inserted = True
    return Link(stage, port, stage.gives(port))


def _between(before: Link, stage: Stage, allow: Allow) -> list[Link]:
    """What has to stand between a link and the next stage."""
    given, wanted = before.gives, stage.takes()
    where = f"hand-over from {before.stage.name} to {stage.name}"
    made: list[Link] = []
    if isinstance(stage, Undo):
        if not given.normalised or given.normaliser != stage.scaling or given.spec != stage.spec:
            raise ContractError(
                "would undo a normaliser that is not there" if not given.normalised else "would undo another normaliser",
                where=where,
                got=given.words(),
                wanted=wanted.words(),
                next="Leave it out: a model's own normaliser is undone by the pipeline",
            )
        return made
    if given.normalised:
        made.append(_undo(given))
        given = made[-1].gives
    if isinstance(stage, MelInput | Extraction) or given.kind != wanted.kind:
        raise ContractError("these stages do not follow each other", where=where, got=given.words(), wanted=wanted.words())
    if given.spec is None or wanted.spec is None or given.spec == wanted.spec:
        return made
    if isinstance(stage, Calibrated):
        raise SpecMismatch(
            "this calibration was fitted to mels of another description",
            where=where,
            got=said(given.spec),
            wanted=said(wanted.spec),
            next=f"{given.spec.diff(wanted.spec).summary()}. Fit one for it: melpact calibrate fit",
        )
    bridge = between(given.spec, wanted.spec, allow, where)
    made.append(Link(bridge, given, bridge.gives(given)))
    return made


def _last_of_prediction(links: Sequence[Link]) -> int:
    """Where the mel is looked at: behind the last stage of a prediction, before any bridge or vocoder; -1 where there is
    none."""
    if not any(isinstance(link.stage, AcousticModel | MelInput) for link in links):
        return -1
    ours = (MelInput, AcousticModel, Undo, Calibrated)
    return max(i for i, link in enumerate(links) if isinstance(link.stage, ours))


def _check_output(value: Any, link: Link) -> None:
    """Whether a stage gave what it said it would."""
    if isinstance(value, Mel | Predicted) and link.gives.spec is not None and value.spec != link.gives.spec:
        raise SpecMismatch(
            f"{link.stage.name} gave another mel than it said", got=said(value.spec), wanted=said(link.gives.spec)
        )
    rate = link.gives.sample_rate
    if isinstance(value, Audio) and rate is not None and value.sample_rate != rate:
        raise ContractError(f"{link.stage.name} gave another rate", got=value.sample_rate, wanted=rate)
