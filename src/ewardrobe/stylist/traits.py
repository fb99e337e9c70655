"""What the stylist sees of each garment, as arrays: colours by name, pattern, formality, warmth.

Colours are taken by their *name*, at the name's own typical shade, and not as they were measured: two photos taken in
one light share a cast, and measured colours would look more alike for that alone (docs: stylist).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.perceptual import oklab_from_srgb
from ewardrobe.attributes.values import Colour
from ewardrobe.attributes.vocabulary import MULTICOLOUR, vocabulary
from ewardrobe.stylist.slots import SLOTS, slot_of

__all__ = ["NEUTRALS", "Described", "Traits", "TypeFacts", "facts"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEUTRALS = frozenset(
    ("black", "charcoal", "grey", "white", "cream", "beige", "tan", "khaki", "taupe", "brown", "navy")
)
"""Colours that people put with anything; navy and the browns as in any guide to dressing, though they have a hue."""

PLAIN = ("solid", "unknown", None)
_SEEN_SHARE = 0.12


class Described(Protocol):
    """What is asked of a garment; `wardrobe.OwnedGarment` has it all."""

    @property
    def label(self) -> str | None:
        """Its class in the taxonomy `wardrobe`."""
        ...

    @property
    def type(self) -> str | None:
        """Its fine type."""
        ...

    @property
    def colour(self) -> str | None:
        """The main colour's name."""
        ...

    @property
    def colours(self) -> tuple[Colour, ...]:
        """The palette, the largest share first."""
        ...

    @property
    def pattern(self) -> str | None:
        """Such as striped."""
        ...

    @property
    def style(self) -> str | None:
        """Such as casual."""
        ...


@dataclass(frozen=True)
class TypeFacts:
    """`data/types.json`: what a type or class says of a garment by itself."""

    types: Mapping[str, Mapping[str, float]]
    classes: Mapping[str, Mapping[str, float]]
    styles: Mapping[str, float]
    sporty: frozenset[str]
    rain: Mapping[str, float]

    def of(self, label: str | None, kind: str | None, name: str) -> float:
        """`formality` or `warmth` of a type, else of the class, else a middling one."""
        entry = self.types.get(kind or "") or self.classes.get(label or "") or {}
        return float(entry.get(name, 0.4 if name == "formality" else 0.1))


@lru_cache(maxsize=1)
def facts() -> TypeFacts:
    """The shipped facts, read once."""
    text = (resources.files("ewardrobe.stylist") / "data" / "types.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return TypeFacts(
        document["types"],
        document["classes"],
        document["styles"],
        frozenset(document["sporty"]),
        document["rain"],
    )


@dataclass(frozen=True)
class Traits:
    """N garments.

    Attributes:
        slot: (N,) the index in `SLOTS`, -1 for none.
        lab: (N, 3) OKLab of the main colour; NaN where no colour is known.
        name: (N,) index of the main colour's name, -1 for none.
        neutral, patterned, sporty: (N,) bool.
        shares: (N, V) part of the cloth in each named colour.
        formality: (N,) 0 (the sofa) to 1 (a wedding). warmth: (N,) clo. rain: (N,) -1 (harmed) to 1 (keeps dry).
    """

    slot: npt.NDArray[np.intp]
    lab: Floats
    name: npt.NDArray[np.intp]
    neutral: Bools
    patterned: Bools
    shares: Floats
    formality: Floats
    warmth: Floats
    rain: Floats
    sporty: Bools

    def __len__(self) -> int:
        return len(self.slot)

    @classmethod
    def of(cls, garments: Sequence[Described], *, measured: bool = False) -> Traits:
        """The traits of garments; `measured` takes colours as they were measured, for comparison only."""
        known, words = facts(), vocabulary()
        swatches = oklab_from_srgb(words.swatches)
        places = {name: number for number, name in enumerate(words.names)}
        count = len(garments)
        lab, name = np.full((count, 3), np.nan), np.full(count, -1, np.intp)
        shares = np.zeros((count, len(words.names)))
        neutral = np.zeros(count, bool)
        for row, garment in enumerate(garments):
            for colour in garment.colours:
                shares[row, places[colour.name]] += colour.share
            main = garment.colour if garment.colour != MULTICOLOUR else None
            if main not in places and garment.colours:
                main = garment.colours[0].name
            if main not in places:
                continue
            name[row] = places[main]
            lab[row], neutral[row] = swatches[name[row]], main in NEUTRALS
            if measured and garment.colours:
                lab[row] = oklab_from_srgb(garment.colours[0].rgb)
                neutral[row] = np.hypot(*lab[row, 1:]) < 0.045
            if not garment.colours:
                shares[row, name[row]] = 1.0
        slots = {name: number for number, name in enumerate(SLOTS)}
        return cls(
            np.array([slots.get(slot_of(item.label, item.type) or "", -1) for item in garments], np.intp),
            lab,
            name,
            neutral,
            np.array([item.pattern not in PLAIN for item in garments], bool),
            shares,
            np.array([_formality(known, item) for item in garments], float),
            np.array([known.of(item.label, item.type, "warmth") for item in garments], float),
            np.array([known.rain.get(item.type or "", 0.0) for item in garments], float),
            np.array([item.style == "sporty" or item.type in known.sporty for item in garments], bool),
        )

    def take(self, rows: npt.ArrayLike) -> Traits:
        """Some of them, in this order."""
        chosen = np.asarray(rows, np.intp)
        return Traits(*(getattr(self, field)[chosen] for field in self.__dataclass_fields__))

    @property
    def seen(self) -> Bools:
        """(N, V) whether a colour has enough of the cloth to be noticed."""
        return np.asarray(self.shares >= _SEEN_SHARE)


def _formality(known: TypeFacts, item: Described) -> float:
    base = known.of(item.label, item.type, "formality")
    return float(np.clip(base + known.styles.get(item.style or "", 0.0), 0.0, 1.0))
