"""`segment_clothing`: clothes found in photos."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ewardrobe.fiftyone.fields import EXISTING
from ewardrobe.fiftyone.forms import ask_choice, ask_model, text
from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.segmenting import DETECTIONS, SEGMENTATION, segment_clothing
from ewardrobe.fiftyone.work import Work

__all__ = ["SegmentClothing"]


class SegmentClothing(ClothingOperator):
    """A view or selection to label maps and instances."""

    name_ = "segment_clothing"
    label = "Segment clothing"
    about = "Find the clothes in photos: a label map, and each garment with its mask"
    button = "Segment"

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Model, fields, attributes, batch size, and what becomes of labels that are there."""
        ask_model(inputs)
        inputs.str(
            "segmentation",
            label="Field for the label maps",
            description="empty: none",
            default=SEGMENTATION,
            required=False,
        )
        inputs.str(
            "detections",
            label="Field for the garments",
            description="instances with masks; empty: none",
            default=DETECTIONS,
            required=False,
        )
        inputs.bool(
            "attributes",
            label="Describe the garments",
            description="type, colour, pattern, material, style and season; takes longer",
            default=False,
        )
        ask_choice(inputs, "existing", EXISTING, label="Labels that are there", default="refuse")
        inputs.int("batch_size", label="Samples written together", default=16, min=1, max=1024)

    def work(self, ctx: Any, view: Any) -> Work:
        """See `segment_clothing`; an empty field's name is none."""
        given = ctx.params
        return segment_clothing(
            view,
            model=text(ctx, "model") or "default",
            segmentation=text(ctx, "segmentation") if "segmentation" in given else SEGMENTATION,
            detections=text(ctx, "detections") if "detections" in given else DETECTIONS,
            attributes=bool(given.get("attributes")),
            batch_size=int(given.get("batch_size") or 16),
            existing=given.get("existing") or "refuse",
        )
