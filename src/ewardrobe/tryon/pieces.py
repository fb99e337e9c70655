"""A garment to be tried on: its cut-out, its class, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.light import NEUTRAL_LIGHT, estimate_light
from ewardrobe.errors import UsageError
from ewardrobe.imaging import OpenCVInpainter, Photo, cut_out
from ewardrobe.segmentation import Garment, Segmentation
from ewardrobe.tryon.body import Body, find_body, person_labels
from ewardrobe.tryon.outlines import Floats, Mask
from ewardrobe.tryon.placing import AnyShape
from ewardrobe.tryon.scene import Scene
from ewardrobe.tryon.shapes import FITTED, measure
from ewardrobe.tryon.worn import WornLegs, WornShape, hidden_part, measure_worn, measure_worn_legs

__all__ = ["GarmentPiece", "garment_pieces"]

_HOLE = 0.04  # of the garment: what a hand or a strap hid of it


@dataclass(frozen=True, eq=False)
class GarmentPiece:
    """A garment's cut-out, ready to be fitted.

    `pixels` is uint8 (h, w, 3) sRGB, the garment's own colours (see `imaging.estimate_foreground`), `alpha` uint8
    (h, w), `label` its class in the taxonomy `wardrobe`. `light` are the gains that turn the light it was photographed
    in neutral, float64 (3,).
    """

    pixels: npt.NDArray[np.uint8]
    alpha: npt.NDArray[np.uint8]
    label: str
    name: str = "garment"
    light: Floats | None = None
    worn: WornShape | WornLegs | None = None
    """The landmarks of who wears it, where it was cut from such a photo."""
    hidden: Mask | None = None
    """Where something lay before it, bool (h, w): made up from what is beside."""

    @classmethod
    def from_garment(cls, segmentation: Segmentation, garment: Garment) -> GarmentPiece:
        """A garment of a photo, worn or lying."""
        pixels, alpha = segmentation.photo.pixels, garment.alpha
        x, y, width, height = cv2.boundingRect((alpha > 0).view(np.uint8))
        window = slice(y, y + height), slice(x, x + width)
        image = np.asarray(cut_out(pixels, alpha, crop=False))[window]
        gains = estimate_light(pixels, segmentation.label_map != 0)
        labels, _ = person_labels(segmentation.label_map, garment.person)
        body = None if garment.person is None else find_body(labels)
        piece = cls(image[..., :3], image[..., 3], garment.label, segmentation.photo.name, gains)
        if body is None:
            return piece
        scene = Scene(pixels, labels, body)
        hidden = hidden_part(scene, garment.mask)
        whole = garment.mask | hidden
        worn: WornShape | WornLegs | None = None
        if garment.label in ("pants", "shorts"):
            worn = measure_worn_legs(scene, whole, window)
        elif garment.label != "skirt" or _whole_skirt(body, garment):
            worn = measure_worn(scene, whole, window)
        return replace(piece, worn=worn, hidden=hidden[window])

    @classmethod
    def from_cutout(cls, photo: Photo, label: str) -> GarmentPiece:
        """A picture with a transparent ground; UsageError when it has none."""
        if photo.alpha is None:
            raise UsageError(f"{photo.name} is no cut-out: its background is not transparent")
        y, x = np.nonzero(photo.alpha > 0)
        if not y.size:
            raise UsageError(f"{photo.name} is wholly transparent: there is no garment in it")
        window = slice(int(y.min()), int(y.max()) + 1), slice(int(x.min()), int(x.max()) + 1)
        soft = np.ascontiguousarray(photo.alpha[window])
        # `Photo` lays transparent pixels on white; taken off again, no bright rim is left.
        share = soft[..., None].astype(np.float32) / 255
        colours = (photo.pixels[window] - 255 * (1 - share)) / np.maximum(share, 1 / 255)
        own = np.where(share > 0.02, np.clip(np.rint(colours), 0, 255), 0).astype(np.uint8)
        return cls(own, soft, label, photo.name)

    @cached_property
    def shape(self) -> AnyShape:
        """The garment's landmarks; UsageError when it cannot be fitted."""
        return self.worn or measure(self.whole[1], self.label)

    @cached_property
    def whole(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Pixels and alpha with small holes closed: what a hand, a strap or a lock of hair hid."""
        solid = (self.alpha > 127).view(np.uint8)
        outside = np.pad(solid, 1)
        cv2.floodFill(outside, None, (0, 0), 2)
        count, marked, stats, _ = cv2.connectedComponentsWithStats((outside[1:-1, 1:-1] == 0).view(np.uint8))
        small = stats[:count, cv2.CC_STAT_AREA] < _HOLE * solid.sum()
        small[0] = False  # what is no hole
        hole = small[marked]
        if self.hidden is not None:
            hole |= self.hidden
        if not hole.any():
            return self.pixels, self.alpha
        near = cv2.dilate(hole.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
        alpha = self.alpha.copy()
        alpha[near] = 255
        # From the garment alone: transparent pixels have no colour to give.
        filled = OpenCVInpainter().fill(self.pixels, near | (self.alpha < 200), np.random.default_rng(0))
        return np.where(near[..., None], filled, self.pixels), alpha

    @property
    def gains(self) -> Floats:
        """`light`, or gains that change nothing."""
        return NEUTRAL_LIGHT if self.light is None else self.light


def _whole_skirt(body: Body, garment: Garment) -> bool:
    """Whether a worn skirt is seen from its waist on, and not only from under a coat or a long top."""
    return garment.box[1] < body.waist + 0.2 * body.unit


def garment_pieces(segmentation: Segmentation, label: str | None = None) -> Sequence[GarmentPiece]:
    """The garments of a segmented photo that can be fitted, the largest of each class, or the one class asked for.

    UsageError, with what was found, when there is none.
    """
    if segmentation.taxonomy.name != "wardrobe":
        segmentation = segmentation.remap("wardrobe")
    largest: dict[str, Garment] = {}
    for garment in segmentation.garments:
        known = largest.get(garment.label)
        if garment.label in FITTED and (known is None or garment.area > known.area):
            largest[garment.label] = garment
    if label is not None:
        largest = {name: garment for name, garment in largest.items() if name == label}
    if not largest:
        seen = ", ".join(dict.fromkeys(garment.label for garment in segmentation.garments)) or "nothing"
        wanted = label or "garment that can be tried on"
        raise UsageError(f"no {wanted} in {segmentation.photo.name}; found: {seen}")
    return [GarmentPiece.from_garment(segmentation, garment) for garment in largest.values()]
