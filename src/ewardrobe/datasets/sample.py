"""One photo of a dataset with what is known about it, the same for every format.

Nothing is read before it is asked for, and nothing is kept: a loop over a million samples holds one photo at
a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.errors import DatasetError

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo

__all__ = ["BrokenSample", "Kind", "Sample"]

Kind = Literal["worn", "flat"]
"""*Worn*: clothes on a person. *Flat*: a garment on a floor, a bed, a hanger or in a shop's picture."""


@dataclass(frozen=True, slots=True)
class BrokenSample:
    """A sample that its dataset lists and that cannot be used, with the reason in one line."""

    id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.id}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo and its labels, loaded anew at each access.

    The loaders are functions that pickle, so that samples can be sent to worker processes.

    Attributes:
        id: unique within the dataset; the stem of the photo's file name where there is one.
        kind: `worn` or `flat`.
        taxonomy: name of the taxonomy that `label_map` is written in; `None` without labels.
        split: `train`, `val` or another name that the dataset gives; `None` where it has no splits.
        tags: class names that the photo as a whole is tagged with, in the dataset's own words.
        label: class of the one garment of the photo (flat photos, shop photos).
        attributes: further human labels, such as `baseColour` or `kids`.
        path: the photo's file; `None` where it is none, as in an archive.
        group: what shows the same thing as this photo and must stay on its side of a split, where that is
            known without reading a file; `read_group()` reads it where need be.
    """

    id: str
    kind: Kind
    load_photo: Callable[[], Photo] = field(repr=False, compare=False)
    taxonomy: str | None = None
    split: str | None = None
    tags: tuple[str, ...] = ()
    label: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    load_label_map: Callable[[], NDArray[np.uint8]] | None = field(default=None, repr=False, compare=False)
    load_alpha: Callable[[], NDArray[np.float32]] | None = field(default=None, repr=False, compare=False)
    load_annotation: Callable[[], Annotation] | None = field(default=None, repr=False, compare=False)
    path: Path | None = None
    group: str | None = None

    @property
    def photo(self) -> Photo:
        """The photo, upright; raises `PhotoError` when it cannot be opened."""
        return self.load_photo()

    @property
    def label_map(self) -> NDArray[np.uint8] | None:
        """Class indices of `taxonomy`, uint8 (H, W), 255 = ignore; `None` without pixel labels.

        Raises:
            DatasetError: the file is missing, unreadable, or holds an index that the taxonomy does not have.
        """
        return None if self.load_label_map is None else self.load_label_map()

    @property
    def alpha(self) -> NDArray[np.float32] | None:
        """Soft mask of the garment, float32 (H, W) in 0..1; `None` where the dataset has none."""
        return None if self.load_alpha is None else self.load_alpha()

    @property
    def annotation(self) -> Annotation | None:
        """The objects that the dataset lists one by one; `None` where it has label maps or no pixel labels."""
        return None if self.load_annotation is None else self.load_annotation()

    @property
    def instances(self) -> tuple[Instance, ...] | None:
        """The objects of `annotation`, without those that cannot be right."""
        annotation = self.annotation
        return None if annotation is None else annotation.instances

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the photo, upright, without decoding it where it is a file."""
        if self.path is None:
            return self.photo.size
        from ewardrobe.datasets.photo_size import photo_size

        return photo_size(self.path)

    def read_group(self) -> str | None:
        """The group, from the annotation where it is written there."""
        if self.group is not None:
            return self.group
        annotation = self.annotation
        return None if annotation is None else annotation.group

    def read(self) -> tuple[Photo, NDArray[np.uint8]]:
        """Photo and label map together, proven to be of the same size.

        Raises:
            DatasetError: the sample has no pixel labels, or they are not of the photo's size.
            PhotoError: the photo cannot be opened.
        """
        if self.load_label_map is None:
            raise DatasetError(f"{self.id} has no pixel labels: choose a split that has them")
        photo, label_map = self.photo, self.load_label_map()
        if label_map.shape != (photo.height, photo.width):
            height, width = label_map.shape
            raise DatasetError(
                f"the label map of {self.id} is {width}x{height}, its photo {photo.width}x{photo.height}:"
                " make them one size, or leave the sample out"
            )
        return photo, label_map
