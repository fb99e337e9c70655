"""A label map as a person would draw it: no specks, and no patch of one garment inside another that cannot be there.

Two passes. Specks, by area relative to the foreground, take the label of what is nearest. Then a region whose class
is a rival of a larger neighbour's (`roles.rivalry`) is given to it when it is small beside it; how small depends on
how much the scores themselves doubted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation.components import (
    LabelMap,
    Region,
    fill_from_neighbours,
    find_regions,
    specks,
)
from ewardrobe.segmentation.roles import rivalry, smallest_share
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import Taxonomy

__all__ = ["clean"]

_SMALLEST_PIXELS = 16
_ENCLOSED, _ENCLOSED_SHARE = 0.7, 0.2
_TOUCHING = 0.12


def clean(label_map: LabelMap, scores: ScoreMap, taxonomy: Taxonomy) -> None:
    """Clean a label map (uint8, H, W) in place."""
    foreground = int(np.count_nonzero(label_map))
    if not foreground:
        return
    smallest = {
        item.index: max(_SMALLEST_PIXELS, round(foreground * smallest_share(taxonomy, item.index)))
        for item in taxonomy
    }
    fill_from_neighbours([label_map], specks(label_map, smallest))
    _give_slips_to_their_neighbours(label_map, scores, taxonomy)


def _give_slips_to_their_neighbours(label_map: LabelMap, scores: ScoreMap, taxonomy: Taxonomy) -> None:
    regions = sorted(find_regions(label_map, taxonomy.garments), key=lambda region: region.area)
    areas = np.bincount(label_map.ravel(), minlength=256)
    for region in regions:
        rival = _rival(region, label_map, areas, scores, taxonomy)
        if rival is not None:
            label_map[region.window][region.mask] = rival
            areas[rival] += region.area
            areas[region.label] -= region.area


def _rival(
    region: Region, label_map: LabelMap, areas: npt.NDArray[np.intp], scores: ScoreMap, taxonomy: Taxonomy
) -> int | None:
    """The class that the region ought to be, None for its own."""
    around = region.neighbours(label_map)
    around[region.label] = 0
    if not around.any():
        return None
    contact = around / around.sum()
    best, best_contact = None, 0.0
    for other in taxonomy.garments:
        allowed = rivalry(taxonomy, region.label, other)
        if not allowed or contact[other] <= max(best_contact, _TOUCHING) or not areas[other]:
            continue
        if contact[other] >= _ENCLOSED:
            allowed = max(allowed, _ENCLOSED_SHARE if allowed > 0.1 else allowed)
        # The whole class counts, not the region: a shirt cut in three by a bag's strap is one shirt.
        if region.area <= areas[other] * allowed * _doubt(region, other, scores):
            best, best_contact = other, float(contact[other])
    return best


def _doubt(region: Region, other: int, scores: ScoreMap) -> float:
    """How near the rival's probability comes to the region's own: 0.5 for certain, 2 for a tie."""
    means = scores.mean_over(region.mask, region.box)
    return float(np.clip(2 * means[other] / max(float(means[region.label]), 1e-6), 0.5, 2.0))
