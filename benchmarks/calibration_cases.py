"""Two predictions whose error a calibration lowers by two thirds and more: one of nothing, one only scaled.

    python -m benchmarks.calibration_cases            print the tables
    python -m benchmarks.calibration_cases --write    put them into docs/calibrate.md
    python -m benchmarks.calibration_cases --folder DIR   write the pairs as files, for melpact calibrate

Targets are the HiFi-GAN mels of the speech samples that ship with melpact, cut into utterances of 86 frames (1 s).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from melpact.audio import samples
from melpact.contract.mel import Mel
from melpact.core.errors import NoSkill
from melpact.features.analysis import extract
from melpact.normalise.calibration import Calibration, Pair, compare, pair, strategy

PAGE = Path(__file__).parents[1] / "docs" / "calibrate.md"
DIALECT = "hifigan_22k"
FRAMES = 86
PUBLISHED = {"MAE before": 5.073, "MAE after": 1.678, "z after": 0.808, "times": 6.28, "r": 0.009}
"""What the public repair reports: 5.073 nat before, 1.678 after, "67 % better"; .808 z-units after, "6.28 times"."""
Table = list[tuple[str, ...]]


@cache
def speech() -> tuple[tuple[str, Mel], ...]:
    """One-second pieces of the shipped samples, as (name, mel)."""
    pieces = []
    for name in samples.names():
        mel = extract(samples.load(name), DIALECT)
        for i in range(mel.n_frames // FRAMES):
            pieces.append((f"{name}_{i}", Mel(mel.values[:, i * FRAMES : (i + 1) * FRAMES], mel.spec)))
    return tuple(pieces)


def _cut(values: np.ndarray, like: tuple[tuple[str, Mel], ...]) -> list[Mel]:
    return [Mel(part, like[0][1].spec) for part in np.split(values.astype(np.float32), len(like), axis=1)]


def _standard(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean()) / values.std())


def _solved(rising: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a rising function reaches a value."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > wanted else (middle, high)
    return (low + high) / 2


@cache
def no_signal(seed: int = 0) -> tuple[tuple[str, Mel, Mel], ...]:
    """(name, prediction, target): the published statistics, with targets that have the shape of real speech.

    The targets are bent a little (a rising curve towards their ranks) and scaled until a constant, their mean, has the
    published MAE both in nats (1.678) and in units of their deviation (.808). The prediction is
    noise in z-units (deviation 1, read as nats) with a correlation of exactly .009, moved so that its MAE is 5.073.
    """
    pieces = speech()
    real = np.concatenate([mel.values for _, mel in pieces], axis=1).astype(np.float64)
    ranks = np.empty(real.size)
    ranks[np.argsort(real.ravel(), kind="stable")] = np.arange(real.size)
    z, even = _standard(real), _standard(ranks.reshape(real.shape))
    bend = _solved(lambda share: float(np.abs(_standard((1 - share) * z + share * even)).mean()), PUBLISHED["z after"], 0, 1)
    z = _standard((1 - bend) * z + bend * even)
    target = real.mean() + z * PUBLISHED["MAE after"] / np.abs(z).mean()
    noise = np.random.default_rng(seed).standard_normal(z.shape)
    noise -= noise.mean()
    noise -= z * (noise * z).mean()
    prediction = PUBLISHED["r"] * z + np.sqrt(1 - PUBLISHED["r"] ** 2) * noise / noise.std()
    prediction += target.mean()
    prediction += _solved(lambda off: float(np.abs(prediction + off - target).mean()), PUBLISHED["MAE before"], 0, 100)
    names = [name for name, _ in pieces]
    return tuple(zip(names, _cut(prediction, pieces), _cut(target, pieces)))


SCALE, OFFSET, ERROR_NAT = 0.5, 2.0, 0.35


@cache
def scale_only(seed: int = 0) -> tuple[tuple[str, Mel, Mel], ...]:
    """(name, prediction, target): real targets, and predictions with a wrong scale, a wrong offset and an error of 0.35 nat.

    The error is structured as a model's is: smooth over about 5 bands and 9 frames, and independent of the target.
    """
    from scipy.ndimage import gaussian_filter

    pieces = speech()
    target = np.concatenate([mel.values for _, mel in pieces], axis=1).astype(np.float64)
    error = gaussian_filter(np.random.default_rng(seed).standard_normal(target.shape), (2.0, 4.0))
    error *= ERROR_NAT / error.std()
    names = [name for name, _ in pieces]
    return tuple(zip(names, _cut(SCALE * (target + error) + OFFSET, pieces), [mel for _, mel in pieces]))


def ceiling() -> tuple[float, float]:
    """MAE and RMSE of the second case when scale and offset are undone exactly: the structured error itself."""
    errors = [(p.values.astype(np.float64) - OFFSET) / SCALE - t.values for _, p, t in scale_only()]
    joined = np.concatenate(errors, axis=1)
    return float(np.abs(joined).mean()), float(np.sqrt((joined**2).mean()))


def pairs(case: tuple[tuple[str, Mel, Mel], ...]) -> list[Pair]:
    """The pairs of a case."""
    return [pair(name, prediction, target) for name, prediction, target in case]


def fallacy() -> Table:
    """The two readings of the first case, on the data that the line was fitted to: in one unit, and nats over z-units."""
    x, t = (np.concatenate([item[i].values for item in no_signal()], axis=1).astype(np.float64) for i in (1, 2))
    line = strategy("global_affine")
    before, after = np.abs(x - t).mean(), np.abs(line.apply(line.fit(x, t), x) - t).mean()
    constant, z = np.abs(t.mean() - t).mean(), after / t.std()
    return [
        ("figure", "published", "rebuilt", "what it is"),
        ("MAE before, nat", "5.073", f"{before:.3f}", "a prediction in z-units read as nats"),
        ("MAE after, nat", "1.678", f"{after:.3f}", f"the error of a constant mel: {constant:.3f}"),
        ('"better by"', "67 %", f"{100 * (1 - after / before):.0f} %", "the offset that was there, nothing more"),
        ("MAE after, z-units", "0.808", f"{z:.3f}", "the same 1.678 nat divided by the deviation of the target"),
        ('"times better"', "6.28", f"{before / z:.2f}", "nats divided by z-units: a number with a unit, not a factor"),
        ("times better, nat by nat", "", f"{before / after:.2f}", "and a constant is as many times better"),
    ]


def markdown(table: Table) -> str:
    """A table as Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in table]
    return "\n".join([lines[0], "|" + " --- |" * len(table[0]), *lines[1:]])


