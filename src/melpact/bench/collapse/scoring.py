"""A sound measured against its clip, and remembered: every number of the laboratory that is about sound comes from here.

What was measured is kept by content in the bench's cache, so that a laboratory that was interrupted goes on where it
stopped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from melpact.audio.audio import Audio
from melpact.bench.align import pair
from melpact.bench.cache import Found, Shelf, metric_key
from melpact.bench.collapse.parts import Clip, Maker
from melpact.bench.metric import Metric, mean, metrics
from melpact.bench.run import in_unit
from melpact.bench.task import METRICS, observed
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import ContractError, MelpactError
from melpact.diagnose.dose_response import distance_nat, sounded

SPEECH = ("stoi", "pesq_wb", "mel_mae", "modulation", "word_error_rate")
SINGING = ("stoi", "f0_rmse", "mel_mae", "log_spectral_distance", "word_error_rate")


@dataclass(frozen=True)
class Outcome:
    """What one mel's sound got.

    Attributes:
        values: metric → the utterance's value; left out where it has none.
        reasons: metric → why not.
        distance_nat: of the mel from the right one, mean over values; NaN where it cannot be said.
        refused: why there is no such mel of this clip at all; then there are no values.
    """

    values: Mapping[str, float]
    reasons: Mapping[str, str]
    distance_nat: float = math.nan
    refused: str | None = None


class Scorer:
    """Measures sounds of clips in one description.

    Args:
        spec: of the laboratory.
        names: metrics; those that cannot be computed here, or need a text that no clip has, are left out and named in
            `unavailable`.
        texts: whether the clips' texts are known.
        cache: folder, or None.
        advance: told 1 per sound.
    """

    def __init__(
        self,
        spec: MelSpec,
        names: Sequence[str],
        *,
        texts: bool = False,
        seed: int = 0,
        cache: Path | None = None,
        advance: Callable[[int], None] = lambda n: None,
    ) -> None:
        self.spec, self.seed = spec, seed
        self._cache, self._advance = cache, advance
        self._unknown = metrics()
        self.unavailable: dict[str, str] = {}
        self.metrics: dict[str, Metric] = {}
        for name in names:
            known = self._unknown[name]
            reason = known.missing() or ("the texts are not known" if "text" in known.needs and not texts else None)
            if reason:
                self.unavailable[name] = reason
            else:
                self.metrics[name] = in_unit(known, spec)

    def averaged(self, name: str) -> Metric:
        """The metric as a mean of the utterances' own values, which is how the laboratory totals all of them."""
        return replace(self.metrics[name], total=mean)

    def of_mel(self, clip: Clip, key: Sequence[object], mel: Callable[[], Mel], maker: Maker) -> Outcome:
        """The sound that a vocoder makes of a mel.

        Args:
            key: what the mel is: names, doses, digests of code; it is made only where nothing is known under it.
        """
        return self._of(clip, [*key, "by", maker.name, maker.key], lambda: self._sound(clip, mel, maker))

    def of_sound(self, clip: Clip, key: Sequence[object], make: Callable[[], Audio]) -> Outcome:
        """A sound that is made of no mel."""
        return self._of(clip, [*key], lambda: (_tried(make), math.nan, None))

    def _sound(self, clip: Clip, mel: Callable[[], Mel], maker: Maker) -> tuple[Audio | str, float, str | None]:
        try:
            changed = mel()
        except ContractError as error:
            return "", math.nan, str(error).rstrip(".")
        apart = distance_nat(changed, clip.mel) if changed.n_mels == clip.mel.n_mels else math.nan
        return sounded(changed, maker.sound), apart, None

    def _of(self, clip: Clip, key: Sequence[object], make: Callable[[], tuple[Audio | str, float, str | None]]) -> Outcome:
        parts = ["collapse", 1, clip.digest, self.spec.fingerprint, self.seed, *[str(one) for one in key]]
        shelf = Shelf(self._cache, parts)
        keys = {name: metric_key(METRICS, name, self._unknown[name], clip.text) for name in self.metrics}
        known = {name: found for name in self.metrics if (found := shelf.get(keys[name])) is not None}
        facts = shelf.facts
        if facts is None or (facts.get("refused") is None and len(known) < len(self.metrics)):
            made, apart, refused = make()
            facts = {"distance_nat": None if math.isnan(apart) else apart, "refused": refused}
            shelf.keep_facts(facts)
            if refused is None:
                known |= self._measured(clip, made, [name for name in self.metrics if name not in known])
                for name, found in known.items():
                    shelf.put(keys[name], found)
            shelf.write()
        self._advance(1)
        distance = math.nan if facts["distance_nat"] is None else float(facts["distance_nat"])
        if facts["refused"] is not None:
            return Outcome({}, {}, distance, str(facts["refused"]))
        return self._told(known, distance)

    def _measured(self, clip: Clip, made: Audio | str, names: Sequence[str]) -> dict[str, Found]:
        if isinstance(made, str):
            return {name: Found(reason=made) for name in names}
        seed = int(clip.digest[:8], 16) ^ self.seed
        laid = pair(clip.sound, made, name=clip.name, text=clip.text, seed=seed, spec=self.spec)
        return {name: observed(self.metrics[name], laid) for name in names}

    def _told(self, known: Mapping[str, Found], distance: float) -> Outcome:
        values: dict[str, float] = {}
        reasons: dict[str, str] = {}
        for name in self.metrics:
            found = known[name]
            try:
                if found.reason is None:
                    values[name] = self.metrics[name].value([found.observation])
                else:
                    reasons[name] = found.reason
            except MelpactError as error:
                reasons[name] = str(error).rstrip(".")
        return Outcome(values, reasons, distance)


def _tried(make: Callable[[], Audio]) -> Audio | str:
    try:
        return make()
    except MelpactError as error:
        return str(error).rstrip(".")
