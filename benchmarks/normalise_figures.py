"""Every figure of docs/normalise.md, computed from the speech samples that ship with melpact.

python benchmarks/normalise_figures.py            print the tables
python benchmarks/normalise_figures.py --write    put them into the page
python benchmarks/normalise_figures.py FOLDER     print them for your own recordings
"""

from __future__ import annotations

import math
import re
import sys
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np

from melpact.audio import samples
from melpact.audio.audio import Audio
from melpact.audio.resample import resample
from melpact.contract.dialect import dialect
from melpact.contract.filterbank import band_edges_hz
from melpact.contract.mel import Mel
from melpact.contract.scaling import NoScaling, Scaling, UtteranceMinMax, UtteranceStandard
from melpact.contract.spec import MelSpec
from melpact.core.errors import StatsWarning
from melpact.features.oracle import oracle_raw
from melpact.features.window import stft_bound
from melpact.normalise import Stats, apply, fit, undo

PAGE = Path(__file__).parents[1] / "docs" / "normalise.md"
SOUND_ENDS_HZ = 7000.0
"""The shipped samples were coded with G.722 and hold nothing above."""
WINDOWED = ("tacotron_20k", "tacotron_20k_pre2018", "wavernn_22k", "rtvc_synth_16k", "tacotron2_rayhane_22k")
Table = list[list[str]]


class Speech:
    """Some recordings, and their raw log mels in any description."""

    def __init__(self, sounds: dict[str, Audio]) -> None:
        self.sounds = sounds
        self.raw = lru_cache(maxsize=None)(self._raw)

    def samples(self, rate: int) -> list[np.ndarray]:
        return [resample(sound, rate).samples.mean(axis=0) for sound in self.sounds.values()]

    def _raw(self, spec: MelSpec) -> list[Mel]:
        bare = spec.replace_quietly(scaling=NoScaling())
        return [Mel(oracle_raw(x, bare).astype(np.float32), bare) for x in self.samples(spec.sample_rate)]


def shipped() -> Speech:
    """The speech samples of the package."""
    return Speech({name: samples.load(name) for name in samples.names()})


def bound_table(speech: Speech) -> Table:
    """What |STFT| can reach and does reach, in dB of amplitude before any reference is subtracted."""
    rows = [["dialect", "window", "largest STFT", "dB", "with pre-emphasis, dB",
             "loudest band of a full-scale sine, dB", "loudest band of the speech, dB"]]  # fmt: skip
    for name in ("hifigan_22k", "tacotron_20k", "wavernn_22k", "rtvc_synth_16k"):
        spec = dialect(name).spec.replace_quietly(scaling=NoScaling(), reference=0.0, log="db_amplitude")
        bound = stft_bound(spec)
        loudest = max(stats_of(speech.raw(spec)).max(), -100.0)
        window = f"{spec.win_length} {spec.window}"
        rows.append([name, window, f"{bound:.0f}", f"{20 * math.log10(bound):.1f}",
                     f"{20 * math.log10(bound * (1 + spec.preemphasis)):.1f}", f"{_loudest_sine(spec):.1f}",
                     f"{loudest:.1f}"])  # fmt: skip
    return rows


def _loudest_sine(spec: MelSpec) -> float:
    edges = band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)[1:-1]
    bins = np.unique(np.rint(edges * spec.n_fft / spec.sample_rate)) * spec.sample_rate / spec.n_fft
    time = np.arange(4 * spec.n_fft) / spec.sample_rate
    sines = (np.sin(2 * np.pi * f * time) for f in bins[bins > 0])
    return max(float(oracle_raw(x, spec)[:, 4:-4].max()) for x in sines)


def clip_table(speech: Speech) -> Table:
    """Share of the values on the lower and on the upper end of the window, as the dialects scale."""
    rows = [["dialect", "subtracted, dB", "window", "lower end, all bands", f"lower end, bands to {_khz()}",
             "upper end, all bands", "values below 1e-5"]]  # fmt: skip
    for name in WINDOWED:
        spec = dialect(name).spec
        raw = speech.raw(spec)
        scaled = np.concatenate([apply(m, spec.scaling)[0].values for m in raw], axis=1)
        low, high = spec.scaling.bounds()
        below, above = scaled <= low + 1e-6 * (high - low), scaled >= high
        rows.append([name, f"{spec.reference:g}", f"[{low:g}, {high:g}]", _percent(below.mean()),
                     _percent(below[_heard(spec)].mean()), _percent(above.mean()),
                     _percent(stats_of(raw).floor_share() or 0.0)])  # fmt: skip
    return rows


