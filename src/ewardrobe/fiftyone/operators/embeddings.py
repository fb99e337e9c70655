"""`compute_garment_embeddings`: garments as numbers, for search by likeness and a map."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

import fiftyone as fo
from ewardrobe.fiftyone.embedding import METHODS, compute_garment_embeddings
from ewardrobe.fiftyone.fields import label_fields
from ewardrobe.fiftyone.forms import ask_choice, ask_field, text
from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.segmenting import DETECTIONS
from ewardrobe.fiftyone.work import Work

__all__ = ["ComputeGarmentEmbeddings"]


class ComputeGarmentEmbeddings(ClothingOperator):
    """Detections with masks to embeddings, and to runs of FiftyOne Brain."""

    name_ = "compute_garment_embeddings"
    label = "Compute garment embeddings"
    about = "Say what each garment looks like as numbers, to sort by likeness and to see all as a map"
    icon = "scatter_plot"
    button = "Compute"

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Field, brain keys, method of the map."""
        fields = [] if ctx.dataset is None else label_fields(ctx.dataset, fo.Detections)
        default = DETECTIONS if DETECTIONS in fields else None
        ask_field(inputs, "field", fields, label="Field of garments", default=default)
        inputs.str(
            "similarity",
            label="Brain key of the likeness",
            description="to sort garments by likeness; empty: none",
            default="garment_likeness",
            required=False,
        )
        inputs.str(
            "visualization",
            label="Brain key of the map",
            description="for the panel Embeddings; empty: none",
            default="garment_map",
            required=False,
        )
        ask_choice(inputs, "method", METHODS, label="Method of the map", default="pca")
        inputs.bool("overwrite", label="Replace runs of these keys", default=False)

    def work(self, ctx: Any, view: Any) -> Work:
        """See `compute_garment_embeddings`."""
        return compute_garment_embeddings(
            view,
            field=text(ctx, "field") or DETECTIONS,
            similarity=text(ctx, "similarity"),
            visualization=text(ctx, "visualization"),
            method=ctx.params.get("method") or "pca",
            overwrite=bool(ctx.params.get("overwrite")),
        )
