"""Every number is another published dialect's; only the count of bands agrees. Tried where no single field explains the
mel."""

from collections.abc import Iterator

from melpact.contract.dialect import dialects, name_of
from melpact.diagnose.evidence import Evidence
from melpact.diagnose.explained import explained
from melpact.diagnose.hypotheses import Alternative


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
            lambda e, s=spec: e.extracted(s),
            f"melpact translate PRED --dialect {found.name} --to {believed}",
            free=1,
            spec=spec,
        )


PLUGIN = explained("dialect_other", _alternatives, needs="audio", late=True)
