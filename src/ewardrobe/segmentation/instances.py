"""From a label map to garments as a person counts them.

On a person, what is of one class is one garment, however often an arm or a strap cuts it; two shoes are one item. Off
every person, each piece of cloth lying by itself is a garment of its own, two shoes of like size again one item. What
is too small or too doubtful to be an item is given to its surroundings, so that the label map and the garments never
disagree: the garments' masks are disjoint, and together are all garment pixels of the map.
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
from ewardrobe.segmentation.people import People, find_people
from ewardrobe.segmentation.roles import is_footwear, is_in_bits, is_separable, smallest_share
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Instance", "find_instances"]

_DOUBTFUL_SCORE = 0.45
_DOUBTFUL_SIZE = 6.0  # a score below that needs so many times the area of a speck
_NEAR = (
    0.5  # of the root of the smaller's area: pieces nearer than this are of one garment that something cuts
)
_FRAGMENT = 0.1  # of the larger's area: a piece this small is no garment of its own
_SURROUNDINGS = 0.03  # of the largest piece of the foreground
_SCRAP = 0.02  # of the largest part of the same garment
_PAIR = 0.4  # two shoes are a pair when the smaller is this share of the larger


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
    groups = _groups(regions, people, taxonomy)
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


_Group = tuple[int, list[Region]]
"""The owner (0: nobody) and the regions of one garment."""


def _groups(regions: list[Region], people: People, taxonomy: Taxonomy) -> list[_Group]:
    owned: dict[tuple[int, int], list[Region]] = {}
    for region in regions:
        for owner, part in _by_owner(region, people):
            owned.setdefault((owner, region.label), []).append(part)
    groups = []
    for (owner, label), parts in sorted(owned.items(), key=lambda item: item[0]):
        if owner and not is_separable(taxonomy, label):
            groups.append((owner, parts))
        elif is_footwear(taxonomy, label):
            groups.extend((owner, pair) for pair in _pairs(parts))
        else:
            groups.extend((owner, pieces) for pieces in _pieces(parts))
    return groups


def _by_owner(region: Region, people: People) -> Iterable[tuple[int, Region]]:
    """The region, cut where it spans people who touch."""
    if not people.count:
        return [(0, region)]
    owners = people.owner_map(region.box)
    counts = np.bincount(owners[region.mask], minlength=2)
    shares = [int(owner) for owner in np.flatnonzero(counts >= 0.15 * region.area)]
    if len([owner for owner in shares if owner]) < 2:
        return [(int(counts.argmax()), region)]
    nearest = np.where(np.isin(owners, shares), owners, counts.argmax())
    parts = []
    for owner in shares:
        mask = region.mask & (nearest == owner)
        x, y, width, height = tight_box(mask)
        box = (region.box[0] + x, region.box[1] + y, width, height)
        crop = np.ascontiguousarray(mask[y : y + height, x : x + width])
        parts.append((owner, Region(region.label, box, crop, int(mask.sum()))))
    return parts


def _pieces(parts: list[Region]) -> list[list[Region]]:
    """Garments of one class that lie apart; pieces that something cuts, and fragments, join the larger."""
    parts = sorted(parts, key=lambda part: -part.area)
    garments: list[list[Region]] = []
    for part in parts:
        near = [
            garment
            for garment in garments
            if _gap(part, garment) <= _NEAR * math.sqrt(part.area) or part.area < _FRAGMENT * garment[0].area
        ]
        if near:
            min(near, key=lambda garment: _gap(part, garment)).append(part)
        else:
            garments.append([part])
    return garments


def _pairs(parts: list[Region]) -> list[list[Region]]:
    """Shoes two by two, the nearest of like size first; fragments join what they lie nearest to."""
    parts = sorted(parts, key=lambda part: -part.area)
    shoes = [part for part in parts if part.area >= _FRAGMENT * parts[0].area]
    candidates = sorted(
        (_gap(one, [other]), i, j)
        for i, one in enumerate(shoes)
        for j, other in enumerate(shoes[:i])
        if one.area >= _PAIR * other.area
    )
    free = set(range(len(shoes)))
    pairs = []
    for _, i, j in candidates:
        if {i, j} <= free:
            free -= {i, j}
            pairs.append([shoes[j], shoes[i]])
    pairs.extend([shoes[i]] for i in sorted(free))
    for fragment in parts[len(shoes) :]:
        min(pairs, key=lambda pair: _gap(fragment, pair)).append(fragment)
    return pairs


def _gap(part: Region, others: list[Region]) -> float:
    """The distance in pixels between a region's box and the nearest of the others' boxes."""
    x, y, width, height = part.box
    gaps = []
    for other in others:
        left, top, wide, high = other.box
        across = max(left - (x + width), x - (left + wide), 0)
        down = max(top - (y + height), y - (top + high), 0)
        gaps.append(math.hypot(across, down))
    return min(gaps)


def _dropped(groups: list[_Group], label_map: LabelMap, scores: ScoreMap, taxonomy: Taxonomy) -> set[int]:
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


def _scraps(groups: list[_Group], taxonomy: Taxonomy) -> Iterable[Region]:
    """Parts of garments too small beside the rest to be a part that something cuts off."""
    for _, parts in groups:
        largest = max(parts, key=lambda part: part.area)
        reach = math.sqrt(largest.area) if is_in_bits(taxonomy, largest.label) else 0.0
        for part in parts:
            if part.area < _SCRAP * largest.area and _gap(part, [largest]) >= reach:
                yield part


def _instance(
    number: int, owner: int, label: int, numbers: npt.NDArray[np.uint16], scores: ScoreMap
) -> Instance:
    x, y, width, height = tight_box(numbers == number)
    mask = numbers[y : y + height, x : x + width] == number
    score = float(scores.mean_over(mask, (x, y, width, height))[label])
    return Instance(label, owner or None, (x, y, width, height), mask, score)
