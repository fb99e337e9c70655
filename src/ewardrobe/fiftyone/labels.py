"""Between eWardrobe's results and FiftyOne's labels, both ways and to the pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

import fiftyone as fo
from ewardrobe import taxonomy as taxonomies
from ewardrobe.attributes import Attributes
from ewardrobe.datasets import Annotation, Instance
from ewardrobe.datasets.class_lists import own_taxonomy
from ewardrobe.errors import DatasetError, UsageError
from ewardrobe.imaging import encode_rle
from ewardrobe.segmentation import Garment, Segmentation
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = [
    "annotation_of",
    "detection_of",
    "detections_of",
    "field_taxonomy",
    "label_map_of",
    "mask_of",
    "relative_box",
    "segmentation_of",
]

ATTRIBUTES = ("type", "colour", "pattern", "material", "style", "season")


def segmentation_of(result: Segmentation) -> fo.Segmentation:
    """The label map, uint8, as it is."""
    return fo.Segmentation(mask=result.label_map)


def detections_of(result: Segmentation, described: Sequence[Attributes] | None = None) -> fo.Detections:
    """One detection a garment; `described`: what each looks like, in order."""
    looks: Sequence[Attributes | None] = described or [None] * len(result.garments)
    pairs = zip(result.garments, looks, strict=True)
    return fo.Detections(detections=[_detection(result, garment, look) for garment, look in pairs])


def _detection(result: Segmentation, garment: Garment, look: Attributes | None) -> fo.Detection:
    extra: dict[str, Any] = {"area": garment.area, "person": garment.person}
    if look is not None:
        values = {name: getattr(look, name) for name in ATTRIBUTES}
        extra |= {name: value.name for name, value in values.items() if value.known}
    return detection_of(
        garment.label, garment.box, result.photo.size, garment.cropped_mask, float(garment.score), **extra
    )


def detection_of(
    label: str,
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    mask: npt.NDArray[np.bool_],
    confidence: float,
    **attributes: Any,
) -> fo.Detection:
    """A detection with its mask, bool (height, width) within `box`, of a photo of `size` (width, height) pixels."""
    known = {name: value for name, value in attributes.items() if value is not None}
    return fo.Detection(
        label=label, bounding_box=relative_box(box, size), mask=mask, confidence=confidence, **known
    )


def relative_box(box: tuple[int, int, int, int], size: tuple[int, int]) -> list[float]:
    """x, y, width, height as parts of the photo's width and height."""
    (x, y, width, height), (whole, high) = box, size
    return [x / whole, y / high, width / whole, height / high]


def field_taxonomy(dataset: fo.Dataset, field: str, stated: str | None = None) -> Taxonomy:
    """The taxonomy of a field's classes: the one stated, one that eWardrobe knows, or one made of their names.

    Raises:
        UsageError: nothing says what the values of a field of segmentations mean.
    """
    if stated:
        return taxonomies.load(stated)
    document = dataset.get_field(field).document_type
    if issubclass(document, fo.Segmentation):
        targets = dataset.mask_targets.get(field) or dataset.default_mask_targets
        if not targets or not all(isinstance(key, int) for key in targets):
            raise UsageError(
                f"nothing says what the values of {field!r} mean: set its mask targets, or a taxonomy"
            )
        return _of_targets(targets, field)
    labels = dataset.distinct(f"{field}.detections.label")
    listed = [name for name in dataset.classes.get(field) or dataset.default_classes or labels if name]
    names = list(dict.fromkeys([*listed, *labels]))
    for known in map(taxonomies.load, sorted(taxonomies.names(), key=lambda name: name != "wardrobe")):
        if names and set(names) <= set(known.labels[1:]):
            return known
    if not names:
        raise UsageError(f"the field {field!r} holds no labels")
    return own_taxonomy([name for name in names if name != "background"], field)


def _of_targets(targets: dict[int, str], field: str) -> Taxonomy:
    last = max(key for key in targets if key != IGNORE)
    names = [targets.get(index, f"class {index}") for index in range(1, last + 1)]
    background = targets.get(0, "background")
    for known in map(taxonomies.load, taxonomies.names()):
        if list(known.labels[1:]) == names:
            return known
    return own_taxonomy(names, field, background)


def label_map_of(label: fo.Segmentation, classes: int) -> npt.NDArray[np.uint8]:
    """The label map, uint8 (H, W), of a segmentation kept in the database or in a file.

    Raises:
        DatasetError: there is none, it is of another form, or it holds an index that the taxonomy does not have.
    """
    try:
        mask = label.get_mask()
    except OSError as error:
        raise DatasetError(f"the mask {label.mask_path} cannot be read") from error
    if mask is None or mask.ndim != 2:
        raise DatasetError("its segmentation is no map of class indices")
    values = np.unique(mask)
    strange = values[(values < 0) | ((values >= classes) & (values != IGNORE))]
    if len(strange):
        raise DatasetError(f"its segmentation holds the value {strange[0]}, which no class has")
    return np.ascontiguousarray(mask, dtype=np.uint8)


def mask_of(detection: fo.Detection, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """A detection's mask, bool (H, W), over a photo of `size` (width, height); DatasetError when it has none."""
    try:
        cropped = detection.get_mask()
    except OSError as error:
        raise DatasetError(f"the mask {detection.mask_path} cannot be read") from error
    if cropped is None:
        raise DatasetError(f"this {detection.label} has a box but no mask")
    width, height = size
    left, top, wide, high = detection.bounding_box
    x0, y0 = round(left * width), round(top * height)
    x1, y1 = max(x0 + 1, round((left + wide) * width)), max(y0 + 1, round((top + high) * height))
    inside = (np.asarray(cropped) > 0).astype(np.uint8)
    if inside.shape != (y1 - y0, x1 - x0):
        resized = cv2.resize(inside, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
        inside = np.asarray(resized, np.uint8)
    whole = np.zeros((height, width), dtype=np.bool_)
    rows, columns = slice(max(0, y0), min(height, y1)), slice(max(0, x0), min(width, x1))
    whole[rows, columns] = (
        inside[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] > 0
    )
    return whole


def annotation_of(label: fo.Detections, size: tuple[int, int]) -> Annotation:
    """The objects of a sample; a detection without a mask is one of the faults."""
    instances, faults = [], []
    for number, detection in enumerate(label.detections):
        try:
            rle = encode_rle(mask_of(detection, size))
        except DatasetError as error:
            faults.append(str(error))
        else:
            instances.append(Instance(detection.label, rle=rle, id=number + 1))
    return Annotation(tuple(instances), size, faults=tuple(faults), measured=True)
