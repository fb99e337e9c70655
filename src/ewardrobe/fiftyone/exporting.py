"""A field of clothing labels written as a dataset of files: COCO, YOLO, label maps, Label Studio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import Dataset, Kind
from ewardrobe.datasets.views import Remapped
from ewardrobe.datasets.writers import PhotoMode
from ewardrobe.errors import UsageError
from ewardrobe.fiftyone.dataset import FieldDataset
from ewardrobe.fiftyone.work import LeftOut, Summary, Work, follow
from ewardrobe.jobs.converting import Conversion, convert_dataset

__all__ = ["export_clothing_dataset"]


def export_clothing_dataset(
    view: Any,
    field: str,
    out: str | Path,
    *,
    format: str = "coco",
    taxonomy: str | None = None,
    labels_in: str | None = None,
    kind: Kind = "worn",
    photos: PhotoMode = "copy",
    overwrite: bool = False,
) -> Work:
    """Write the photos of a view and the labels in `field` into the folder `out`.

    `taxonomy`: bring the labels into that one first. `labels_in` names the taxonomy of the field where the dataset does
    not say it. Tags `train`, `val` and `test` are the splits. An export that was stopped goes on where it was.

    Raises:
        UsageError: no such field or format, or `out` holds something else.
        DatasetError: not one photo could be used.
        TaxonomyError: the labels cannot be brought into `taxonomy`.
    """
    if not str(out).strip():
        raise UsageError("name a folder to write to")
    folder = Path(out).expanduser().absolute()
    labels: Dataset = FieldDataset(view, field, taxonomy=labels_in, kind=kind)
    assert labels.taxonomy is not None
    if taxonomy and taxonomy != labels.taxonomy.name:
        labels = Remapped(labels, taxonomies.load_map(labels.taxonomy.name, taxonomy))

    def convert(advance: Callable[[], None]) -> Conversion:
        def on_done(count: int) -> None:
            for _ in range(count):
                advance()

        return convert_dataset(labels, folder, format, photos=photos, overwrite=overwrite, on_done=on_done)

    result = yield from follow(convert, len(labels))
    missed = [LeftOut(item.id, item.reason) for item in (*result.left_out, *result.faults)]
    return Summary(f"{result.photos} photos written to {folder} as {format}", result.photos, tuple(missed))
