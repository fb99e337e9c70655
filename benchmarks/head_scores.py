"""Scores of probabilities against labels that allow one or several answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Top-1 and top-3 with bootstrap 95 % intervals, and the expected calibration error."""

    count: int
    top1: float
    top1_interval: tuple[float, float]
    top3: float
    top3_interval: tuple[float, float]
    ece: float

    @classmethod
    def of(cls, probabilities: npt.ArrayLike, allowed: npt.ArrayLike) -> Score:
        """Of probabilities (N, answers) and allowed answers, bool of the same shape; a row of NaN is a miss."""
        given, right = np.asarray(probabilities, dtype=float), np.asarray(allowed, dtype=bool)
        hit1, hit3 = hits(given, right, 1), hits(given, right, 3)
        found = ~np.isnan(given).any(axis=1)
        return cls(
            len(given),
            float(hit1.mean()),
            interval(hit1),
            float(hit3.mean()),
            interval(hit3),
            calibration_error(given[found].max(axis=1), hit1[found]) if found.any() else float("nan"),
        )

    def cells(self) -> list[str]:
        low1, high1 = self.top1_interval
        low3, high3 = self.top3_interval
        return [
            str(self.count),
            f"{self.top1:.3f} ({low1:.3f}-{high1:.3f})",
            f"{self.top3:.3f} ({low3:.3f}-{high3:.3f})",
            f"{self.ece:.3f}",
        ]


def hits(probabilities: Floats, allowed: Flags, best: int) -> Flags:
    """Whether one of the `best` likeliest answers is allowed; a row of NaN has none."""
    order = np.argsort(-probabilities, axis=1)[:, :best]
    right = np.take_along_axis(allowed, order, axis=1).any(axis=1)
    return np.asarray(right & ~np.isnan(probabilities).any(axis=1))


def calibration_error(confidence: Floats, right: Flags, bins: int = 10) -> float:
    """Expected calibration error: mean gap between confidence and accuracy over bins of confidence."""
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[place == k].mean() - right[place == k].mean()) * (place == k).mean()
        for k in np.unique(place)
    ]
    return float(np.sum(gaps))


def interval(values: Flags, rounds: int = 2000) -> tuple[float, float]:
    """The bootstrap 95 % interval of a mean."""
    rng = np.random.default_rng(0)
    means = rng.choice(values.astype(float), (rounds, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
