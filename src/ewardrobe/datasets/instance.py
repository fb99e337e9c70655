"""One labelled object of a photo, and all that is labelled in one photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import MaskError

if TYPE_CHECKING:
    from ewardrobe.imaging import RLE  # a dataset that is only listed needs no OpenCV

__all__ = ["Annotation", "Box", "Instance", "Keypoints", "Ring"]

Ring: TypeAlias = Sequence[float]
"""One closed outline as x0, y0, x1, y1, ... in pixels, the first point not repeated or repeated, both fine."""

Box: TypeAlias = tuple[float, float, float, float]
"""x, y, width, height in pixels."""


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Landmarks of one object among the slots that its dataset has for all classes together.

    `values` are x, y, v triples of the slots `first`, `first + 1`, ...; v is COCO's visibility: 0 not there
    (x and y are 0), 1 there but hidden, 2 visible. All other of the `slots` are not there.
    """

    values: Sequence[float]
    first: int
    slots: int

    def flat(self) -> list[float]:
        """COCO's list: x, y, v of every slot."""
        before, after = 3 * self.first, 3 * (self.slots - self.first) - len(self.values)
        return [0] * before + list(self.values) + [0] * after

    @property
    def count(self) -> int:
        """How many landmarks are there, visible or hidden."""
        return sum(1 for visibility in self.values[2::3] if visibility > 0)


@dataclass(frozen=True, slots=True)
class Instance:
    """One object: its class and its mask, and what else the dataset knows of it.

    The mask is either `rle` or the union of `polygons`, as in COCO; one of the two is given.

    Attributes:
        label: the class's name in the sample's taxonomy.
        polygons: rings whose union is the mask; a hole cannot be written so.
        rle: run lengths, exact for any mask.
        box: as the dataset states it; `None` where it does not.
        area: in square pixels, as the dataset states it; `None` where it does not.
        keypoints: landmarks, where the dataset has them.
        attributes: all else, by the dataset's own names and as plain JSON values, such as `attribute_ids`
            or `occlusion`.
        crowd: the mask is that of several objects that were not told apart.
        id: the dataset's own number of the record.
    """

    label: str
    polygons: tuple[Ring, ...] = ()
    rle: RLE | None = None
    box: Box | None = None
    area: float | None = None
    keypoints: Keypoints | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    crowd: bool = False
    id: int | None = None

    def to_rle(self, size: tuple[int, int]) -> RLE:
        """The mask as compressed RLE; `size` is the photo's (width, height). `MaskError` when it has none."""
        if self.rle is not None:
            return self.rle
        if not self.polygons:
            raise MaskError(f"this {self.label} has neither polygons nor run lengths")
        from ewardrobe.imaging import rings_to_rle

        width, height = size
        return rings_to_rle(self.polygons, (height, width))

    def mask(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """The mask, bool (H, W), rasterised as pycocotools does it; `size` is (width, height)."""
        from ewardrobe.imaging import decode_rle

        return decode_rle(self.to_rle(size))


@dataclass(frozen=True, slots=True)
class Annotation:
    """The objects of one photo.

    Attributes:
        instances: the objects, in the file's order.
        size: (width, height) of the photo that the coordinates refer to.
        group: what the photo belongs to, such as DeepFashion2's `pair_id`: a split keeps a group together.
        attributes: what is known of the photo as a whole, as plain JSON values, such as `source`.
        faults: one line for each record that was left out because it cannot be right.
        measured: whether `size` was read from the photo, so that the two cannot differ.
    """

    instances: tuple[Instance, ...]
    size: tuple[int, int]
    group: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    measured: bool = False
