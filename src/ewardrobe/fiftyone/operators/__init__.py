"""The operators: a form, a place in the App, and a call of the work; `register` hands them to FiftyOne."""

from __future__ import annotations

from typing import Any

from ewardrobe.fiftyone.operators.base import ClothingOperator
from ewardrobe.fiftyone.operators.change_outfit import ChangeOutfit
from ewardrobe.fiftyone.operators.embeddings import ComputeGarmentEmbeddings
from ewardrobe.fiftyone.operators.evaluate import EvaluateClothingSegmentation
from ewardrobe.fiftyone.operators.export import ExportClothingDataset
from ewardrobe.fiftyone.operators.segment import SegmentClothing
from ewardrobe.fiftyone.operators.wardrobe import AddToWardrobe, ImportWardrobe

__all__ = ["OPERATORS", "ClothingOperator", "register"]

OPERATORS: tuple[type[ClothingOperator], ...] = (
    SegmentClothing,
    ChangeOutfit,
    EvaluateClothingSegmentation,
    ComputeGarmentEmbeddings,
    ExportClothingDataset,
    ImportWardrobe,
    AddToWardrobe,
)


def register(plugin: Any) -> None:
    """Register all operators with FiftyOne; `plugin` is what it hands to a plugin's `register`."""
    for operator in OPERATORS:
        plugin.register(operator)
