"""Where on the body a garment is worn, and how much of an outfit's look it is."""

from __future__ import annotations

from collections.abc import Iterable

from ewardrobe.attributes.garment_types import type_vocabulary

__all__ = ["AREAS", "BASES", "EXTRAS", "PLACES", "SLOTS", "missing_places", "slot_of"]

AREAS = {
    "top": 1.0,
    "bottom": 1.0,
    "dress": 1.6,
    "outer": 1.0,
    "shoes": 0.5,
    "bag": 0.35,
    "scarf": 0.3,
    "hat": 0.25,
    "legs": 0.25,
    "belt": 0.1,
    "eyes": 0.1,
    "extra": 0.1,
}
"""The slots, each holding one garment at most, with the share of the look they carry."""

SLOTS = tuple(AREAS)
BASES: tuple[tuple[str, ...], ...] = (("top", "bottom"), ("dress",))
"""What covers a person: any one of these. A dress needs no trousers."""

EXTRAS = ("scarf", "hat", "legs", "belt", "eyes", "extra")
"""What may be left away: chosen only where it does an outfit good."""

PLACES = {
    "top": "a top",
    "bottom": "trousers, shorts or a skirt",
    "dress": "a dress",
    "outer": "a coat or jacket",
    "shoes": "shoes",
}

_OF_CLASS = {
    "top": "top",
    "outerwear": "outer",
    "dress": "dress",
    "pants": "bottom",
    "shorts": "bottom",
    "skirt": "bottom",
    "legwear": "legs",
    "footwear": "shoes",
    "bag": "bag",
    "belt": "belt",
    "scarf": "scarf",
    "hat": "hat",
    "eyewear": "eyes",
    "accessories": "extra",
}


def slot_of(label: str | None, kind: str | None) -> str | None:
    """The slot of a garment by its class and its type; None when neither says.

    The type decides where the class does not fit it: a blazer that was segmented as a top is worn over one.

    Examples:
        >>> slot_of("top", "blazer"), slot_of("pants", None), slot_of(None, "kilt")
        ('outer', 'bottom', None)
    """
    classes = next((item.classes for item in type_vocabulary().types if item.name == kind), ())
    if kind in ("blazer", "jacket", "coat", "cardigan"):
        return "outer"
    chosen = classes[0] if classes and label not in classes else label or next(iter(classes), None)
    return None if chosen is None else _OF_CLASS.get(chosen)


def missing_places(slots: Iterable[str]) -> tuple[str, ...]:
    """What nobody can be dressed without, where these slots are all there is; the slots' names."""
    there = set(slots)
    if any(there.issuperset(base) for base in BASES):
        lacking = []
    elif there & {"top", "bottom"}:
        lacking = [slot for slot in ("top", "bottom") if slot not in there]
    else:
        lacking = ["top", "bottom"]
    return (*lacking, *(slot for slot in ("shoes",) if slot not in there))
