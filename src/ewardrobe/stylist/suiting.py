"""How well each garment suits a day by itself: occasion, season, when it was last worn, whether it is a favourite."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from ewardrobe.stylist.day import OCCASIONS, Day
from ewardrobe.stylist.scoring import DayTraits
from ewardrobe.stylist.slots import SLOTS
from ewardrobe.stylist.traits import Traits
from ewardrobe.wardrobe import OwnedGarment

__all__ = ["freshness", "suit"]

_OPPOSITE = {"summer": "winter", "winter": "summer"}
_STAPLES = tuple(
    SLOTS.index(slot) for slot in ("outer", "shoes", "bag", "hat", "scarf", "belt", "eyes", "extra")
)
_STAPLE = 0.25  # how much it counts there: nobody minds the same coat twice


def suit(garments: Sequence[OwnedGarment], traits: Traits, day: Day) -> DayTraits:
    """What a day makes of garments; see `DayTraits`."""
    columns = np.column_stack(
        [
            _occasion(garments, traits, day.occasion),
            [_season(item.season, day.season) for item in garments],
            [
                freshness(item.last_worn, day.on) * (_STAPLE if slot in _STAPLES else 1.0)
                for item, slot in zip(garments, traits.slot.tolist(), strict=True)
            ],
            [float(item.favourite) for item in garments],
        ]
    )
    return DayTraits(columns.reshape(len(garments), 4), target=day.clo, rains=day.rain)


def freshness(last_worn: date | None, on: date) -> float:
    """From -1.5 (worn the same day) to 0.5 (never worn)."""
    if last_worn is None:
        return 0.5
    days = abs((on - last_worn).days)
    for limit, value in ((0, -1.5), (1, -1.2), (3, -0.7), (7, -0.3)):
        if days <= limit:
            return value
    return 0.4 * min(days / 120, 1.0)


def _occasion(garments: Sequence[OwnedGarment], traits: Traits, occasion: str) -> npt.NDArray[np.float64]:
    wanted, room = OCCASIONS[occasion]
    off = np.maximum(np.abs(traits.formality - wanted) - room, 0.0)
    found = -2.0 * off
    if occasion == "sport":
        found -= 1.5 * ~traits.sporty
    for row, item in enumerate(garments):
        if item.occasion == occasion:
            found[row] = max(found[row], 0.0) + 0.15
        asleep = item.occasion == "sleep" or item.type == "nightwear"
        if asleep != (occasion == "sleep"):
            found[row] -= 3.0
    return np.asarray(found)


def _season(of_garment: str | None, of_day: str) -> float:
    if of_garment == of_day:
        return 0.4
    return -1.0 if of_garment is not None and _OPPOSITE.get(of_day) == of_garment else 0.0
