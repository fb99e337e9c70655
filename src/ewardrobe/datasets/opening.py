"""Which format a folder has, and the dataset opened with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ewardrobe.datasets.coco import Coco
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.datasets.fashionista import Fashionista
from ewardrobe.datasets.flat_lay import FlatLay
from ewardrobe.datasets.imaterialist import IMaterialist
from ewardrobe.datasets.label_maps import LabelMaps
from ewardrobe.datasets.label_studio import LabelStudio, looks_like_tasks
from ewardrobe.datasets.people_clothing import PeopleClothing
from ewardrobe.datasets.people_clothing_kaggle import PeopleClothingKaggle
from ewardrobe.datasets.people_clothing_original import PeopleClothingOriginal
from ewardrobe.datasets.products import Products
from ewardrobe.datasets.segmentation_masks import SegmentationMasks
from ewardrobe.datasets.yolo import Yolo
from ewardrobe.errors import DatasetError, UsageError

__all__ = ["FORMATS", "detect_format", "open_dataset"]

FORMATS: dict[str, type[Dataset]] = {
    reader.format: reader
    for reader in (
        PeopleClothing,
        PeopleClothingOriginal,
        PeopleClothingKaggle,
        DeepFashion2,
        IMaterialist,
        FlatLay,
        Fashionista,
        LabelMaps,
        Products,
        Yolo,
        SegmentationMasks,
        Coco,
        LabelStudio,
    )
}
"""Every format by its name; the first whose layout fits is taken when none is named."""


def detect_format(path: str | os.PathLike[str]) -> str:
    """Name of the format whose layout the folder has.

    Raises:
        DatasetError: there is no such folder, or its layout is none of those in `FORMATS`.
    """
    folder = Path(path)
    if folder.suffix.lower() == ".json" and folder.is_file():
        return LabelStudio.format if looks_like_tasks(folder) else Coco.format
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder: give the folder that holds the dataset")
    for name, reader in FORMATS.items():
        if reader.detect(folder):
            return name
    layouts = "; ".join(f"{name}: {reader.layout}" for name, reader in FORMATS.items())
    raise DatasetError(
        f"{folder} has the layout of no known dataset ({layouts}): check it, or name the format"
    )


def open_dataset(
    path: str | os.PathLike[str], *, format: str | None = None, split: str | None = None, **options: Any
) -> Dataset:
    """Open a dataset; nothing but lists and file names is read until a sample is used.

    Args:
        path: the dataset's folder, or one file of COCO or Label Studio.
        format: one of `FORMATS`; found from the folder's layout when `None`.
        split: `train`, `val`, or another name that the dataset knows; `None` for all labelled samples.
        options: what one format takes beyond these, such as `taxonomy=` and `kind=` of `label-maps`, `coco`
            and `yolo`, or `photos=` of `coco`, `segmentation-masks` and `label-studio`.

    Raises:
        DatasetError: the folder is missing or not in the format's layout, or has no such split.
        UsageError: there is no such format, or it does not take such an option.

    Examples:
        ```python
        for sample in open_dataset("my-photos", format="label-maps", taxonomy="wardrobe"):
            photo, label_map = sample.read()
        ```
    """
    if format is not None and format not in FORMATS:
        raise UsageError(f"there is no dataset format {format!r}: choose one of {', '.join(FORMATS)}")
    if not Path(path).is_dir() and not (
        Path(path).is_file() and format in (None, Coco.format, LabelStudio.format)
    ):
        raise DatasetError(f"{path} is not a folder: give the folder that holds the dataset")
    reader = FORMATS[format or detect_format(path)]
    try:
        return reader(Path(path), split, **options)
    except FileNotFoundError as error:
        raise DatasetError(f"{error.filename} is missing: {reader.format} needs {reader.layout}") from error
    except TypeError as error:
        if not options:
            raise
        raise UsageError(f"{reader.format} does not take {', '.join(options)}: leave that out") from error
