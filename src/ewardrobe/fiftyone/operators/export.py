"""`export_clothing_dataset`: labels written as a dataset of files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fiftyone.operators import types

import fiftyone as fo
from ewardrobe.datasets.writers import WRITERS
from ewardrobe.errors import UsageError
from ewardrobe.fiftyone.exporting import export_clothing_dataset
from ewardrobe.fiftyone.fields import label_fields
from ewardrobe.fiftyone.forms import ask_choice, ask_field, ask_taxonomy, text
from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.work import Summary, Work

__all__ = ["ExportClothingDataset"]


class ExportClothingDataset(ClothingOperator):
    """A field of labels to COCO, YOLO, label maps or Label Studio."""

    name_ = "export_clothing_dataset"
    label = "Export clothing dataset"
    about = "Write photos and clothing labels as a dataset that `ewardrobe train` and others read"
    icon = "folder_zip"
    button = "Export"

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Field, format, folder, taxonomies, what becomes of the photos."""
        fields = [] if ctx.dataset is None else label_fields(ctx.dataset, fo.Segmentation, fo.Detections)
        ask_field(inputs, "field", fields, label="Field of labels")
        ask_choice(inputs, "format", tuple(WRITERS), label="Format", default="coco")
        inputs.str("folder", label="Folder", description="a new or an empty one", required=True)
        kinds = {"worn": "worn by people", "flat": "lying or hanging"}
        ask_choice(inputs, "kind", kinds, label="Clothes are", default="worn")
        ask_taxonomy(inputs, "taxonomy", "Write in", "empty: the field's own classes")
        ask_taxonomy(inputs, "labels_in", "Labels are in", "empty: as the field's mask targets or labels say")
        modes = {"copy": "copied", "link": "hard linked, where the disk can", "none": "left where they are"}
        ask_choice(inputs, "photos", modes, label="Photos are", default="copy")
        inputs.bool("overwrite", label="Write over what is in the folder", default=False)

    def work(self, ctx: Any, view: Any) -> Work:
        """See `export_clothing_dataset`."""
        field = text(ctx, "field")
        if field is None:
            raise UsageError("name the field of labels")
        return export_clothing_dataset(
            view,
            field,
            text(ctx, "folder") or "",
            format=ctx.params.get("format") or "coco",
            taxonomy=text(ctx, "taxonomy"),
            labels_in=text(ctx, "labels_in"),
            kind=ctx.params.get("kind") or "worn",
            photos=ctx.params.get("photos") or "copy",
            overwrite=bool(ctx.params.get("overwrite")),
        )

    def shown(self, ctx: Any, summary: Summary) -> Iterator[Any]:
        """Nothing in the dataset has changed."""
        yield from ()
