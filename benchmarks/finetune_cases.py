"""Where fine-tuning a vocoder on predicted mels helps: beside doing nothing, training on, and repairing the mel instead.

    python -m benchmarks.finetune_cases --data PACKED [--start melpact_small] [--out runs/finetune] [--cases compressed …]
        [--steps 150] [--train 60] [--sounds 12] [--seconds 3] [--cpu-minutes 15] [--write]

Predictions are laboratory faults of mels of PACKED's training part; figures are of its validation part, whose speakers no
training has seen. Everything follows from the arguments; a finished case in --out is not made again, and a case that would
begin after --cpu-minutes of processor time is left for the next call. --write puts the table into docs/train.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from melpact.audio.audio import Audio
from melpact.bench.report import Report
from melpact.bench.run import Entry, Plan, bench
from melpact.bridges import bridge
from melpact.contract.mel import Mel
from melpact.contract.spec import MelSpec
from melpact.core.errors import NoSkill
from melpact.core.records import digest
from melpact.corpus.packed import INDEX, Packed, read_index
from melpact.diagnose.faults import fault
from melpact.features.analysis import extract
from melpact.normalise.calibration import Calibration, pair
from melpact.train.beginning import vocoder_at
from melpact.train.data import TRAINING, CorpusData
from melpact.verbs.train import train_vocoder
from melpact.vocoders.neural.vocoder import NeuralVocoder

PAGE = Path(__file__).parents[1] / "docs" / "train.md"
METRICS = ("pesq_wb", "dnsmos_overall")
TITLES = {"pesq_wb": "PESQ-wb", "dnsmos_overall": "DNSMOS"}
SEED = 0
PAIRS = 40
"""Utterances that a calibration is fitted to."""
SHORTEST_S, LONGEST_S = 1.5, 6.0
TUNING: Mapping[str, Any] = {
    "batch_size": 4, "segment_frames": 48, "augment": [], "seed": SEED, "ema_decay": 0.98, "fetch_threads": 1,
    "validation_sounds": 1, "metrics": ["mel_mae"], "best_by": "mel_mae", "log_every": 50,
    "optimiser.lr": 5e-4, "optimiser.schedule": "cosine", "optimiser.warmup_steps": 20,
}  # fmt: skip
Mels = dict[str, Mel]


@dataclass(frozen=True)
class Case:
    """Predictions with one fault, and what could repair them: the description that they really have, or a calibration."""

    name: str
    title: str
    fault: str
    dose: float
    really: Mapping[str, Any] | None = None

    def predicted(self, mel: Mel, audio: Audio) -> Mel:
        """What the model behind the vocoder gives for a sound."""
        wrong = fault(self.fault).inject(mel, self.dose, np.random.default_rng(SEED), audio)
        return Mel(wrong.values, mel.spec)

    def repair(self, pairs: Sequence[tuple[str, Mel, Mel]]) -> tuple[str, Callable[[Mel], Mel] | None]:
        """Its name and itself; None where a fit to (name, prediction, truth) finds nothing that beats doing nothing."""
        if self.really is not None:
            spec = pairs[0][1].spec
            way = bridge(spec.replace_quietly(**self.really), spec)
            return f"bridge ({way.kind})", lambda mel: Mel(way.apply(Mel(mel.values, way.a)).values, spec)
        try:
            fitted = Calibration.fit([pair(*one) for one in pairs], rng=np.random.default_rng(SEED))
        except NoSkill:
            return "calibrate: refused", None
        if fitted.strategy == "none":
            return "calibrate: nothing beats none", None
        return f"calibrate ({fitted.strategy})", lambda mel: Mel(fitted.apply(mel).values, mel.spec)


CASES = (
    Case("compressed", "log mel × 0.7 + 0.3", "scale_offset", 0.3),
    Case("smoothed", "over-smoothed: 20 ms and half a band (σ)", "over_smoothed", 20.0),
    Case("floor", "log floor 40 dB higher", "floor_kind", 1),
    Case("blurred", "over-smoothed: 50 ms and 1.5 bands (σ)", "over_smoothed", 50.0),
    Case("bank", "bands on HTK's mel scale", "mel_scale", 0, {"mel_scale": "htk"}),
)


class Study:
    """One corpus, one vocoder to begin from, one folder of results."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given, self.out = given, Path(given.out)
        self.start: NeuralVocoder = vocoder_at(given.start)
        self.spec: MelSpec = self.start.spec
        whole = CorpusData(given.data)
        most = int(given.seconds * whole.sample_rate)
        held = {name: Audio.of(audio.samples[:, :most], audio.sample_rate) for name, audio in whole.validation(given.sounds)}
        usable = [e for e in whole.packed.entries
                  if e.split in TRAINING and SHORTEST_S <= e.n_samples / whole.sample_rate <= LONGEST_S]  # fmt: skip
        chosen = {e.id for e in sorted(usable, key=lambda e: digest(e.id))[: given.train]}
        self.data = part(Path(given.data), self.out / "packed", chosen | set(held))
        packed = Packed.load(self.data)
        self.sounds = {e.id: Audio.of(packed.samples(i), packed.sample_rate) for i, e in enumerate(packed.entries)}
        self.training, self.held = sorted(chosen), held
        self.true = {name: extract(audio, self.spec) for name, audio in self.sounds.items()}
        self.true_held = {name: extract(audio, self.spec) for name, audio in held.items()}
        facts = [self.start.fingerprint, packed.fingerprint, given.steps, given.seconds, dict(TUNING), SEED]
        self.key = digest(json.loads(json.dumps(facts)))

    def tuned(self, name: str, mels: Mels | None) -> NeuralVocoder:
        """The vocoder after as many steps on true mels, or on a mixture with these."""
        folder = self.out / f"{name}-{self.key}"
        if not (folder / "run" / "done").is_file():
            changes = {**TUNING, "steps": self.given.steps, "save_every": self.given.steps,
                       "validate_every": self.given.steps}  # fmt: skip
            for mel_name, mel in (mels or {}).items():
                path = folder / "mels" / f"{mel_name}.mel"
                path.parent.mkdir(parents=True, exist_ok=True)
                mel.save(path)
            shutil.rmtree(folder / "run", ignore_errors=True)
            report = train_vocoder("melpact_small", self.data, folder / "run", changes=changes, finetune=self.given.start,
                                   mels=folder / "mels" if mels is not None else None, device="cpu")  # fmt: skip
            (folder / "run" / "done").write_text(f"{report.step}\n")
        return vocoder_at(folder / "run")

    def result(self, case: Case) -> dict[str, Any]:
        """Everything measured of a case, as plain values; made once."""
        path = self.out / f"{case.name}-{self.key}.json"
        if not path.is_file():
            path.write_text(json.dumps(self._measured(case), indent=1) + "\n")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def _measured(self, case: Case) -> dict[str, Any]:
        began = time.process_time()
        predicted = {name: case.predicted(mel, self.sounds[name]) for name, mel in self.true.items()}
        heard = {name: case.predicted(mel, self.held[name]) for name, mel in self.true_held.items()}
        fitted_to = [(name, predicted[name], self.true[name]) for name in self.training[:PAIRS]]
        repair_name, repair = case.repair(fitted_to)
        control, tuned = self.tuned("control", None), self.tuned(case.name, predicted)
        made = {"nothing": (self.start, heard), "control": (control, heard), "tuned": (tuned, heard),
                "true: nothing": (self.start, self.true_held), "true: control": (control, self.true_held),
                "true: tuned": (tuned, self.true_held)}  # fmt: skip
        if repair is not None:
            mended = {name: repair(mel) for name, mel in heard.items()}
            both = self.tuned(f"{case.name}-repaired", {name: repair(mel) for name, mel in predicted.items()})
            made |= {"repaired": (self.start, mended), "both": (both, mended), "true: both": (both, self.true_held)}
        sounds = {system: dict(zip(mels, maker.batch(list(mels.values())))) for system, (maker, mels) in made.items()}
        entries = [
            Entry(name, audio, {system: of[name] for system, of in sounds.items()}) for name, audio in self.held.items()
        ]
        plan = Plan(suite="vocoder", metrics=METRICS, laws=False, jobs=1, cache=self.out / "bench", seed=SEED)
        report = bench(entries, tuple(made), plan)
        return {"repair": repair_name, "report": report.to_json(), "cpu_s": round(time.process_time() - began)}


