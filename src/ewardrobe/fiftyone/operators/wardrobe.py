"""`import_wardrobe` and `add_to_wardrobe`: between a dataset and a person's wardrobe."""

from __future__ import annotations

from typing import Any

from fiftyone.operators import types

from ewardrobe.errors import UsageError
from ewardrobe.fiftyone.forms import ask_model, text
from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.segmenting import DETECTIONS
from ewardrobe.fiftyone.wardrobes import add_to_wardrobe, import_wardrobe
from ewardrobe.fiftyone.work import Work
from ewardrobe.wardrobe import home

__all__ = ["AddToWardrobe", "ImportWardrobe"]


def _ask_folder(inputs: types.Object) -> None:
    inputs.str("folder", label="Folder of the wardrobe", default=str(home()), required=False)


class ImportWardrobe(ClothingOperator):
    """The photos of a wardrobe, as samples with their garments."""

    name_ = "import_wardrobe"
    label = "Import wardrobe"
    about = "Add the photos and garments of a wardrobe to this dataset; nothing in the wardrobe changes"
    icon = "door_sliding"
    button = "Import"
    of_samples = False

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Folder and field."""
        _ask_folder(inputs)
        inputs.str("field", label="Field for the garments", default=DETECTIONS, required=False)

    def work(self, ctx: Any, view: Any) -> Work:
        """See `import_wardrobe`."""
        if view is None:
            raise UsageError("open a dataset first")
        return import_wardrobe(view, folder=text(ctx, "folder"), field=text(ctx, "field") or DETECTIONS)


class AddToWardrobe(ClothingOperator):
    """Photos of the dataset into a wardrobe."""

    name_ = "add_to_wardrobe"
    label = "Add to wardrobe"
    about = "Store photos with the garments found in them in a wardrobe, once each"
    icon = "add_shopping_cart"
    button = "Add"

    def form(self, ctx: Any, inputs: types.Object) -> None:
        """Folder and model."""
        _ask_folder(inputs)
        ask_model(inputs)

    def work(self, ctx: Any, view: Any) -> Work:
        """See `add_to_wardrobe`."""
        return add_to_wardrobe(view, folder=text(ctx, "folder"), model=text(ctx, "model") or "default")
