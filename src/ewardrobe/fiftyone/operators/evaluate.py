"""`evaluate_clothing_segmentation`: labels or a model scored against true labels."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

import fiftyone as fo
from ewardrobe.errors import UsageError
from ewardrobe.fiftyone.evaluating import evaluate_clothing_segmentation
from ewardrobe.fiftyone.fields import label_fields
from ewardrobe.fiftyone.forms import ask_choice, ask_field, ask_model, ask_taxonomy, text
from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.work import Work

__all__ = ["EvaluateClothingSegmentation"]


class EvaluateClothingSegmentation(ClothingOperator):
    """Two fields, or a field and a model, to scores."""

    name_ = "evaluate_clothing_segmentation"
    label = "Evaluate clothing segmentation"
    about = "Score predicted clothes against true labels, with intervals, and each photo by its garment mIoU"
    icon = "scoreboard"
    button = "Evaluate"

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Truth, predictions or model, key, kind of photos, taxonomies."""
        fields = [] if ctx.dataset is None else label_fields(ctx.dataset, fo.Segmentation, fo.Detections)
        ask_field(inputs, "truth", fields, label="Field of true labels")
        ask_field(
            inputs, "predictions", fields, label="Field of predictions", description="or choose a model below"
        )
        ask_model(inputs, default=None)
        inputs.str("key", label="Key", description="the scores' name", default="clothing", required=False)
        kinds = {"worn": "worn by people", "flat": "lying or hanging"}
        ask_choice(inputs, "kind", kinds, label="Clothes are", default="worn")
        ask_taxonomy(inputs, "taxonomy", "Compare in", "empty: the finest that both reach")
        ask_taxonomy(inputs, "labels_in", "Labels are in", "empty: as the field's mask targets or labels say")
        inputs.bool("overwrite", label="Replace the scores of this key", default=False)

    def work(self, ctx: Any, view: Any) -> Work:
        """See `evaluate_clothing_segmentation`."""
        truth = text(ctx, "truth")
        if truth is None:
            raise UsageError("name the field of true labels")
        return evaluate_clothing_segmentation(
            view,
            truth,
            predictions=text(ctx, "predictions"),
            model=text(ctx, "model"),
            key=text(ctx, "key") or "clothing",
            kind=ctx.params.get("kind") or "worn",
            taxonomy=text(ctx, "taxonomy"),
            labels_in=text(ctx, "labels_in"),
            overwrite=bool(ctx.params.get("overwrite")),
        )
