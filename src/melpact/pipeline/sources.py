"""What stands at the start of a chain without a model (a mel, or audio whose mel is taken), and a wanted description at the
end of one without a vocoder."""

from __future__ import annotations

from typing import Any

from melpact.audio.audio import Audio
from melpact.bridges.ways import said
from melpact.contract.dialect import Dialect, as_spec
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import SpecMismatch
from melpact.pipeline.ports import Context, Port, Stage


class MelInput(Stage):
    """Mels of one description, as they are."""

    name = "mel"

    def __init__(self, spec: MelSpec | Dialect | str) -> None:
        self.spec = as_spec(spec)

    def takes(self) -> Port:
        return Port("mel", self.spec)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.spec)

    def run(self, value: Mel, context: Context) -> Mel:
        return value

    def facts(self) -> dict[str, Any]:
        return {"stage": "mel", "spec": self.spec.facts()}

    def how(self) -> tuple[str, str]:
        return "mel given", ""


class Extraction(Stage):
    """The mel of audio of any rate."""

    name = "extraction"

    def __init__(self, spec: MelSpec | Dialect | str) -> None:
        self.spec = as_spec(spec)

    def takes(self) -> Port:
        return Port("audio")

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.spec)

    def run(self, value: Audio, context: Context) -> Mel:
        from melpact.features.analysis import extract

        return extract(value, self.spec, threads=1)

    def facts(self) -> dict[str, Any]:
        return {"stage": "extraction", "spec": self.spec.facts()}

    def how(self) -> tuple[str, str]:
        return "mel extracted", ""


class To(Stage):
    """A mel of this description and no other: what a chain without a vocoder ends in."""

    name = "to"

    def __init__(self, spec: MelSpec | Dialect | str) -> None:
        self.spec = as_spec(spec)

    def takes(self) -> Port:
        return Port("mel", self.spec)

    def gives(self, taken: Port) -> Port:
        return Port("mel", self.spec)

    def run(self, value: Mel, context: Context) -> Mel:
        if value.spec != self.spec:
            raise SpecMismatch("is of another description", where="to", got=said(value.spec), wanted=said(self.spec))
        return value

    def facts(self) -> dict[str, Any]:
        return {"stage": "to", "spec": self.spec.facts()}

    def how(self) -> tuple[str, str]:
        return "written as it is", ""
