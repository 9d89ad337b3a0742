"""Files that are not what the manifest says: another length, rate or content since the import."""

from __future__ import annotations

from melpact.corpus.checks._check import Case, Check, Flaw, fix
from melpact.corpus.inspection import Inspected
from melpact.corpus.manifest import Utterance


def _differs(utterance: Utterance, found: Inspected) -> bool:
    fits = utterance.offset_samples + utterance.n_samples <= found.n_samples
    same = not utterance.sha256 or utterance.sha256 == found.sha256
    return not (fits and same and (utterance.sample_rate, utterance.channels) == (found.sample_rate, found.channels))


def _mended(utterance: Utterance, found: Inspected) -> Utterance | None:
    if utterance.offset_samples:
        return None
    return utterance.replace(
        n_samples=found.n_samples, sample_rate=found.sample_rate, channels=found.channels, sha256=found.sha256
    )


def _find(case: Case) -> Flaw | None:
    bad = {u.id: (u, found) for u, found in case.readable() if _differs(u, found)}
    if not bad:
        return None
    u, found = next(iter(bad.values()))
    sentence = (
        f"{len(bad)} of {len(case.manifest)} files are not what the manifest says; {u.id}: {found.n_samples} samples at "
        f"{found.sample_rate} Hz, listed as {u.offset_samples + u.n_samples} at {u.sample_rate} Hz"
        + (", and its content changed" if u.sha256 and u.sha256 != found.sha256 else "")
    )
    repair = {id: _mended(*pair) for id, pair in bad.items()}
    remedy = f"Import again, or take the files as they are now (parts of files are left out): {fix(case, 'changed')}"
    return Flaw("changed", tuple(bad), len(bad), 0, "files", sentence, remedy, repair)


PLUGIN = Check("files that changed since the import, or are shorter than listed", _find)