def figures() -> dict[str, str]:
    """Every block of the page, by name."""
    blind, honest = compare(pairs(no_signal())), compare(pairs(scale_only()))
    try:
        Calibration.fit(pairs(no_signal()))
        refusal = "not refused"
    except NoSkill as error:
        refusal = str(error)
    fitted = Calibration.fit(pairs(scale_only()))
    mae, rmse = ceiling()
    chosen = honest.row(fitted.strategy)
    facts = [
        ("", "MAE, nat", "RMSE, nat"),
        ("before", f"{honest.row('none').mae:.3f}", f"{honest.row('none').rmse:.3f}"),
        (f"{fitted.strategy}, held out", f"{chosen.mae:.3f}", f"{chosen.rmse:.3f}"),
        ("ceiling (scale and offset undone exactly)", f"{mae:.3f}", f"{rmse:.3f}"),
        ("above the ceiling", f"{100 * (chosen.mae / mae - 1):+.1f} %", f"{100 * (chosen.rmse / rmse - 1):+.1f} %"),
        ("R² before; r²", f"{honest.row('none').r_squared:.3f}", f"{honest.affine_r_squared:.3f}"),
    ]
    return {
        "no signal": markdown(blind.table()),
        "refusal": f"```text\nNoSkill: {refusal}\n```",
        "fallacy": markdown(fallacy()),
        "scale only": markdown(honest.table()),
        "ceiling": markdown(facts) + f"\n\nVerdict: {honest.verdict}.",
    }


def main(arguments: list[str]) -> None:
    """See the module's docstring."""
    if arguments[:1] == ["--folder"]:
        for name, case in (("no_signal", no_signal()), ("scale_only", scale_only())):
            for kind, index in (("predictions", 1), ("targets", 2)):
                folder = Path(arguments[1]) / name / kind
                folder.mkdir(parents=True, exist_ok=True)
                for item in case:
                    item[index].save(folder / f"{item[0]}.mel")
        return
    text = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    for name, block in figures().items():
        print(f"{name}\n\n{block}\n")
        pattern = rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, b=block: f"{m[1]}{b}\n{m[2]}", text, flags=re.DOTALL)
    if arguments == ["--write"]:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
