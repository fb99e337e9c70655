"""Where each garment of an outfit lies on a board: as it is worn, the coat beside what it goes over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["HEIGHT", "WIDTH", "Place", "lay_out"]

WIDTH, HEIGHT = 100, 124
"""The board's own units."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box on the board, its upper left corner first; a picture is fitted into it."""

    slot: str
    x: float
    y: float
    width: float
    height: float


# What lies lower is drawn first.
_ALONE = {
    "legs": (30, 62, 18, 44),
    "bottom": (22, 42, 44, 62),
    "dress": (18, 8, 52, 92),
    "top": (14, 4, 60, 48),
    "outer": (0, 6, 46, 72),
    "shoes": (26, 102, 34, 20),
    "bag": (71, 56, 28, 34),
    "scarf": (78, 24, 20, 30),
    "hat": (77, 3, 21, 17),
    "belt": (72, 92, 26, 10),
    "eyes": (74, 104, 22, 9),
    "extra": (2, 92, 18, 18),
}
_BESIDE_COAT = {
    "bottom": (38, 44, 40, 60),
    "dress": (34, 10, 44, 90),
    "top": (33, 6, 48, 44),
    "legs": (47, 62, 18, 44),
    "shoes": (40, 103, 34, 19),
    "bag": (74, 58, 25, 32),
    "scarf": (80, 26, 18, 28),
    "hat": (79, 4, 19, 16),
    "extra": (6, 84, 18, 18),
}


def lay_out(slots: Collection[str]) -> list[Place]:
    """The places of an outfit's slots, in the order they are drawn."""
    boxes = {**_ALONE, **(_BESIDE_COAT if "outer" in slots else {})}
    return [Place(slot, *boxes[slot]) for slot in _ALONE if slot in slots]
