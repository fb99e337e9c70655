"""The best outfits among thousands of garments: a beam search, a slot at a time.

Each slot offers its most promising garments; outfits grow from what covers a person to what keeps them warm, then
shoes, then what may be left away. After each step only the best are gone on with, by the score that decides in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ewardrobe.stylist.scoring import FEATURES, SHORT, DayTraits, Scorer
from ewardrobe.stylist.slots import BASES, EXTRAS, SLOTS
from ewardrobe.stylist.traits import Traits

__all__ = ["Found", "search"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_BEAM = 160
_OFFERED = {"top": 36, "bottom": 36, "dress": 24, "outer": 20, "shoes": 20, "bag": 10}
_OFFERED_EXTRA = 6
_WARMTH_SEEN = 1.2  # how much a garment's warmth counts when a slot chooses what to offer
_COLD = 0.9  # clo asked for from which scarf, gloves and tights are thought of: below 15 degrees
_WARM_EXTRA = 0.05
_OF_DAY = [FEATURES.index(name) for name in ("occasion", "season", "freshness", "favourite")]
_DRY = FEATURES.index("dry")


@dataclass(frozen=True)
class Found:
    """Outfits, the best first.

    Attributes:
        outfits: (B, S) rows of garments by slot, -1 for none.
        scores: (B,). features: (B, D) `FEATURES`.
    """

    outfits: Rows
    scores: Floats
    features: Floats


def search(
    traits: Traits,
    day: DayTraits,
    weights: Floats,
    *,
    bias: Floats,
    fixed: Mapping[str, int] | None = None,
) -> Found:
    """The best outfits.

    Args:
        weights: (D,) of `FEATURES`.
        bias: (N,) added to an outfit's score as the mean over its garments: an owner's liking, and chance.
        fixed: by slot, the row of a garment that must be in it.
    """
    held = dict(fixed or {})
    alone = day.columns @ weights[_OF_DAY] + bias + day.rains * weights[_DRY] * traits.rain
    offers = {slot: _offer(traits, day, alone, slot, held) for slot in SLOTS}
    rows = np.unique(np.concatenate([*offers.values(), np.empty(0, np.intp)]))
    place = {int(row): number for number, row in enumerate(rows)}
    local = {slot: np.array([place[int(row)] for row in offer], np.intp) for slot, offer in offers.items()}
    growing = _Growing(Scorer(traits.take(rows), day.take(rows)), weights, bias[rows])
    kept = _bases(local, held)
    for slot in ("outer", "shoes", "bag", *EXTRAS):
        if len(kept) and len(local[slot]):
            may_lack = slot not in held and slot not in ("shoes", "bag")
            grown = _with(kept, slot, local[slot], may_lack)
            kept = growing.best(grown if slot != "legs" or slot in held else growing.sensible(grown))
    found = growing.score(kept)
    order = np.argsort(-found.scores, kind="stable")
    outfits = np.where(kept >= 0, rows[kept], -1) if len(rows) else kept
    return Found(outfits[order], found.scores[order], found.features[order])


class _Growing:
    def __init__(self, scorer: Scorer, weights: Floats, bias: Floats) -> None:
        self._scorer, self._weights, self._bias = scorer, weights, bias

    def score(self, outfits: Rows) -> Found:
        if len(outfits) == 0:
            return Found(outfits, np.empty(0), np.empty((0, len(FEATURES))))
        features = self._scorer.features(outfits)
        return Found(outfits, features @ self._weights + self._scorer.mean(self._bias, outfits), features)

    def best(self, outfits: Rows) -> Rows:
        scores = self.score(outfits).scores
        return np.asarray(outfits[np.argsort(-scores, kind="stable")[:_BEAM]])

    def sensible(self, outfits: Rows) -> Rows:
        """Those that wear nothing under trousers that nobody would see."""
        legs, bottom = (outfits[:, SLOTS.index(slot)] for slot in ("legs", "bottom"))
        hidden = (bottom >= 0) & (self._scorer.traits.warmth[bottom] > SHORT)
        return np.asarray(outfits[(legs < 0) | ~hidden])


def _offer(traits: Traits, day: DayTraits, alone: Floats, slot: str, held: Mapping[str, int]) -> Rows:
    """The rows that a slot offers, the best by themselves; a slot whose place is taken offers nothing."""
    if slot in held:
        return np.array([held[slot]], np.intp)
    if any(slot in base for base in BASES) and _covered(slot, held):
        return np.empty(0, np.intp)
    there = np.flatnonzero(traits.slot == SLOTS.index(slot))
    if slot in EXTRAS and day.target is not None:
        cold = day.target >= _COLD
        there = there[cold | (traits.warmth[there] < _WARM_EXTRA)]
        if slot == "eyes" and (cold or day.rains):
            there = there[:0]
    most = _OFFERED.get(slot, _OFFERED_EXTRA)
    worth = alone[there]
    if day.target is not None and slot in _OFFERED and len(there) > most:
        # Not only the warmest: half of the offer is by warmth for the day, half by the rest.
        middle = np.clip((day.target - 0.3) / 1.5, 0.0, 1.0)
        rank = np.argsort(np.argsort(traits.warmth[there])) / max(len(there) - 1, 1)
        worth = worth - _WARMTH_SEEN * np.abs(rank - middle)
    return np.asarray(there[np.argsort(-worth, kind="stable")[:most]])


def _covered(slot: str, held: Mapping[str, int]) -> bool:
    """Whether something that must be worn rules this slot out: a dress the trousers, and the other way round."""
    if slot == "dress":
        return bool({"top", "bottom"} & set(held))
    return "dress" in held


def _bases(offers: Mapping[str, Rows], held: Mapping[str, int]) -> Rows:
    """Every way to be covered; where the wardrobe lacks a part, what there is."""
    tops, bottoms, dresses = (offers[slot] for slot in ("top", "bottom", "dress"))
    parts: list[Rows] = []
    if len(tops) and len(bottoms):
        pairs = np.stack(np.meshgrid(tops, bottoms, indexing="ij"), axis=-1).reshape(-1, 2)
        parts.append(_rows(("top", "bottom"), pairs))
    elif not len(dresses) or {"top", "bottom"} & set(held):
        parts += [_rows((slot,), offers[slot][:, None]) for slot in ("top", "bottom") if len(offers[slot])]
    if len(dresses):
        parts.append(_rows(("dress",), dresses[:, None]))
    if not parts:
        # Nothing to cover anybody: still one start for a coat or shoes that must be worn.
        return np.full((1 if held else 0, len(SLOTS)), -1, np.intp)
    return np.concatenate(parts)


def _rows(slots: Sequence[str], chosen: Rows) -> Rows:
    found = np.full((len(chosen), len(SLOTS)), -1, np.intp)
    found[:, [SLOTS.index(slot) for slot in slots]] = chosen
    return found


def _with(outfits: Rows, slot: str, offer: Rows, may_lack: bool) -> Rows:
    """Each outfit with each garment of the offer, and as it is where the slot may stay empty."""
    column = SLOTS.index(slot)
    grown = np.repeat(outfits, len(offer), axis=0)
    grown[:, column] = np.tile(offer, len(outfits))
    return np.concatenate([outfits, grown]) if may_lack else grown
