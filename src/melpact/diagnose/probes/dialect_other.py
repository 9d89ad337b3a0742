"""Every number is another published dialect's; only the count of bands agrees. Tried where no single field explains the
mel."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from melpact.contract.dialect import dialects, name_of
from melpact.contract.spec import MelSpec
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative

Floats = NDArray[np.float64]


def _of(spec: MelSpec) -> Callable[[Evidence], Floats | None]:
    return lambda evidence: evidence.extracted(spec)


def _alternatives(evidence: Evidence) -> Iterator[Alternative]:
    seen = {evidence.spec.fingerprint}
    believed = name_of(evidence.spec) or evidence.spec.fingerprint
    for found in dialects().values():
        if found.asks or found.spec.n_mels != evidence.spec.n_mels or found.spec.fingerprint in seen:
            continue
        seen.add(found.spec.fingerprint)
        spec = found.spec
        yield Alternative(
            "dialect_other",
            f"the mel is one of {found.name} where {believed} is believed",
            _of(spec),
            f"melpact redescribe PRED --dialect {found.name} -o OUT, then "
            f"melpact translate OUT --to {name_of(evidence.spec) or 'DIALECT'} -o DIR",
            free=1,
            spec=spec,
        )


PLUGIN = explained("dialect_other", _alternatives, needs="audio", late=True)
