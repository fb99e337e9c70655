"""The owner's own words: types of garment in groups, each group worn on a place of the body; the colours offered.

The shipped list is that of `ewardrobe.attributes`; what the owner makes of it lies in the wardrobe's settings. It is
what forms offer and what boards are laid out by. A garment may still be called anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ewardrobe import taxonomy
from ewardrobe.attributes.garment_types import type_vocabulary
from ewardrobe.errors import UsageError
from ewardrobe.wardrobe.fields import FIELDS

__all__ = ["SLOTS", "TypeGroup", "Vocabulary", "parse_groups", "shipped_vocabulary"]

_MOST = 500


def _slots() -> dict[str, str]:
    classes = taxonomy.load("wardrobe")
    return {classes[index].name: classes[index].title for index in classes.garments}


SLOTS: Mapping[str, str] = _slots()
"""The places of the body, by the class of the taxonomy `wardrobe` that is worn there, with a title for people."""

_TITLES = {
    "hat": "Hats", "eyewear": "Eyewear", "top": "Tops", "outerwear": "Jackets and coats", "dress": "Dresses",
    "pants": "Trousers", "shorts": "Shorts", "skirt": "Skirts", "legwear": "Socks and tights", "footwear": "Shoes",
    "bag": "Bags", "belt": "Belts", "scarf": "Scarves", "accessories": "Accessories",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TypeGroup:
    """The first level: a title, the place of the body (a key of `SLOTS`), and the types in it."""

    title: str
    slot: str
    types: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {"title": self.title, "slot": self.slot, "types": list(self.types)}


@dataclass(frozen=True)
class Vocabulary:
    """Groups of types in the owner's order, and the colours that forms offer."""

    groups: tuple[TypeGroup, ...]
    colours: tuple[str, ...]

    @property
    def types(self) -> tuple[str, ...]:
        """Every type, in order."""
        return tuple(name for group in self.groups for name in group.types)

    def slot_of(self, kind: str | None) -> str | None:
        """Where a type is worn; None for one that is in no group."""
        return next((group.slot for group in self.groups if kind in group.types), None)


@lru_cache(maxsize=1)
def shipped_vocabulary() -> Vocabulary:
    """The types and colours that the program itself knows."""
    from ewardrobe.attributes.vocabulary import vocabulary

    types = type_vocabulary().types
    groups = (
        TypeGroup(_TITLES[slot], slot, tuple(item.name for item in types if item.classes[0] == slot))
        for slot in SLOTS
    )
    return Vocabulary(tuple(group for group in groups if group.types), vocabulary().names)


def parse_groups(value: Any) -> tuple[TypeGroup, ...]:
    """Groups from what was sent or lies in the file; `UsageError` says what is wrong with it."""
    if not isinstance(value, (list, tuple)) or not value:
        raise UsageError("the types must be a list of groups, with at least one")
    groups = tuple(map(_group, value))
    names = [name for group in groups for name in group.types]
    if len(names) + len(groups) > _MOST:
        raise UsageError(f"that is more than {_MOST} types")
    if twice := _twice(names) or _twice(group.title.casefold() for group in groups):
        raise UsageError(f"{twice!r} is there twice")
    return groups


def _group(value: Any) -> TypeGroup:
    if isinstance(value, TypeGroup):
        return value
    if not isinstance(value, Mapping) or set(value) != {"title", "slot", "types"}:
        raise UsageError("a group has a title, a slot and types")
    if value["slot"] not in SLOTS:
        raise UsageError(f"there is no place {value['slot']!r} on the body; there are: {', '.join(SLOTS)}")
    if not isinstance(value["types"], (list, tuple)):
        raise UsageError("the types of a group must be a list of words")
    title, *types = (_word(name, field) for name, field in _named(value))
    return TypeGroup(title, value["slot"], tuple(types))


def _named(value: Mapping[str, Any]) -> list[tuple[Any, str]]:
    return [(value["title"], "name"), *((name, "type") for name in value["types"])]


def _word(value: Any, field: str) -> str:
    try:
        word = str(FIELDS[field](value))
    except ValueError as error:
        raise UsageError(f"a {'title' if field == 'name' else 'type'} {error}") from error
    if not word:
        raise UsageError("a title or type is empty")
    return word


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
