"""Clothes found in the photos of a view, as label maps and as instances."""

from __future__ import annotations

from typing import Any

import fiftyone as fo
from ewardrobe.attributes import describe
from ewardrobe.errors import UsageError
from ewardrobe.fiftyone import labels
from ewardrobe.fiftyone.fields import Existing, claim, name_classes
from ewardrobe.fiftyone.work import LeftOut, Step, Summary, Work, left_out, photos_of, samples_in_batches
from ewardrobe.jobs.segmenting import load_segmenter

__all__ = ["DETECTIONS", "SEGMENTATION", "segment_clothing"]

SEGMENTATION, DETECTIONS = "clothing", "garments"
"""Names of the fields where none is given."""


def segment_clothing(
    view: Any,
    *,
    model: str = "default",
    size: int | str | None = None,
    segmentation: str | None = SEGMENTATION,
    detections: str | None = DETECTIONS,
    attributes: bool = False,
    batch_size: int = 16,
    existing: Existing = "refuse",
) -> Work:
    """Segment each photo of a view into a field of label maps, one of instances with masks, or both.

    `attributes` adds type, colour, pattern, material, style and season to the instances. `batch_size` samples are read
    and written together; each is written whole. The dataset is told the classes' names and colours.

    Raises:
        UsageError: no field is named, a field holds something else, or has labels and `existing` is "refuse".
        ModelError: the model cannot be loaded.
    """
    kinds = {segmentation: fo.Segmentation, detections: fo.Detections}
    fields = {name: kind for name, kind in kinds.items() if name}
    if not fields or segmentation == detections:
        raise UsageError("name a field for the label maps, another for the garments, or one of the two")
    photos = dict(photos_of(view))
    segmenter = load_segmenter(model, size, None)
    claimed = [set(claim(view, name, kind, existing)) for name, kind in fields.items()]
    dataset = view._root_dataset
    for name, kind in fields.items():
        name_classes(dataset, name, segmenter.taxonomy, kind)
    todo = [found for found in photos if found in set.union(*claimed)]
    missed: list[LeftOut] = []
    done = 0
    for sample, save in samples_in_batches(dataset, todo, batch_size):
        try:
            result = segmenter.segment(sample.filepath)
            looks = [describe(result, garment) for garment in result.garments] if attributes else None
        except Exception as error:
            missed.append(left_out(sample.filepath, error))
        else:
            if segmentation and sample.id in claimed[0]:
                sample[segmentation] = labels.segmentation_of(result)
            if detections and sample.id in claimed[-1]:
                sample[detections] = labels.detections_of(result, looks)
            save()
            done += 1
        yield Step(done + len(missed), len(todo))
    if detections and done:
        dataset.add_dynamic_sample_fields(fields=detections)
    said = f"{done} photos segmented by {segmenter.description.name} into {' and '.join(fields)}"
    if len(todo) < len(photos):
        said += f"; {len(photos) - len(todo)} had labels already"
    return Summary(said, done, tuple(missed), tuple(todo))
