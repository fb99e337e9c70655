"""Readers of labelled photos: every format gives the same `Sample`, one at a time.

A new format is one module with one `Dataset` subclass, entered in `opening.FORMATS`.
"""

from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.instance import Annotation, Box, Instance, Keypoints, Ring
from ewardrobe.datasets.opening import FORMATS, detect_format, open_dataset
from ewardrobe.datasets.people_clothing import CCP_PAIRS
from ewardrobe.datasets.sample import BrokenSample, Kind, Sample
from ewardrobe.datasets.splits import hashed_fraction, hashed_split, split_units, take_units

__all__ = [
    "CCP_PAIRS",
    "FORMATS",
    "Annotation",
    "Box",
    "BrokenSample",
    "Dataset",
    "Instance",
    "Keypoints",
    "Kind",
    "Ring",
    "Sample",
    "detect_format",
    "hashed_fraction",
    "hashed_split",
    "open_dataset",
    "split_units",
    "take_units",
]
