"""From detections, which overlap, to a label map and garments, which do not: the smaller lies on top.

A belt lies on its trousers and a bag on a coat, and both are the smaller of the two. Of two detections that cover the
same place the better one alone is shown, whatever their classes.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ewardrobe.segmentation.components import LabelMap, tight_box
from ewardrobe.segmentation.detections import Detections
from ewardrobe.segmentation.geometry import Axis, Placement
from ewardrobe.segmentation.instances import Instance
from ewardrobe.segmentation.people import find_people
from ewardrobe.segmentation.scores import ScoreMap
from ewardrobe.taxonomy import Taxonomy

__all__ = ["draw_layers", "layer_scores", "to_show"]

_STRIDE = 4  # input pixels per cell of the scores, as fine as the finest of the models' masks
_SAME_PLACE = 0.7  # the overlap of two masks from which they are one thing, named twice
_MOST = 100

Coverage = npt.NDArray[np.float32]


def to_show(detections: Detections, score: float, placement: Placement) -> tuple[Detections, list[Coverage]]:
    """Those with at least `score`, without doubles, largest first; and the coverage of each.

    A coverage is its probability on a grid over the photo, float32 (h, w), of one cell per four input pixels.
    """
    size = max(1, placement.size[0] // _STRIDE), max(1, placement.size[1] // _STRIDE)
    chosen: list[int] = []
    covers: list[Coverage] = []
    for index in np.flatnonzero(detections.scores >= score)[:_MOST].tolist():
        cover = detections.planes[index].probabilities(size)
        if not any(_overlap(cover > 0.5, other > 0.5) > _SAME_PLACE for other in covers):
            chosen.append(index)
            covers.append(cover)
    order = sorted(range(len(chosen)), key=lambda place: -float(covers[place].sum()))
    return detections.take([chosen[place] for place in order]), [covers[place] for place in order]


def layer_scores(shown: Detections, covers: list[Coverage], classes: int, placement: Placement) -> ScoreMap:
    """The class probabilities of layers laid on one another, largest first: each hides what it covers below."""
    height, width = placement.photo_size
    rows, columns = max(1, placement.size[0] // _STRIDE), max(1, placement.size[1] // _STRIDE)
    probabilities = np.zeros((classes, rows, columns), dtype=np.float32)
    probabilities[0] = 1
    for label, cover in zip(shown.labels.tolist(), covers, strict=True):
        probabilities *= 1 - cover
        probabilities[label] += cover
    down, across = rows / height, columns / width
    return ScoreMap(
        probabilities,
        Axis(height, rows, down, down / 2 - 0.5),
        Axis(width, columns, across, across / 2 - 0.5),
    )


def draw_layers(shown: Detections, taxonomy: Taxonomy) -> tuple[LabelMap, list[Instance]]:
    """The label map, uint8 (H, W), of detections laid on one another in their order, and the garments that show.

    As after `find_instances`, the garments' masks are disjoint and together all garment pixels of the map.
    """
    label_map = np.zeros(shown.size, dtype=np.uint8)
    numbers = np.zeros(shown.size, dtype=np.uint16)
    boxes = []
    for index, label in enumerate(shown.labels.tolist()):
        (x, y, width, height), mask = shown.cropped_mask(index)
        window = slice(y, y + height), slice(x, x + width)
        label_map[window][mask] = label
        numbers[window][mask] = index + 1
        boxes.append(window)
    people = find_people(label_map, taxonomy)
    found = []
    for index, (rows, columns) in enumerate(boxes):
        label = int(shown.labels[index])
        visible = numbers[rows, columns] == index + 1
        if not visible.any() or taxonomy[label].kind != "garment":
            continue
        left, top, width, height = tight_box(visible)
        box = columns.start + left, rows.start + top, width, height
        mask = np.ascontiguousarray(visible[top : top + height, left : left + width])
        owners = np.bincount(people.owner_map(box)[mask])
        person = int(owners.argmax()) or None
        found.append(Instance(label, person, box, mask, float(shown.scores[index])))
    return label_map, sorted(found, key=lambda item: (item.person or math.inf, item.label, item.box))


def _overlap(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    union = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / union if union else 0.0