def part(source: Path, target: Path, names: set[str]) -> Path:
    """Some utterances of a packed corpus as another one, which reads the same samples."""
    index = read_index(source)
    target.mkdir(parents=True, exist_ok=True)
    samples = target / index["samples"]
    samples.unlink(missing_ok=True)
    samples.symlink_to((source / index["samples"]).resolve())
    entries = [entry for entry in index["entries"] if entry["id"] in names]
    (target / INDEX).write_text(json.dumps({**index, "entries": entries}))
    return target


def gain(report: Report, metric: str, a: str, b: str) -> tuple[float, float, float]:
    """How much better `a` is than `b` on the same utterances, with its 95 % interval."""
    for found in report.differences:
        if found.metric == metric and {found.a, found.b} == {a, b} and None not in (found.value, found.low, found.high):
            value, low, high = float(found.value or 0), float(found.low or 0), float(found.high or 0)
            return (value, low, high) if found.a == a else (-value, -high, -low)
    return float("nan"), float("nan"), float("nan")


def compared(report: Report, a: str, b: str, metric: str = "pesq_wb") -> str:
    """What the interval of the difference says."""
    _, low, high = gain(report, metric, a, b)
    return "beats" if low > 0 else "loses to" if high < 0 else "cannot be told from"


def verdict(report: Report) -> str:
    """Of one case, by PESQ."""
    names = {"nothing": "doing nothing", "control": "as many steps on true mels", "repaired": "the repaired mel"}
    text = ", ".join(f"{compared(report, 'tuned', b)} {name}" for b, name in names.items() if b in report.scores)
    if "both" in report.scores:
        best = max(("tuned", "repaired"), key=lambda system: report.score("pesq_wb", system).value or 0)
        text += f"; both together {compared(report, 'both', best)} {'it' if best == 'tuned' else names[best]}"
    return text


