"""An outfit as one row of numbers; its score is their weighted sum.

Every number is a mean or a small count, so that an outfit does not win by having more parts.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from ewardrobe.stylist.pairing import PAIR_FEATURES, hue_family, pair_features
from ewardrobe.stylist.slots import AREAS, EXTRAS, SLOTS
from ewardrobe.stylist.traits import Traits

__all__ = ["DAY_FEATURES", "FEATURES", "LOOK_FEATURES", "SHORT", "TASTE_FEATURES", "DayTraits", "Scorer"]

Floats = npt.NDArray[np.float64]
Outfits = npt.NDArray[np.intp]
"""(B, S): per outfit and slot the row of a garment, -1 for none."""

LOOK_FEATURES = (*PAIR_FEATURES, "further hues", "further patterns")
"""What makes garments go together; the weights are fitted (`benchmarks/stylist.py`)."""

TASTE_FEATURES = (
    "light", "vivid", "neutral", "red or pink", "orange or yellow", "green", "blue or purple", "patterned", "formal",
    "dress", "legs bare",
)  # fmt: skip
"""What somebody may like or not, for itself: no weight until the owner votes."""

DAY_FEATURES = ("comfort", "dry", "occasion", "season", "freshness", "favourite", "extras")
"""What makes an outfit right for the day and its owner; the weights are our choice."""

FEATURES = (*LOOK_FEATURES, *TASTE_FEATURES, *DAY_FEATURES)

SHORT = 0.17
"""Clo: trousers are warmer, skirts and shorts are not."""

_TOO_COLD, _TOO_WARM = 0.2, 0.2  # clo beyond which comfort is lost
_EASY = 0.08
_AREA = np.array([AREAS[slot] for slot in SLOTS])
_EXTRA = [SLOTS.index(slot) for slot in EXTRAS]
_SEEN = _AREA >= 0.25


class DayTraits:
    """What the day makes of N garments: `DAY_FEATURES` that are a garment's own, and the warmth the weather asks for.

    Attributes:
        columns: occasion, season, freshness, favourite; float64 (N, 4).
        target: clo; None when the weather does not count. rains: whether it does.
    """

    def __init__(self, columns: Floats, *, target: float | None, rains: bool) -> None:
        self.columns = columns
        self.target = target
        self.rains = rains

    @classmethod
    def none(cls, count: int) -> DayTraits:
        """No day at all: only the look counts."""
        return cls(np.zeros((count, 4)), target=None, rains=False)

    def take(self, rows: npt.ArrayLike) -> DayTraits:
        """Those of some of the garments."""
        return DayTraits(self.columns[np.asarray(rows, np.intp)], target=self.target, rains=self.rains)


class Scorer:
    """Rows of `FEATURES` for outfits made of some garments."""

    def __init__(self, traits: Traits, day: DayTraits | None = None) -> None:
        self.traits = traits
        self.day = DayTraits.none(len(traits)) if day is None else day
        self._pairs = pair_features(traits)
        self._family = hue_family(traits)
        self._tastes = _tastes(traits)

    def features(self, outfits: Outfits) -> Floats:
        """`FEATURES` of outfits, float64 (B, D)."""
        return np.concatenate([self._look(outfits), self._taste(outfits), self._of_day(outfits)], axis=1)

    def _look(self, outfits: Outfits) -> Floats:
        total = np.zeros((len(outfits), len(PAIR_FEATURES)))
        weight = np.zeros((len(outfits), 1))
        for one, other in combinations(np.flatnonzero((outfits >= 0).any(axis=0)), 2):
            first, second = outfits[:, one], outfits[:, other]
            there = ((first >= 0) & (second >= 0))[:, None] * min(_AREA[one], _AREA[other])
            total += self._pairs[first, second] * there
            weight += there
        there = (outfits >= 0) & _SEEN
        families = np.where(there, self._family[outfits], -1)
        hues = sum((families == family).any(axis=1) for family in range(12))
        patterns = (there & self.traits.patterned[outfits]).sum(axis=1)
        further = np.stack([np.maximum(hues - 1, 0), np.maximum(patterns - 1, 0)], axis=1)
        return np.concatenate([total / np.maximum(weight, 1e-9), further], axis=1)

    def _taste(self, outfits: Outfits) -> Floats:
        bottom, dress, legs = (outfits[:, SLOTS.index(slot)] for slot in ("bottom", "dress", "legs"))
        short = (bottom >= 0) & (self.traits.warmth[bottom] <= SHORT)
        bare = (short | (dress >= 0)) & (legs < 0)
        return np.concatenate(
            [self.mean(self._tastes, outfits), np.stack([dress >= 0, bare], axis=1)], axis=1
        )

    def _of_day(self, outfits: Outfits) -> Floats:
        there = outfits >= 0
        clo = np.where(there, self.traits.warmth[outfits], 0.0).sum(axis=1)
        comfort, dry = np.zeros(len(outfits)), np.zeros(len(outfits))
        if self.day.target is not None:
            off = clo - self.day.target
            beyond = np.maximum(np.abs(off) - _EASY, 0.0) / np.where(off < 0, _TOO_COLD, _TOO_WARM)
            # Huber's loss: however cold it is, one layer more is better.
            comfort = -np.where(beyond < 1, beyond**2, 2 * beyond - 1)
        if self.day.rains:
            dry = np.where(there, self.traits.rain[outfits], 0.0).sum(axis=1)
        extras = there[:, _EXTRA].sum(axis=1)
        own = self.mean(self.day.columns, outfits)
        return np.column_stack([comfort, dry, own, extras])

    def mean(self, values: Floats, outfits: Outfits) -> Floats:
        """The mean of garments' values (N, ...) over each outfit, large garments counting more; (B, ...)."""
        weights = np.where(outfits >= 0, _AREA, 0.0)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
        return np.asarray(np.einsum("bs,bs...->b...", weights, values[outfits]))


def _tastes(traits: Traits) -> Floats:
    """The garments' own part of `TASTE_FEATURES`, (N, 9)."""
    lab = np.nan_to_num(traits.lab, nan=0.6)
    known = traits.name >= 0
    chroma = np.where(known, np.hypot(lab[:, 1], lab[:, 2]), 0.0)
    family = hue_family(traits)
    hues = [np.isin(family, part) for part in ((0, 11), (1, 2, 3), (4, 5, 6), (7, 8, 9, 10))]
    columns = (
        (lab[:, 0] - 0.6) * known,
        chroma / 0.15,
        traits.neutral,
        *hues,
        traits.patterned,
        traits.formality - 0.4,
    )
    return np.stack([np.asarray(column, float) for column in columns], axis=1)
