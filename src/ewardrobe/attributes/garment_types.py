"""The vocabulary of fine types (`data/types.json`): 47 names, the classes they are segmented as, their seasons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

__all__ = ["GarmentType", "TypeVocabulary", "type_vocabulary"]


@dataclass(frozen=True, slots=True)
class GarmentType:
    """A fine type.

    Attributes:
        name: what values of `Attributes.type` are called.
        title: for people.
        classes: classes of the taxonomy `wardrobe` that it is segmented as, the usual one first.
        seasons: weights of `TypeVocabulary.seasons`; `None` where the type alone says nothing.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    seasons: tuple[float, ...] | None


@dataclass(frozen=True)
class TypeVocabulary:
    """All types, and what the labels of the labelled sets may mean among them.

    Attributes:
        types: in the order of the type head's outputs.
        seasons: the names of the seasons.
        styles: the names of the styles, each with the occasion that it stands for.
        occasions: the occasion of a type that has one of its own, whatever its style.
        sources: by taxonomy or set, by its label: the types that label may mean.
        words: what the set `products` says of style and season, in our names: by attribute, by its word.
    """

    types: tuple[GarmentType, ...]
    seasons: tuple[str, ...]
    styles: Mapping[str, str]
    occasions: Mapping[str, str]
    sources: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: Mapping[str, Mapping[str, str]]

    @property
    def names(self) -> tuple[str, ...]:
        """The types' names in order."""
        return tuple(item.name for item in self.types)

    def members(self, source: str, label: str) -> npt.NDArray[np.bool_]:
        """Which types a source's label may mean, bool (types,); all False for a label that is not used."""
        meant = self.sources[source].get(label, ())
        return np.array([item.name in meant for item in self.types])

    def segmented_as(self, label: str) -> npt.NDArray[np.bool_]:
        """Which types are segmented as the `wardrobe` class `label`, bool (types,)."""
        return np.array([label in item.classes for item in self.types])

    def season_weights(self) -> npt.NDArray[np.float32]:
        """What each type says of the season, float32 (types, seasons), rows that sum to 1."""
        flat = (1.0,) * len(self.seasons)
        weights = np.array([item.seasons or flat for item in self.types], dtype=np.float32)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@lru_cache(maxsize=1)
def type_vocabulary() -> TypeVocabulary:
    """The shipped vocabulary.

    Examples:
        >>> from ewardrobe.attributes import type_vocabulary
        >>> type_vocabulary().sources["people-clothing"]["suit"]
        ('blazer',)
    """
    text = (resources.files("ewardrobe.attributes") / "data" / "types.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return TypeVocabulary(
        tuple(
            GarmentType(
                row["name"],
                row["title"],
                tuple(row["classes"]),
                tuple(map(float, row["seasons"])) if "seasons" in row else None,
            )
            for row in document["types"]
        ),
        tuple(document["seasons"]),
        {row["name"]: row["occasion"] for row in document["styles"]},
        document["occasions"],
        {
            source: {label: tuple(meant) for label, meant in entry["labels"].items()}
            for source, entry in document["sources"].items()
        },
        {
            "style": document["sources"]["products"]["styles"],
            "season": document["sources"]["products"]["seasons"],
        },
    )
