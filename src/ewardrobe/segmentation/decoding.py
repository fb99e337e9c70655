"""An instance model's outputs, read as detections in photo pixels: NumPy only, by the description's `decode`.

The three layouts are those of Mask R-CNN (torchvision), of Ultralytics' segment models, and of RF-DETR; the head of
`ewardrobe.segmentation.description` says what each output holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.detections import Detections, MaskPlane
from ewardrobe.segmentation.geometry import Axis, Placement
from ewardrobe.segmentation.specs import OutputKind
from ewardrobe.segmentation.suppression import suppress

__all__ = ["LOWEST_SCORE", "MOST", "decode"]

LOWEST_SCORE = 0.001
"""The score from which on a detection counts for average precision, as in Ultralytics' validation."""
MOST = 300
"""Detections of one photo."""

Array = npt.NDArray[np.float32]
Outputs = Mapping[OutputKind, Array]


@dataclass(frozen=True, slots=True)
class _Found:
    """Candidates above the score: boxes float32 (n, 4) x0, y0, x1, y1 in input pixels, class numbers, scores, masks."""

    boxes: Array
    classes: npt.NDArray[np.int64]
    scores: Array
    plane: Callable[[int, tuple[float, float, float, float]], MaskPlane]
    """The mask of a candidate, given its box in photo pixels."""

    def take(self, chosen: npt.NDArray[np.intp]) -> _Found:
        indices = chosen.tolist()
        plane = self.plane
        return replace(
            self,
            boxes=self.boxes[chosen],
            classes=self.classes[chosen],
            scores=self.scores[chosen],
            plane=lambda index, box: plane(indices[index], box),
        )


def decode(
    outputs: Mapping[str, Array],
    description: ModelDescription,
    placement: Placement,
    *,
    score: float = LOWEST_SCORE,
) -> Detections:
    """The detections with at least `score`, at most 300, best first.

    `outputs` are the graph's, by name, as it gave them; `placement` is where the photo lay in its input. A YOLO's box
    has one class, its best. ModelError when the outputs contradict the description or hold what is no number.
    """
    by_kind: dict[OutputKind, Array] = {
        spec.kind: np.asarray(outputs[name], dtype=np.float32) for name, spec in description.outputs.items()
    }
    classes = len(description.labels) or len(description.load_taxonomy()) - 1
    read = {"boxes-masks": _boxes_masks, "yolo-seg": _yolo, "detr-seg": _detr}[description.decode]
    try:
        found = read(by_kind, classes, placement, score)
        if not (np.isfinite(found.boxes).all() and np.isfinite(found.scores).all()):
            raise ModelError("its boxes or scores are not all numbers")
        if len(found.classes) and not 0 <= found.classes.min() <= found.classes.max() < classes:
            stray = int(found.classes.max() if found.classes.max() >= classes else found.classes.min()) + 1
            raise ModelError(f"it found class {stray}, and its description has classes 1..{classes}")
    except ModelError as error:
        raise ModelError(f"model {description.name} and its description disagree: {error}") from None
    needs_suppression = description.decode == "yolo-seg" and not _is_end_to_end(by_kind)
    if needs_suppression:
        chosen = suppress(found.boxes, found.classes, found.scores, iou=description.nms_iou, limit=MOST)
    else:
        chosen = np.argsort(-found.scores, kind="stable")[:MOST]
    found = found.take(chosen)
    boxes = _to_photo(found.boxes, placement)
    table = np.asarray(description.labels or range(1, classes + 1), dtype=np.int64)
    planes = tuple(found.plane(index, tuple(box)) for index, box in enumerate(boxes.tolist()))
    return Detections(boxes, table[found.classes], found.scores, placement.photo_size, planes)


def _boxes_masks(outputs: Outputs, classes: int, placement: Placement, score: float) -> _Found:
    """Mask R-CNN: suppressed already, a small mask per box (or, as torchvision exports it, one of the input's size)."""
    boxes, scores, labels = (outputs[kind] for kind in ("boxes", "box_scores", "labels"))
    whole = "masks" in outputs
    masks = outputs["masks" if whole else "box_masks"]
    shapes = _has_shape(boxes, None, 4) and scores.ndim == labels.ndim == 1 and masks.ndim >= 3
    if not shapes or (masks.size and masks.size != len(masks) * masks.shape[-2] * masks.shape[-1]):
        raise ModelError(
            f"its boxes, scores, labels and masks have shapes {boxes.shape}, {scores.shape}, {labels.shape} and "
            f"{masks.shape}, not (n, 4), (n,), (n,) and (n, 1, h, w)"
        )
    masks = masks.reshape(-1, *masks.shape[-2:]) if masks.size else np.zeros((len(masks), 1, 1), np.float32)
    if not len(boxes) == len(scores) == len(labels) == len(masks):
        raise ModelError(
            f"it gave {len(boxes)} boxes, {len(scores)} scores, {len(labels)} labels and {len(masks)} masks"
        )
    if not np.isfinite(scores).all():
        raise ModelError("its boxes or scores are not all numbers")
    kept = np.flatnonzero(scores >= score)

    def plane(index: int, box: tuple[float, float, float, float]) -> MaskPlane:
        values = masks[kept[index]]
        return _over_input(values, placement, box, False) if whole else _pasted(values, placement, box)

    numbers = np.nan_to_num(labels[kept], nan=0).astype(np.int64) - 1
    return _Found(boxes[kept], numbers, scores[kept], plane)


