"""What to pack for a trip: few garments, an outfit for each day.

Days are dressed one after the other, the most particular first (a celebration before an everyday); what is packed
already is preferred, what was worn too often is not, and no outfit comes twice if it can be helped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ewardrobe.errors import UsageError
from ewardrobe.stylist.day import OCCASIONS, Day
from ewardrobe.stylist.planner import Suggestion, Wearable, best, chance, likings, made
from ewardrobe.stylist.slots import SLOTS, missing_places
from ewardrobe.stylist.tastes import read_tastes
from ewardrobe.wardrobe import OwnedGarment, Wardrobe

__all__ = ["MOST_DAYS", "Packing", "pack"]

MOST_DAYS = 31

_PACKED = 2.5  # what a packed garment is preferred by
_WORN_OUT = -4.0
_MAIN = [SLOTS.index(slot) for slot in ("top", "bottom", "dress")]
_DAYS_WORN = {"top": 2, "dress": 2, "legs": 2, "bottom": 4}
"""Days a garment of a slot is worn on one trip; the others as often as one likes."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What to take, and what each day wears.

    Attributes:
        days: a suggestion for each day, in the order asked; None where the wardrobe has nothing.
        garments: everything to pack, by slot in the order of `SLOTS`, with on how many days it is worn.
        outfits: how many different outfits the packed tops, bottoms and dresses make.
    """

    days: tuple[tuple[Day, Suggestion | None], ...]
    garments: tuple[tuple[str, OwnedGarment, int], ...]
    missing: tuple[str, ...]

    @property
    def outfits(self) -> int:
        """Different ways to be dressed with what is packed: tops times bottoms, and dresses."""
        counts = Counter(slot for slot, _, _ in self.garments)
        return counts["top"] * counts["bottom"] + counts["dress"]

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "garments": [
                {"slot": slot, "id": item.id, "title": item.title, "days": days}
                for slot, item, days in self.garments
            ],
            "days": [
                {
                    "on": day.on.isoformat(),
                    "occasion": day.occasion,
                    "temperature": day.temperature,
                    "rain": day.rain,
                    "outfit": None if outfit is None else outfit.to_dict(),
                }
                for day, outfit in self.days
            ],
            "outfits": self.outfits,
            "missing": list(self.missing),
        }


def pack(wardrobe: Wardrobe, days: Sequence[Day], *, seed: int = 0) -> Packing:
    """Pack for these days; raises `UsageError` for none or more than `MOST_DAYS`."""
    if not 1 <= len(days) <= MOST_DAYS:
        raise UsageError(f"a trip has 1 to {MOST_DAYS} days, not {len(days)}")
    wearable, tastes = Wearable.of(wardrobe), read_tastes(wardrobe.path)
    bias = chance(wearable.garments, seed) + likings(wearable.garments, tastes)
    worn: Counter[int] = Counter()
    chosen: dict[int, Suggestion] = {}
    seen: set[frozenset[int]] = set()
    for number in sorted(range(len(days)), key=lambda number: (-_particular(days[number]), number)):
        lean = bias.copy()
        for row, times in worn.items():
            often = _DAYS_WORN.get(SLOTS[wearable.traits.slot[row]], MOST_DAYS)
            lean[row] += _PACKED if times < often else _WORN_OUT
        found = best(wearable, days[number], tastes, lean)
        looks = [
            frozenset(outfit[_MAIN].tolist()) for outfit in found.outfits
        ]  # other shoes are no other outfit
        if not looks:
            continue
        new = next((place for place, look in enumerate(looks) if look not in seen), 0)
        chosen[number] = made(wearable, found, new, days[number], tastes, history=False)
        worn.update(int(row) for row in found.outfits[new] if row >= 0)
        seen.add(looks[new])
    return Packing(
        tuple((day, chosen.get(number)) for number, day in enumerate(days)),
        tuple(_listed(wearable, worn)),
        missing_places(SLOTS[slot] for slot in np.unique(wearable.traits.slot)),
    )


def _particular(day: Day) -> float:
    """How little is right for a day: a formal one, or one of sport, before an ordinary one."""
    wanted, room = OCCASIONS[day.occasion]
    return abs(wanted - 0.35) - room


def _listed(wearable: Wearable, worn: Mapping[int, int]) -> list[tuple[str, OwnedGarment, int]]:
    slots = wearable.traits.slot
    return [
        (SLOTS[slots[row]], wearable.garments[row], worn[row])
        for row in sorted(worn, key=lambda row: (slots[row], row))
    ]
