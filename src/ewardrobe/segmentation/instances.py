"""From a label map to garments as a person counts them.

Which regions are one garment is said in `grouping`. What is too small or too doubtful to be an item is given to its
surroundings, so that the label map and the garments never disagree: the garments' masks are disjoint, and together are
all garment pixels of the map.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation.components import (
    Box,
    LabelMap,
    Mask,
    Region,
    fill_from_neighbours,
    find_regions,
    tight_box,
)
from ewardrobe.segmentation.grouping import Group, box_gap, group_regions
from ewardrobe.segmentation.people import People, find_people
from ewardrobe.segmentation.roles import is_in_bits, smallest_share
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Instance", "find_instances"]

_DOUBTFUL_SCORE = 0.45
_DOUBTFUL_SIZE = 6.0  # a score below that needs so many times the area of a speck
_SURROUNDINGS = 0.03  # of the largest piece of the foreground
_SCRAP = 0.02  # of the largest part of the same garment


@dataclass(frozen=True, slots=True)
class Instance:
    """One garment: class `label`, `person` (1.., None: nobody's), `box`, `mask` within it, mean probability `score`."""

    label: int
    person: int | None
    box: Box
    mask: Mask
    score: float


def find_instances(label_map: LabelMap, scores: ScoreMap, taxonomy: Taxonomy) -> list[Instance]:
    """The garments of a clean label map (uint8, H, W), which is changed in place where an item is dropped.

    They come person by person, nobody's last, each in the order of the taxonomy's classes and then from left to right.
    """
    people = find_people(label_map, taxonomy)
    if people.count:
        _clear_surroundings(label_map, people)
    regions = find_regions(label_map, taxonomy.garments)
    groups = group_regions(regions, people, taxonomy)
    numbers = np.zeros(label_map.shape, dtype=np.uint16)
    for number, (_, parts) in enumerate(groups, start=1):
        for part in parts:
            numbers[part.window][part.mask] = number
    dropped = _dropped(groups, label_map, scores, taxonomy)
    unknown = np.isin(numbers, list(dropped)) if dropped else np.zeros(label_map.shape, dtype=np.bool_)
    for scrap in _scraps(groups, taxonomy):
        unknown[scrap.window] |= scrap.mask
    fill_from_neighbours([label_map, numbers], unknown)
    found = [
        _instance(number, owner, parts[0].label, numbers, scores)
        for number, (owner, parts) in enumerate(groups, start=1)
        if number not in dropped
    ]
    return sorted(found, key=lambda item: (item.person or math.inf, item.label, item.box))


def _clear_surroundings(label_map: LabelMap, people: People) -> None:
    """Give to the background, in place, what is small beside the people and not theirs: bits of passers-by, mostly."""
    pieces = find_regions((label_map != 0).astype(np.uint8), (1,))
    least = _SURROUNDINGS * max((piece.area for piece in pieces), default=0)
    for piece in pieces:
        if piece.area < least and not people.owner_map(piece.box)[piece.mask].any():
            label_map[piece.window][piece.mask] = 0


def _dropped(groups: list[Group], label_map: LabelMap, scores: ScoreMap, taxonomy: Taxonomy) -> set[int]:
    foreground = np.count_nonzero(label_map)
    dropped = set()
    for number, (_, parts) in enumerate(groups, start=1):
        label = parts[0].label
        area = sum(part.area for part in parts)
        least = smallest_share(taxonomy, label) * foreground
        if area < least or (area < _DOUBTFUL_SIZE * least and _score(parts, scores) < _DOUBTFUL_SCORE):
            dropped.add(number)
    return dropped


def _score(parts: list[Region], scores: ScoreMap) -> float:
    label = parts[0].label
    total = sum(float(scores.mean_over(part.mask, part.box)[label]) * part.area for part in parts)
    return total / sum(part.area for part in parts)


def _scraps(groups: list[Group], taxonomy: Taxonomy) -> Iterable[Region]:
    """Parts of garments too small beside the rest to be a part that something cuts off."""
    for _, parts in groups:
        largest = max(parts, key=lambda part: part.area)
        reach = math.sqrt(largest.area) if is_in_bits(taxonomy, largest.label) else 0.0
        for part in parts:
            if part.area < _SCRAP * largest.area and box_gap(part, [largest]) >= reach:
                yield part


def _instance(
    number: int, owner: int, label: int, numbers: npt.NDArray[np.uint16], scores: ScoreMap
) -> Instance:
    x, y, width, height = tight_box(numbers == number)
    mask = numbers[y : y + height, x : x + width] == number
    score = float(scores.mean_over(mask, (x, y, width, height))[label])
    return Instance(label, owner or None, (x, y, width, height), mask, score)