def signed(found: tuple[float, float, float]) -> str:
    """A difference with its interval."""
    return "{:+.2f} ({:+.2f} to {:+.2f})".format(*found)


def cell(report: Report, metric: str, system: str) -> str:
    """A value with its interval."""
    if system not in report.scores:
        return ""
    score = report.score(metric, system)
    if score.value is None or score.low is None or score.high is None:
        return score.reason or ""
    return f"{score.value:.2f} ({score.low:.2f} to {score.high:.2f})"


WAYS = {"nothing": "nothing done", "control": "trained on with true mels", "tuned": "fine-tuned", "repaired": "mel repaired",
        "both": "repaired and fine-tuned"}  # fmt: skip


def lines(found: Sequence[tuple[Case, dict[str, Any]]], study: Study) -> list[str]:
    """The table and the verdicts as Markdown."""
    reports = [(case, result, Report.model_validate(result["report"])) for case, result in found]
    first = reports[0][2]
    trained = study.start.provenance.get("trained", {})
    marks = [first.score(metric, "nothing") for metric in METRICS]
    said = "; ".join(f"{TITLES[m]}: null {s.null:.2f}, ceiling {s.ceiling:.2f}" for m, s in zip(METRICS, marks, strict=True))
    text = [
        f"n = {marks[0].n} sounds of held-out speakers, {study.given.seconds:g} s at most; {study.given.steps} steps of "
        f"{TUNING['batch_size']} × {TUNING['segment_frames']} frames, {len(study.training)} utterances, from step "
        f"{trained.get('step', '?')} of melpact_small. {said}. Bootstrap 95 % intervals.",
        "",
        "| predictions | way | " + " | ".join(f"{TITLES[m]}" for m in METRICS)
        + " | " + " | ".join(f"{TITLES[m]} on true mels" for m in METRICS) + " |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    for case, result, report in reports:
        for system, words in WAYS.items():
            if system not in report.scores:
                continue
            own = "nothing" if system == "repaired" else system
            cells = [cell(report, metric, system) for metric in METRICS]
            cells += [cell(report, metric, f"true: {own}") for metric in METRICS]
            way = f"{words}: {result['repair']}" if system == "repaired" else words
            text.append(f"| {case.title if system == 'nothing' else ''} | {way} | " + " | ".join(cells) + " |")
    text.append("")
    for case, result, report in reports:
        over = ", ".join(f"{TITLES[m]} {signed(gain(report, m, 'tuned', 'nothing'))}" for m in METRICS)
        kept = signed(gain(report, "pesq_wb", "true: tuned", "true: control"))
        none = "" if "repaired" in report.scores else f" ({result['repair']})"
        text.append(
            f"- **{case.title}**: fine-tuning {verdict(report)}{none}. Over nothing: {over}. On true mels, beside as many "
            f"steps on them alone: PESQ-wb {kept}."
        )
    return [
        line
        for one in text
        for line in (
            textwrap.wrap(one, 125, subsequent_indent="  " if one[:1] == "-" else "") if one[:1] not in ("", "|") else [one]
        )
    ]


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="packed corpus at the vocoder's rate")
    parser.add_argument("--start", default="melpact_small")
    parser.add_argument("--out", default="runs/finetune")
    parser.add_argument("--cases", nargs="*", choices=[case.name for case in CASES], default=[case.name for case in CASES])
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--train", type=int, default=60, help="utterances that there are predictions of")
    parser.add_argument("--sounds", type=int, default=12, help="held out")
    parser.add_argument("--seconds", type=float, default=3.0, help="of a held-out sound at most")
    parser.add_argument("--cpu-minutes", type=float, default=15.0)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    study, done = Study(given), []
    for case in (case for case in CASES if case.name in given.cases):
        if time.process_time() > 60 * given.cpu_minutes:
            print(f"{case.name}: left for the next call, the processor time is spent", flush=True)
            continue
        done.append((case, study.result(case)))
        print(f"{case.name}: {done[-1][1]['cpu_s']} s of the processor", flush=True)
    if not done:
        return
    block = "\n".join(lines(done, study))
    print(block)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        changed = re.sub(
            r"(<!-- figures: finetune -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{block}\n{m[2]}", page, flags=re.DOTALL
        )
        PAGE.write_text(changed, encoding="utf-8")


if __name__ == "__main__":
    main()
