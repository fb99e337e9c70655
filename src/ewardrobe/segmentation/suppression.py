"""Non-maximum suppression: of boxes that lie on the same object, the best one stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["box_ious", "suppress"]

Floats = npt.NDArray[np.float32]


def box_ious(box: npt.NDArray[np.floating], boxes: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Intersection over union of one box (4,) with each of `boxes` (n, 4), x0, y0, x1, y1; 0 where both are empty."""
    one, others = box.astype(np.float64), boxes.astype(np.float64)
    shared = np.clip(np.minimum(one[2:], others[:, 2:]) - np.maximum(one[:2], others[:, :2]), 0, None)
    intersection = shared[:, 0] * shared[:, 1]
    areas = np.prod(np.clip(others[:, 2:] - others[:, :2], 0, None), axis=1)
    union = np.prod(np.clip(one[2:] - one[:2], 0, None)) + areas - intersection
    ious: npt.NDArray[np.float64] = intersection / np.where(union > 0, union, 1)
    return ious


def suppress(
    boxes: Floats, labels: npt.NDArray[np.int64], scores: Floats, *, iou: float, limit: int
) -> npt.NDArray[np.intp]:
    """The indices of the boxes that stay, best score first, at most `limit`.

    A box (n, 4) goes when its intersection over union with a better one of the same label, which stays, is above `iou`
    (greedy, as `torchvision.ops.batched_nms`). Of equal scores the earlier box is the better one.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < limit:
        best, order = int(order[0]), order[1:]
        kept.append(best)
        rivals = (labels[order] == labels[best]) & (box_ious(boxes[best], boxes[order]) > iou)
        order = order[~rivals]
    return np.asarray(kept, dtype=np.intp)