def _yolo(outputs: Outputs, classes: int, placement: Placement, score: float) -> _Found:
    """Ultralytics: a mask's logits are its coefficients times the prototypes, within its box."""
    prototypes = outputs["prototypes"]
    if not _has_shape(prototypes, 1, None, None, None) or not prototypes.size:
        raise ModelError(f"its prototypes have shape {prototypes.shape}, not (1, K, h, w)")
    basis, given = prototypes[0], outputs["detections"]
    count = len(basis)
    if _is_end_to_end(outputs):
        rows = given[0]
        _check_numbers(rows[:, 4])
        rows = rows[rows[:, 4] >= score]
        _check_numbers(rows[:, 5])
        boxes, best, numbers, coefficients = rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64), rows[:, 6:]
    elif _has_shape(given, 1, 4 + classes + count, None):
        scores = given[0, 4 : 4 + classes]
        _check_numbers(scores)
        kept = np.flatnonzero(scores.max(axis=0) >= score)
        numbers = scores[:, kept].argmax(axis=0).astype(np.int64)
        best = scores[numbers, kept]
        boxes = _corners(given[0, :4, kept])
        coefficients = given[0, 4 + classes :, kept]
    else:
        raise ModelError(
            f"its detections have shape {given.shape}: neither (1, {4 + classes + count}, A), for {classes} classes "
            f"and {count} prototypes, nor (1, n, {6 + count})"
        )

    def plane(index: int, box: tuple[float, float, float, float]) -> MaskPlane:
        rows, columns = _cells_of(box, placement, (basis.shape[1], basis.shape[2]))
        part = basis[:, rows, columns]
        values = np.tensordot(coefficients[index], part, axes=1).astype(np.float32)
        axes = _axes(placement, (basis.shape[1], basis.shape[2]), rows, columns)
        return MaskPlane(values, *axes, _window(box, placement), logits=True)

    return _Found(np.asarray(boxes, np.float32), numbers, np.asarray(best, np.float32), plane)


def _detr(outputs: Outputs, classes: int, placement: Placement, score: float) -> _Found:
    """RF-DETR: no suppression; a mask of the whole input for each query."""
    boxes, logits, masks = (outputs[kind] for kind in ("boxes", "box_logits", "mask_logits"))
    shapes = _has_shape(boxes, 1, None, 4) and _has_shape(logits, 1, None, None)
    if not (shapes and _has_shape(masks, 1, None, None, None) and masks.shape[2] and masks.shape[3]):
        raise ModelError(f"its outputs have shapes {boxes.shape}, {logits.shape} and {masks.shape}")
    if not boxes.shape[1] == logits.shape[1] == masks.shape[1]:
        raise ModelError(f"it gave {boxes.shape[1]} boxes, {logits.shape[1]} scores, {masks.shape[1]} masks")
    if logits.shape[2] not in (classes, classes + 1):
        raise ModelError(f"it has {logits.shape[2]} classes, its description {classes} and a background")
    _check_numbers(logits)
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, logits.shape[2] - classes :], -30, 30)))
    # As published: pairs of query and class, so that one query may be two things.
    pairs = np.argsort(-scores, axis=None, kind="stable")[:MOST]
    pairs = pairs[scores.reshape(-1)[pairs] >= score]
    queries, numbers = np.divmod(pairs, classes)
    height, width = placement.input_size
    corners = _corners(boxes[0, queries]) * np.array([width, height, width, height], dtype=np.float32)

    def plane(index: int, box: tuple[float, float, float, float]) -> MaskPlane:
        everywhere = (0.0, 0.0, float(placement.photo_size[1]), float(placement.photo_size[0]))
        return _over_input(masks[0, queries[index]], placement, everywhere, True)

    return _Found(corners, numbers.astype(np.int64), scores[queries, numbers].astype(np.float32), plane)


