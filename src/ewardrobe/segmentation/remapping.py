"""Garments in another taxonomy: what becomes one class on one person becomes one garment."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ewardrobe.segmentation.garments import Garment
from ewardrobe.segmentation.instances import Instance
from ewardrobe.taxonomy import IGNORE, TaxonomyMap

__all__ = ["remapped_instances"]


def remapped_instances(garments: Iterable[Garment], table: TaxonomyMap) -> list[Instance]:
    """The garments in the target taxonomy, in the order of `find_instances`.

    A shirt and the jacket over it, worn by one person, are one `top` of `parts`; two that lie on a bed stay two.
    """
    groups: dict[tuple[int, int, int], list[Garment]] = {}
    for garment in garments:
        target = int(table.lut[garment.index])
        if target == IGNORE or table.target[target].kind != "garment":
            continue
        alone = 0 if garment.person else garment.number
        groups.setdefault((garment.person or 0, target, alone), []).append(garment)
    merged = [_merged(target, person, group) for (person, target, _), group in groups.items()]
    return sorted(merged, key=lambda item: (item.person or math.inf, item.label, item.box))


def _merged(target: int, person: int, group: list[Garment]) -> Instance:
    left = min(item.box[0] for item in group)
    top = min(item.box[1] for item in group)
    right = max(item.box[0] + item.box[2] for item in group)
    bottom = max(item.box[1] + item.box[3] for item in group)
    mask = np.zeros((bottom - top, right - left), dtype=np.bool_)
    for item in group:
        x, y, width, height = item.box
        mask[y - top : y - top + height, x - left : x - left + width] |= item.cropped_mask
    score = sum(item.score * item.area for item in group) / sum(item.area for item in group)
    return Instance(target, person or None, (left, top, right - left, bottom - top), mask, score)
