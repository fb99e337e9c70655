"""Maps between taxonomies: each class of the source lands on one of the target, or on ignore for a reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import TaxonomyError
from ewardrobe.taxonomy.classes import DATA, IGNORE, Taxonomy, load

__all__ = ["TaxonomyMap", "load_map", "map_names"]

_HUB = "wardrobe"
_FOLDER = DATA / "maps"


@dataclass(frozen=True, eq=False)
class TaxonomyMap:
    """A many-to-one map of label maps and class names from one taxonomy to another.

    `lut` is uint8 (256,): target index by source index, `IGNORE` where a class is ignored and at 255.
    `reasons` says, by class name, why a class is ignored. `gives_way` names those ignored classes which lie
    on top of another (a sleeve on its shirt): who draws a label map from instances leaves them out, so that
    the garment below shows.

    Examples:
        >>> from ewardrobe import taxonomy
        >>> taxonomy.load_map("people-clothing", "wardrobe").target_of("jeans")
        'pants'
    """

    source: Taxonomy
    target: Taxonomy
    lut: npt.NDArray[np.uint8]
    reasons: Mapping[str, str]
    gives_way: frozenset[str] = frozenset()

    def apply(self, label_map: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The label map (uint8, any shape) in the target taxonomy.

        TaxonomyError when a pixel is neither a class of the source nor `IGNORE`: then it is in another
        taxonomy.
        """
        labels = np.asarray(label_map)
        if labels.dtype != np.uint8:
            raise TaxonomyError(f"a label map is uint8, this one is {labels.dtype}")
        beyond = labels - np.uint8(len(self.source))  # wraps: classes land above strays
        stray = beyond < IGNORE - len(self.source)
        if stray.any():
            value = int(labels[stray].flat[0])
            known = f"0..{len(self.source) - 1} and 255 = ignore"
            raise TaxonomyError(
                f"pixel value {value} is no class of {self.source.name} ({known}): take the map of its taxonomy"
            )
        mapped: npt.NDArray[np.uint8] = self.lut[labels]
        return mapped

    def target_of(self, name: str) -> str | None:
        """The class that `name` lands on, None where it is ignored; TaxonomyError when unknown."""
        index = int(self.lut[self.source.index(name)])
        return None if index == IGNORE else self.target[index].name


def map_names() -> tuple[tuple[str, str], ...]:
    """The (source, target) pairs for which there is a map file, sorted."""
    pairs = []
    for path in sorted(_FOLDER.glob("*.json")):
        source, _, target = path.stem.partition("--")
        pairs.append((source, target))
    return tuple(pairs)


@cache
def load_map(source: str, target: str) -> TaxonomyMap:
    """The map from taxonomy `source` to `target`.

    A map file is taken where there is one; from a taxonomy to itself it is the identity. Otherwise the two
    steps over `wardrobe` are composed, if the file of the first step lists `target` under `chains`: it says
    that nothing is lost on the way, that is, no class which the target could tell apart was merged or
    ignored before. TaxonomyError, naming what there is, in all other cases.
    """
    first, second = load(source), load(target)
    if source == target:
        return TaxonomyMap(first, second, _table(range(len(first))), {})
    if (source, target) in map_names():
        return _from_document(first, second, _document(source, target))
    if (source, _HUB) in map_names() and target in _document(source, _HUB)["chains"]:
        return _compose(load_map(source, _HUB), load_map(_HUB, target))
    raise TaxonomyError(
        f"there is no map from {source} to {target}; from {source} there is: {_reachable(source)}"
    )


def _document(source: str, target: str) -> dict[str, Any]:
    text = (_FOLDER / f"{source}--{target}.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def _from_document(source: Taxonomy, target: Taxonomy, document: dict[str, Any]) -> TaxonomyMap:
    gives_way: dict[str, str] = document.get("gives_way", {})
    reasons: dict[str, str] = {**document.get("ignore", {}), **gives_way}
    classes: dict[str, str] = document["classes"]
    indices = [IGNORE if name in reasons else target.index(classes[name]) for name in source.labels]
    return TaxonomyMap(source, target, _table(indices), reasons, frozenset(gives_way))


def _compose(first: TaxonomyMap, second: TaxonomyMap) -> TaxonomyMap:
    reasons = dict(first.reasons)
    for name in first.source.labels:
        between = first.target_of(name)
        if between is not None and between in second.reasons:
            reasons[name] = second.reasons[between]
    lut = second.lut[first.lut]
    lut.setflags(write=False)
    return TaxonomyMap(first.source, second.target, lut, reasons, first.gives_way)


def _table(indices: list[int] | range) -> npt.NDArray[np.uint8]:
    table = np.full(256, IGNORE, dtype=np.uint8)
    table[: len(indices)] = indices
    table.setflags(write=False)
    return table


def _reachable(source: str) -> str:
    direct = [end for start, end in map_names() if start == source]
    chained = _document(source, _HUB)["chains"] if _HUB in direct else []
    return ", ".join(sorted({*direct, *chained})) or "none"
