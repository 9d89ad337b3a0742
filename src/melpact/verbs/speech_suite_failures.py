"""How often a speaker fails: many sentences spoken, all looked at by the detectors, some listened to by the recogniser."""

from __future__ import annotations

from collections.abc import Mapping

from melpact.bench.cache import Found
from melpact.bench.conversion import ears as senses
from melpact.bench.speech.detectors import DETECTORS
from melpact.bench.speech.failures import any_of, counted
from melpact.bench.speech.pace import Pace
from melpact.bench.speech.saying import RECORDING, SPEECH, VOCODED, Asked, Said
from melpact.bench.speech.table import Failures
from melpact.bench.speech.understood import MEANINGS, Understood
from melpact.verbs.speech_suite_desk import Desk, Senses, facts_of
from melpact.verbs.speech_suite_hearing import Seen
from melpact.verbs.speech_suite_material import units

REFUSED, POOR, AGAIN = "refused", "poor", "tried again"
REFUSED_MEANING = "The speaker's own guard, or the speaker itself, gave a message in place of a sound."
POOR_DNSMOS = 1.3
POOR_MEANING = f"DNSMOS overall below {POOR_DNSMOS:g}, about what noise with the spectrum of speech gets."


def failures(
    desk: Desk, lengths: Mapping[str, Mapping[str, Seen]], paces: Mapping[str, Pace],
    heard: Mapping[str, Senses],
) -> Failures | None:  # fmt: skip
    """The counts, beside those of people's recordings.

    Args:
        lengths: row → held-out clip → what the detectors say. paces: language → how fast people speak.
        heard: row → held-out clip → sense → what was heard.
    """
    able = [one for one in desk.plan.counted if desk.studio.can(one[0]) is None]
    if not able:
        desk.missing["failures"] = (
            "no sentence was asked for" if not desk.plan.counted else "it speaks none of the languages"
        )
        return None
    named = {f"{language} {i:04d}": (language, text) for i, (language, text) in enumerate(able)}
    wanted = [(name, Asked(text, language, seed=i)) for i, (name, (language, text)) in enumerate(named.items())]
    made = desk.sounds("sentences to count failures", wanted, counted=True)
    paths = {name: one.path for name, one in made.items() if isinstance(one, Said) and one.path}
    expected = {
        name: (path, paces.get(named[name][0], Pace()).seconds(units(named[name][1], named[name][0])[0]))
        for name, path in paths.items()
    }
    looked = desk.hall.examine(expected, desk.failed, f"{desk.name}: failures looked for")
    cheap = {
        name: {REFUSED: one} if isinstance(one, str) else looked[name].failures
        for name, one in made.items()
        if isinstance(one, str) or name in looked
    }
    part = list(paths)[:: max(1, len(paths) // desk.sizes.heard)][: desk.sizes.heard] if desk.sizes.heard else []
    told = desk.hall.listen(
        {paths[name]: ((senses.SAID, senses.QUALITY), named[name][0]) for name in part}, desk.failed,
        f"{desk.name}: failures listened for",
    )  # fmt: skip
    answers = {name: _understood(named[name][1], named[name][0], told[paths[name]]) for name in part}
    understood = {name: one for name, one in answers.items() if one is not None}
    for name, (language, text) in named.items():
        own = told.get(paths[name], {}) if name in paths else {}
        fails = {**cheap.get(name, {}), **understood.get(name, {})}
        one = facts_of(desk.name, "failures", name, language, SPEECH, text, own, str(paths.get(name, "")))
        desk.sentences.append(one.model_copy(update={"failures": fails}))
    again = {
        name: ({AGAIN: "; ".join(one.again)} if isinstance(one, Said) and one.again else {}) for name, one in made.items()
    }
    people = {name: one.failures for name, one in lengths[RECORDING].items()}
    texts = {clip.id: clip for clip in desk.plan.every}
    vocoded = {name: _understood(texts[name].text, texts[name].language, own) for name, own in heard[VOCODED].items()}
    listened = {name: one for name, one in vocoded.items() if one is not None}
    kinds, heard_kinds = (*DETECTORS, REFUSED), (*MEANINGS, POOR)
    return Failures(
        languages={language: sum(one[0] == language for one in able) for language in dict(able)},
        cheap={kind: counted(cheap, kind) for kind in kinds},
        understood={kind: counted(understood, kind) for kind in heard_kinds},
        any_cheap=any_of(cheap, kinds), any_understood=any_of(understood, heard_kinds), again=counted(again, AGAIN),
        recordings={
            **{kind: counted(people, kind) for kind in DETECTORS},
            **{kind: counted(listened, kind) for kind in heard_kinds},
        },
    )  # fmt: skip


def _understood(text: str, language: str, own: Mapping[str, Found]) -> dict[str, str] | None:
    """Failure → what was found; None where the recogniser said nothing."""
    said, opinion = own.get(senses.SAID), own.get(senses.QUALITY)
    if said is None or said.reason is not None:
        return None
    found = Understood.of(text, str(said.observation[1]), language).failures()
    if opinion is not None and opinion.reason is None and float(opinion.observation) < POOR_DNSMOS:
        found[POOR] = f"DNSMOS {float(opinion.observation):.2f}"
    return found
