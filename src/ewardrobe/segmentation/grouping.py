"""Which regions of a label map are parts of one garment, as a person counts garments.

On a person, what is of one class is one garment, however often an arm, a strap or a belt cuts it; two shoes are one
item. Only of a few classes (bags, bracelets) may a person carry several. Off every person, each piece of cloth lying
by itself is a garment of its own, two shoes of like size again one item.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ewardrobe.segmentation.components import Region, tight_box
from ewardrobe.segmentation.people import People
from ewardrobe.segmentation.roles import comes_in_pairs, has_strap, is_separable
from ewardrobe.taxonomy import Taxonomy

__all__ = ["NEAR", "Group", "box_gap", "group_regions"]

NEAR = 0.5
"""Of the root of the smaller's area: pieces nearer than this are of one garment that something cuts."""

_FRAGMENT = 0.1  # of the larger's area: a piece this small is no garment of its own
_STRAP = 0.5  # the same of a bag that a person carries: mostly its strap, or what shows of it behind an arm
_PAIR = 0.4  # two shoes are a pair when the smaller is this share of the larger

Group = tuple[int, list[Region]]
"""The owner (0: nobody) and the regions of one garment."""


def group_regions(regions: list[Region], people: People, taxonomy: Taxonomy) -> list[Group]:
    """The garments that regions of a label map make up: all parts of each, its largest first off every person.

    Every pixel of the regions is in just one part; a region that spans people who touch is cut between them.
    """
    owned: dict[tuple[int, int], list[Region]] = {}
    for region in regions:
        for owner, part in _by_owner(region, people):
            owned.setdefault((owner, region.label), []).append(part)
    groups = []
    for (owner, label), parts in sorted(owned.items(), key=lambda item: item[0]):
        if owner and not is_separable(taxonomy, label):
            groups.append((owner, parts))
        elif comes_in_pairs(taxonomy, label):
            groups.extend((owner, pair) for pair in _pairs(parts))
        else:
            fragment = _STRAP if owner and has_strap(taxonomy, label) else _FRAGMENT
            groups.extend((owner, pieces) for pieces in _pieces(parts, fragment))
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


def _pieces(parts: list[Region], fragment: float) -> list[list[Region]]:
    """Garments of one class that lie apart; pieces that something cuts, and fragments, join the larger."""
    parts = sorted(parts, key=lambda part: -part.area)
    garments: list[list[Region]] = []
    for part in parts:
        near = [
            garment
            for garment in garments
            if box_gap(part, garment) <= NEAR * math.sqrt(part.area) or part.area < fragment * garment[0].area
        ]
        if near:
            min(near, key=lambda garment: box_gap(part, garment)).append(part)
        else:
            garments.append([part])
    return garments


def _pairs(parts: list[Region]) -> list[list[Region]]:
    """Shoes two by two, the nearest of like size first; fragments join what they lie nearest to."""
    parts = sorted(parts, key=lambda part: -part.area)
    shoes = [part for part in parts if part.area >= _FRAGMENT * parts[0].area]
    candidates = sorted(
        (box_gap(one, [other]), i, j)
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
        min(pairs, key=lambda pair: box_gap(fragment, pair)).append(fragment)
    return pairs


def box_gap(part: Region, others: list[Region]) -> float:
    """The distance in pixels between a region's box and the nearest of the others' boxes."""
    x, y, width, height = part.box
    gaps = []
    for other in others:
        left, top, wide, high = other.box
        across = max(left - (x + width), x - (left + wide), 0)
        down = max(top - (y + height), y - (top + high), 0)
        gaps.append(math.hypot(across, down))
    return min(gaps)