def preemphasis_table(speech: Speech) -> Table:
    """What 0.97 does in keithito's analysis, by frequency: filter, band means, share at the lower end."""
    with_ = dialect("tacotron_20k").spec.replace_quietly(scaling=NoScaling())
    without = with_.replace_quietly(preemphasis=0.0, preemphasis_kind="none")
    edges = band_edges_hz(with_.n_mels, with_.f_min, with_.f_max, with_.mel_scale)
    rows = [["bands, Hz", "filter in the middle, dB", "mean without, dB", "mean with, dB",
             "lower end without", "lower end with"]]  # fmt: skip
    plain, filtered = (np.concatenate([m.values for m in speech.raw(s)], axis=1) for s in (without, with_))
    groups = [
        (0, 250),
        (250, 500),
        (500, 1000),
        (1000, 2000),
        (2000, 4000),
        (4000, SOUND_ENDS_HZ),
        (0, SOUND_ENDS_HZ),
    ]
    for low, high in groups:
        inside = (edges[1:-1] >= low) & (edges[2:] <= high)
        turn = 2 * math.pi * (low + high) / 2 / with_.sample_rate
        gain = 20 * math.log10(abs(1 - with_.preemphasis * complex(math.cos(turn), -math.sin(turn))))
        shares = [_percent((x[inside] <= -100.0 + 1e-4).mean()) for x in (plain, filtered)]
        rows.append([f"{low:g} to {high:g}", f"{gain:+.1f}" if (low, high) != groups[-1] else "",
                     f"{plain[inside].mean():.1f}", f"{filtered[inside].mean():.1f}", *shares])  # fmt: skip
    return rows


def log_table(speech: Speech) -> Table:
    """One amplitude in every unit, and what multiplies a natural log into it."""
    rows = [["log", "of amplitude 1", "of 0.01", "of the floor 1e-5", "60 dB are", "natural log times"]]
    base = dialect("hifigan_22k").spec
    for log in ("ln", "log10", "db_amplitude", "db_power"):
        spec = base.replace_quietly(log=log)
        gain = spec.log_gain or 1.0
        rows.append([spec.unit, f"{0:g}", f"{gain * math.log(0.01):.3f}", f"{spec.floor_value:.3f}",
                     f"{gain * math.log(1000):.3f}", f"{gain:.4f}"])  # fmt: skip
    return rows


def scaling_table(speech: Speech) -> Table:
    """Each scaling on HiFi-GAN mels: fitted to all files but one, put on that one, for each file in turn."""
    rows = [
        [
            "scaling",
            "range of unseen files",
            "on a bound",
            "beyond the fitted range",
            "largest error after undo, nat",
        ]
    ]
    mels = speech.raw(dialect("hifigan_22k").spec)
    makers: list[tuple[str, Callable[[Stats], Scaling]]] = [
        (kind, lambda stats, kind=kind: fit(stats, kind))
        for kind in ("standardise", "standardise_bands", "min_max", "percentile", "tanh")
    ]
    makers.insert(4, ("window [-9, 1]", lambda stats: fit(stats, "window", low=-9.0, high=1.0)))
    makers += [("utterance_min_max", lambda stats: UtteranceMinMax())]
    makers += [("utterance_standard", lambda stats: UtteranceStandard(spread="added", epsilon=1e-5))]
    for name, maker in makers:
        values, on_bound, beyond, errors = [], 0, 0, [0.0]
        for i, mel in enumerate(mels):
            stats = stats_of(mels[:i] + mels[i + 1 :])
            scaled, clipped = apply(mel, maker(stats))
            values.append(scaled.values)
            on_bound += clipped.below + clipped.above
            beyond += int(((mel.values < stats.min()) | (mel.values > stats.max())).sum())
            errors.append(float(abs(undo(scaled).values - mel.values).max()))
        whole = np.concatenate(values, axis=1)
        rows.append([name, f"{whole.min():.2f} to {whole.max():.2f}", _percent(on_bound / whole.size),
                     f"{100 * beyond / whole.size:.3f} %" if name == "min_max" else "",
                     "under 0.0001" if max(errors) < 1e-4 else f"{max(errors):.2f}"])  # fmt: skip
    return rows


