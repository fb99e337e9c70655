"""Scores of probabilities against labels that allow one or several answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rate:
    """A mean over garments or photos with its bootstrap 95 % interval; `values` (N,)."""

    values: npt.NDArray[np.bool_] | Floats

    @property
    def mean(self) -> float:
        return float(self.values.mean()) if len(self.values) else float("nan")

    def __str__(self) -> str:
        if not len(self.values):
            return "-"
        low, high = interval(self.values)
        return f"{self.mean:.3f} ({low:.3f}-{high:.3f})"

    def signed(self) -> str:
        """The same of differences, with signs."""
        low, high = interval(self.values)
        return f"{self.mean:+.3f} ({low:+.3f} to {high:+.3f})"


@dataclass(frozen=True)
class Score:
    """How often the likeliest answer is right, or one of the three likeliest, and how honest the confidence is.

    Attributes:
        ece: expected calibration error over ten bins of confidence, of the garments that were found.
        overconfidence: mean confidence less top-1 of the same garments: above 0, it promises too much.
    """

    top1: Rate
    top3: Rate
    ece: float
    overconfidence: float

    @classmethod
    def of(cls, probabilities: npt.ArrayLike, allowed: npt.ArrayLike) -> Score:
        """Of probabilities (N, answers) and allowed answers, bool of the same shape; a row of NaN is a miss."""
        given, right = np.asarray(probabilities, dtype=float), np.asarray(allowed, dtype=bool)
        hit1 = hits(given, right, 1)
        found = ~np.isnan(given).any(axis=1)
        confidence = given[found].max(axis=1)
        return cls(
            Rate(hit1),
            Rate(hits(given, right, 3)),
            calibration_error(confidence, hit1[found]),
            float(confidence.mean() - hit1[found].mean()) if found.any() else float("nan"),
        )

    def cells(self) -> list[str]:
        return [
            str(len(self.top1.values)),
            str(self.top1),
            str(self.top3),
            f"{self.ece:.3f}",
            f"{self.overconfidence:+.3f}",
        ]


def hits(probabilities: Floats, allowed: Flags, best: int) -> Flags:
    """Whether one of the `best` likeliest answers is allowed; a row of NaN has none."""
    order = np.argsort(-probabilities, axis=1)[:, :best]
    right = np.take_along_axis(allowed, order, axis=1).any(axis=1)
    return np.asarray(right & ~np.isnan(probabilities).any(axis=1))


def calibration_error(confidence: Floats, right: Flags, bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over bins of confidence; NaN of none."""
    if not len(confidence):
        return float("nan")
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == k].mean() - right[place == k].mean()) * (place == k).mean()
        for k in np.unique(place)
    ]
    return float(np.sum(gaps))


def interval(values: npt.NDArray[np.bool_] | Floats, rounds: int = 2000) -> tuple[float, float]:
    """The bootstrap 95 % interval of a mean."""
    rng = np.random.default_rng(0)
    means = rng.choice(values.astype(float), (rounds, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
