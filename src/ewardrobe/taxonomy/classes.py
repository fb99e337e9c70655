"""Taxonomies: named lists of classes in index order, read from data files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import TaxonomyError

__all__ = ["DATA", "IGNORE", "LabelClass", "Taxonomy", "load", "names"]

IGNORE = 255
"""The pixel value that enters no score and no loss."""

DATA = Path(__file__).parent / "data"

Kind = Literal["background", "body", "garment"]


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class of a taxonomy.

    `index` is its pixel value in a label map, `name` what files and commands call it, `title` what a person
    reads, `colour` sRGB 0..255, `region` its class in the taxonomy `regions` (None for background, body,
    and classes that span regions), `category_id` its number in the dataset's own files where that differs
    from a plain index.
    """

    index: int
    name: str
    title: str
    colour: tuple[int, int, int]
    kind: Kind
    region: str | None = None
    category_id: int | None = None


@dataclass(frozen=True)
class Taxonomy:
    """A named, ordered set of classes; index 0 is always the background.

    Examples:
        >>> from ewardrobe import taxonomy
        >>> wardrobe = taxonomy.load("wardrobe")
        >>> len(wardrobe), wardrobe.index("top"), wardrobe[8].name
        (17, 5, 'pants')
    """

    name: str
    title: str
    classes: tuple[LabelClass, ...]
    about: str = ""
    _by_name: dict[str, LabelClass] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {item.name: item for item in self.classes})

    def __len__(self) -> int:
        return len(self.classes)

    def __iter__(self) -> Iterator[LabelClass]:
        return iter(self.classes)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __hash__(self) -> int:
        return hash((self.name, len(self.classes)))

    def __getitem__(self, key: str | int) -> LabelClass:
        """The class of that name or index; TaxonomyError when there is none."""
        if isinstance(key, str):
            found = self._by_name.get(key)
            if found is None:
                raise TaxonomyError(
                    f"taxonomy {self.name} has no class {key!r}; its classes are: {', '.join(self.labels)}"
                )
            return found
        if not 0 <= key < len(self.classes):
            raise TaxonomyError(
                f"taxonomy {self.name} has no index {key}; its indices are 0..{len(self) - 1}"
            )
        return self.classes[key]

    def index(self, name: str) -> int:
        """The index of the class `name`; TaxonomyError when there is none."""
        return self[name].index

    @property
    def labels(self) -> tuple[str, ...]:
        """The names in index order."""
        return tuple(item.name for item in self.classes)

    @property
    def garments(self) -> tuple[int, ...]:
        """The indices of the classes a wardrobe holds: neither background nor body."""
        return tuple(item.index for item in self.classes if item.kind == "garment")

    @property
    def colours(self) -> npt.NDArray[np.uint8]:
        """The classes' sRGB colours, uint8 (N, 3)."""
        return np.array([item.colour for item in self.classes], dtype=np.uint8)

    def palette(self) -> list[int]:
        """A palette of 768 values for an 8-bit PNG; unused entries are black, `IGNORE` is white."""
        table = np.zeros((256, 3), dtype=np.uint8)
        table[: len(self)] = self.colours
        table[IGNORE] = 255
        return [int(value) for value in table.ravel()]

    def to_dict(self) -> dict[str, Any]:
        """The taxonomy as plain data, classes in index order: what `taxonomy show --json` prints."""
        rows = []
        for item in self.classes:
            row: dict[str, Any] = {
                "index": item.index,
                "name": item.name,
                "title": item.title,
                "colour": "#{:02x}{:02x}{:02x}".format(*item.colour),
                "kind": item.kind,
                "region": item.region,
            }
            if item.category_id is not None:
                row["category_id"] = item.category_id
            rows.append(row)
        return {
            "name": self.name,
            "title": self.title,
            "about": self.about,
            "ignore": IGNORE,
            "classes": rows,
        }


def names() -> tuple[str, ...]:
    """The names of all taxonomies, `wardrobe` first."""
    found = sorted(path.stem for path in DATA.glob("*.json"))
    return tuple(sorted(found, key=lambda name: name != "wardrobe"))


@cache
def load(name: str) -> Taxonomy:
    """The taxonomy `name`; TaxonomyError when there is none of that name."""
    if name not in names():
        raise TaxonomyError(f"unknown taxonomy {name!r}; there are: {', '.join(names())}")
    document = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    classes = tuple(_read_class(index, row) for index, row in enumerate(document["classes"]))
    return Taxonomy(name=document["name"], title=document["title"], classes=classes, about=document["about"])


def _read_class(index: int, row: dict[str, Any]) -> LabelClass:
    red, green, blue = bytes.fromhex(row["colour"].removeprefix("#"))
    return LabelClass(
        index=index,
        name=row["name"],
        title=row["title"],
        colour=(red, green, blue),
        kind=row["kind"],
        region=row["region"],
        category_id=row.get("category_id"),
    )