def utterance_table(speech: Speech) -> Table:
    """The same speech 20 dB quieter, before and after scaling it by its own statistics."""
    spec = dialect("hifigan_22k").spec
    quiet = Speech({n: Audio.of(a.samples * 0.1, a.sample_rate) for n, a in speech.sounds.items()})
    pairs = list(zip(speech.raw(spec), quiet.raw(spec), strict=True))
    corpus = fit(stats_of(speech.raw(spec)), "standardise")
    own = UtteranceStandard(spread="added", epsilon=1e-5)
    rows = [["mean difference between the two", "value"]]
    rows.append(["raw log mel, nat", f"{_gap(pairs):.2f}"])
    for name, scaling in (("corpus statistics", corpus), ("the utterance's own statistics", own)):
        scaled = [(apply(a, scaling)[0], apply(b, scaling)[0]) for a, b in pairs]
        rows.append([f"scaled by {name}, standard deviations", f"{_gap(scaled):.2f}"])
        back = [(undo(a), undo(b)) for a, b in scaled]
        rows.append([f"scaled by {name} and undone, nat", f"{_gap(back):.2f}"])
    swapped = [(undo(a), undo(Mel(b.values, b.spec, a.utterance))) for a, b in scaled]
    rows.append(["undone with the louder one's statistics, nat", f"{_gap(swapped):.2f}"])
    return rows


def _gap(pairs: list[tuple[Mel, Mel]]) -> float:
    return float(
        np.mean(np.concatenate([(a.values - b.values).ravel() for a, b in pairs]).astype(np.float64))
    )


TABLES: dict[str, Callable[[Speech], Table]] = {
    "bound": bound_table,
    "clip": clip_table,
    "preemphasis": preemphasis_table,
    "log": log_table,
    "scaling": scaling_table,
    "utterance": utterance_table,
}


def stats_of(mels: list[Mel]) -> Stats:
    """Statistics of some mels."""
    return Stats.of(mels)


def tables(speech: Speech) -> dict[str, Table]:
    """Every table of the page, the first row being its heading."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StatsWarning)
        return {name: make(speech) for name, make in TABLES.items()}


def markdown(table: Table) -> str:
    """A table as the page shows it."""
    rows = [table[0], ["---"] * len(table[0]), *table[1:]]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def in_page(text: str) -> dict[str, Table]:
    """The tables that stand between the page's `<!-- figures: NAME -->` and `<!-- end -->`."""
    found = {}
    for name, body in re.findall(r"<!-- figures: (\w+) -->\n(.*?)<!-- end -->", text, re.S):
        rows = [
            [cell.strip() for cell in line.strip("| ").split(" | ")] for line in body.strip().splitlines()
        ]
        found[name] = [rows[0], *rows[2:]]
    return found


def written(text: str, made: dict[str, Table]) -> str:
    """The page with these tables in it."""
    for name, table in made.items():
        pattern = rf"(<!-- figures: {name} -->\n).*?(<!-- end -->)"
        text = re.sub(pattern, lambda m, table=table: m[1] + markdown(table) + "\n" + m[2], text, flags=re.S)
    return text


def _heard(spec: MelSpec) -> np.ndarray:
    return band_edges_hz(spec.n_mels, spec.f_min, spec.f_max, spec.mel_scale)[2:] <= SOUND_ENDS_HZ


def _khz() -> str:
    return f"{SOUND_ENDS_HZ / 1000:g} kHz"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def main(arguments: list[str]) -> None:
    """Print the tables, or write them into the page."""
    folders = [Path(a) for a in arguments if not a.startswith("--")]
    speech = shipped()
    if folders:
        from melpact.audio.files import read

        found = sorted(
            p for f in folders for p in f.rglob("*") if p.suffix.lower() in (".wav", ".flac", ".ogg", ".mp3")
        )
        speech = Speech({str(p): read(p) for p in found})
    made = tables(speech)
    if "--write" in arguments and not folders:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    for name, table in made.items():
        print(f"\n{name}\n{markdown(table)}")


if __name__ == "__main__":
    main(sys.argv[1:])
