"""`Report`: every strategy and every null side by side, and what follows from it. Computes no errors itself."""

from __future__ import annotations

from melpact.core.errors import NoSkill
from melpact.core.records import Record

LEAST_SKILL = 0.01
"""A calibration must be better than its best null by a hundredth, however certain a smaller gain may be."""
CLOSE = 1.02
"""Of all strategies within 2 % of the best one's RMSE, the simplest is taken."""


NO_SIGNAL = "no signal: a lower error after rescaling is the error of a mel that ignores the prediction"
TOO_FEW = "undecided: it looks better than its nulls, but not by more than chance among so few utterances"
STILL = "undecided: the targets do not vary, so that nothing can be better than a constant"
_NEXT = {
    "no_signal": "No rescaling can help: train against normalised targets "
    "(melpact stats TRAINING -o train.stats, then fit 'standardise')",
    None: "Give more utterances with speech in them",
}


class Row(Record):
    """One way to make a mel, measured on utterances that it was not fitted to.

    Errors are in the unit of the description; `r_squared` is 1 - squared error / squared distance of the targets from
    their mean (None where the targets do not vary; negative is worse than that mean); `skill` is 1 - RMSE / RMSE of
    the best null, `skill_mae` the same of the MAE. Pairs are the ends of bootstrap intervals over utterances (95 %).
    """

    name: str
    note: str
    null: bool
    mae: float
    rmse: float
    r_squared: float | None
    skill: float
    skill_mae: float
    mae_interval: tuple[float, float]
    rmse_interval: tuple[float, float]
    skill_interval: tuple[float, float]

    @property
    def has_skill(self) -> bool:
        """Whether it beats the best null by more than the interval, and by at least a hundredth."""
        return self.skill_interval[0] > 0 and self.skill >= LEAST_SKILL


class Report(Record):
    """What a comparison found.

    `correlation` is Pearson's r over all values of all bands, `band_correlation` after each band's mean was taken out of
    both (what the prediction knows beyond which bands are loud). `affine_r_squared` = r² is the R² of the best affine
    map on the very data it is fitted to: no scale and offset can have more. `notes` name pairs that were cropped
    or converted. `blocks` is the number of blocks of time that were left out in turn where there were too few utterances
    (else 0), and `caution` says what that leaves open. Strategies were fitted to every `stride`-th frame.
    """

    unit: str
    utterances: int
    frames: int
    values: int
    folds: int
    resamples: int
    target_std: float
    prediction_std: float
    correlation: float
    band_correlation: float
    rows: tuple[Row, ...]
    best: str
    best_null: str
    chosen: str | None
    finding: str | None
    verdict: str
    data: str
    notes: tuple[str, ...] = ()
    blocks: int = 0
    stride: int = 1
    caution: str = ""

    @property
    def affine_r_squared(self) -> float:
        """r², the most that any scale and offset can explain."""
        return self.correlation**2

    @property
    def skilled(self) -> bool:
        """Whether some strategy beats every null."""
        return self.chosen is not None

    def row(self, name: str, *, null: bool = False) -> Row:
        """The row of a strategy, or of a null."""
        return next(row for row in self.rows if row.name == name and row.null == null)

    @property
    def counted(self) -> str:
        """What the intervals are taken over, in words."""
        if self.blocks:
            return f"{self.blocks} blocks of {self.utterances} recording{'s' if self.utterances > 1 else ''}"
        return f"{self.utterances} utterances"

    def check(self) -> None:
        """Raise where nothing in the prediction can be made use of.

        Raises:
            NoSkill: no strategy beats the best null on held-out utterances by more than the interval.
        """
        if self.skilled:
            return
        best, null = self.row(self.best), self.row(self.best_null, null=True)
        low, high = best.skill_interval
        error = NoSkill(
            f"{self.verdict}. R² = {self.affine_r_squared:.2g} at most for any scale and offset "
            f"(r = {self.correlation:+.3f}; {self.band_correlation:+.3f} within the bands). On held-out utterances the best "
            f"strategy, {best.name}, leaves {best.rmse:.4g} {self.unit} RMSE ({best.mae:.4g} MAE), and the null {null.name} "
            f"({null.note}) {null.rmse:.4g} ({null.mae:.4g})",
            where="calibration",
            got=f"skill {best.skill:+.2g} ({low:+.2g} to {high:+.2g}, {self.counted})",
            wanted=f"at least {LEAST_SKILL:g}, and an interval above 0",
            next=_NEXT[self.finding],
        )
        error.report = self
        raise error

    def table(self) -> list[tuple[str, ...]]:
        """A head and a row each, as text, for any renderer."""
        head = ("", f"MAE, {self.unit}", f"RMSE, {self.unit}", "RMSE, 95 %", "R²", "skill", "skill, 95 %")
        lines: list[tuple[str, ...]] = [head]
        for row in self.rows:
            name = f"null: {row.name}" if row.null else row.name
            r2 = "-" if row.r_squared is None else f"{row.r_squared:.4f}"
            lines.append(
                (
                    name + (" (chosen)" if row.name == self.chosen and not row.null else ""),
                    f"{row.mae:.3f}",
                    f"{row.rmse:.3f}",
                    "{:.3f} to {:.3f}".format(*row.rmse_interval),
                    r2,
                    f"{row.skill:+.3f}",
                    "{:+.3f} to {:+.3f}".format(*row.skill_interval),
                )
            )
        return lines
