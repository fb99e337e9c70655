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
    areas,
    fill_from_neighbours,
    find_regions,
    specks,
)
from ewardrobe.segmentation.roles import rivalry, smallest_share
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["clean"]

_SMALLEST_PIXELS = 16
_TOUCHING, _ENCLOSED = 0.12, 0.7  # shares of a region's outline
_WORN = 0.03  # the body's share of the foreground, from which on somebody is in the photo
_LIKE_SKIN = 0.5


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
    amounts = areas(label_map)
    body = [item.index for item in taxonomy if item.kind == "body"]
    worn = amounts[body].sum() >= _WORN * amounts[1:IGNORE].sum()
    # Body within cloth, in a photo without people, is a print or cloth in the colour of skin.
    classes = taxonomy.garments if worn else (*body, *taxonomy.garments)
    for region in sorted(find_regions(label_map, classes), key=lambda region: region.area):
        rival = _rival(region, label_map, amounts, scores, taxonomy, worn)
        if rival is not None:
            label_map[region.window][region.mask] = rival
            amounts[rival] += region.area
            amounts[region.label] -= region.area


def _rival(
    region: Region,
    label_map: LabelMap,
    amounts: npt.NDArray[np.intp],
    scores: ScoreMap,
    taxonomy: Taxonomy,
    worn: bool,
) -> int | None:
    """The class that the region ought to be, None for its own."""
    around = region.neighbours(label_map)
    around[region.label] = 0
    contact = around / max(int(around.sum()), 1)
    best, best_contact = None, _TOUCHING
    for other in taxonomy.garments:
        if contact[other] <= best_contact:
            continue
        allowed = rivalry(taxonomy, region.label, other, worn=worn)
        if taxonomy[region.label].kind == "body":
            allowed = _LIKE_SKIN if contact[other] >= _ENCLOSED else 0.0
        # The whole class counts, not the region: a shirt cut in three by a bag's strap is one shirt.
        if allowed and region.area <= amounts[other] * allowed * _doubt(region, other, scores):
            best, best_contact = other, float(contact[other])
    return best


def _doubt(region: Region, other: int, scores: ScoreMap) -> float:
    """How near the rival's probability comes to the region's own: 0.5 for certain, 2 for a tie."""
    means = scores.mean_over(region.mask, region.box)
    return float(np.clip(2 * means[other] / max(float(means[region.label]), 1e-6), 0.5, 2.0))