def _is_end_to_end(outputs: Outputs) -> bool:
    """Whether a YOLO's detections are rows of box, score, class and coefficients, already suppressed."""
    given, prototypes = outputs["detections"], outputs["prototypes"]
    return _has_shape(given, 1, None, 6 + prototypes.shape[1])


def _has_shape(values: Array, *wanted: int | None) -> bool:
    """Whether an array has these sizes, None standing for any."""
    return values.ndim == len(wanted) and all(
        size in (None, given) for size, given in zip(wanted, values.shape, strict=True)
    )


def _check_numbers(values: Array) -> None:
    if not np.isfinite(values).all():
        raise ModelError("its boxes or scores are not all numbers")


def _corners(boxes: Array) -> Array:
    """From (n, 4) centre x, centre y, width, height to x0, y0, x1, y1."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def _to_photo(boxes: Array, placement: Placement) -> Array:
    """Boxes from input pixels to photo pixels, held within the photo."""
    height, width = placement.photo_size
    scale = np.array([width / placement.size[1], height / placement.size[0]] * 2)
    origin = np.array([placement.origin[1], placement.origin[0]] * 2)
    limits = np.array([width, height] * 2)
    return np.asarray(np.clip((boxes - origin) * scale, 0, limits), dtype=np.float32)


def _window(box: tuple[float, float, float, float], placement: Placement) -> tuple[int, int, int, int]:
    """The pixels whose centres lie in a box."""
    height, width = placement.photo_size
    x0, y0, x1, y1 = (round(value) for value in box)
    return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)


def _cells_of(
    box: tuple[float, float, float, float], placement: Placement, cells: tuple[int, int]
) -> tuple[slice, slice]:
    """The cells of an output (its height, width) that the pixels of a box are computed from."""
    first = placement.window(cells)
    spans = []
    for axis, whole, start, stop in zip(placement.axes(cells), first, box[1::-1], box[:1:-1], strict=True):
        low = int(np.clip(np.floor(start * axis.scale + axis.offset) - 1, 0, axis.cells - 1))
        high = int(np.clip(np.ceil(stop * axis.scale + axis.offset) + 2, low + 1, axis.cells))
        spans.append(slice(whole.start + low, whole.start + high))
    return spans[0], spans[1]


def _axes(placement: Placement, cells: tuple[int, int], rows: slice, columns: slice) -> tuple[Axis, Axis]:
    """The maps from photo pixels to the cells of a part of an output."""
    made = []
    for axis, whole, part in zip(
        placement.axes(cells), placement.window(cells), (rows, columns), strict=True
    ):
        start = part.start - whole.start
        made.append(Axis(axis.pixels, part.stop - part.start, axis.scale, axis.offset - start))
    return made[0], made[1]


def _over_input(
    values: Array, placement: Placement, box: tuple[float, float, float, float], logits: bool
) -> MaskPlane:
    """A mask over the whole input: the part within a box of the photo."""
    cells = (values.shape[0], values.shape[1])
    rows, columns = _cells_of(box, placement, cells)
    part = np.ascontiguousarray(values[rows, columns])
    return MaskPlane(part, *_axes(placement, cells, rows, columns), _window(box, placement), logits)


def _pasted(values: Array, placement: Placement, box: tuple[float, float, float, float]) -> MaskPlane:
    """A mask (m, m) within its box, pasted as torchvision does (`paste_masks_in_image`, roi_heads.py).

    A ring of zeros is put around the mask and the box enlarged with it, so that the mask fades at the box's edge; the
    enlarged box is cut to whole pixels, and the mask stretched over it.
    """
    side = values.shape[0]
    padded = np.pad(values, 1)
    x0, y0, x1, y1 = box
    half_width, half_height = ((high - low) / 2 * (side + 2) / side for low, high in ((x0, x1), (y0, y1)))
    left, right = int((x0 + x1) / 2 - half_width), int((x0 + x1) / 2 + half_width)
    top, bottom = int((y0 + y1) / 2 - half_height), int((y0 + y1) / 2 + half_height)
    height, width = placement.photo_size
    axes = []
    for pixels, start, stop in ((height, top, bottom), (width, left, right)):
        scale = (side + 2) / max(stop - start + 1, 1)
        axes.append(Axis(pixels, side + 2, scale, scale / 2 - 0.5 - start * scale))
    window = max(left, 0), max(top, 0), min(right + 1, width), min(bottom + 1, height)
    return MaskPlane(padded, axes[0], axes[1], window, logits=False)
