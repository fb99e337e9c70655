"""`try_on`: a person's photo and garments to a photo of the person wearing them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import UsageError
from ewardrobe.imaging import Photo, PhotoSource, to_jpeg_bytes, to_png_bytes, write_atomically
from ewardrobe.segmentation import Segmentation, Segmenter
from ewardrobe.tryon.engines import Engine, create_engine
from ewardrobe.tryon.fitting import LAYERS
from ewardrobe.tryon.pieces import GarmentPiece
from ewardrobe.tryon.scene import Scene
from ewardrobe.tryon.sources import piece_of
from ewardrobe.tryon.worn import moved

__all__ = ["TriedOn", "dress", "try_on"]


@dataclass(frozen=True, eq=False)
class TriedOn:
    """A photo of a person in other clothes.

    `pixels` is uint8 (H, W, 3) sRGB, of the size of `photo.pixels` and upright as they are; `worn` names what was put
    on, in that order.
    """

    photo: Photo
    pixels: npt.NDArray[np.uint8]
    worn: tuple[str, ...]
    engine: str

    @property
    def image(self) -> Image.Image:
        """The picture, RGB."""
        return Image.fromarray(self.pixels)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a PNG, or a JPEG where the name ends so, with no place, time or camera in it."""
        target = Path(path)
        jpeg = target.suffix.lower() in (".jpg", ".jpeg")
        write_atomically(target, to_jpeg_bytes(self.pixels) if jpeg else to_png_bytes(self.pixels))
        return target


def dress(
    segmentation: Segmentation,
    pieces: Sequence[GarmentPiece],
    *,
    person: int | None = None,
    engine: Engine | None = None,
    seed: int = 0,
) -> TriedOn:
    """The person in a segmented photo with garments put on, what belongs below first.

    `person` counts from 1, from the left; None is the largest. UsageError when there is no such person, when no
    garment is given, or two that cannot be worn at once.
    """
    if not pieces:
        raise UsageError("no garment is given to try on")
    labels = [piece.label for piece in pieces]
    lower = [label for label in labels if label in ("pants", "shorts", "skirt")]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None or len(lower) > 1:
        raise UsageError(f"two garments of one place cannot be tried on at once: {', '.join(labels)}")
    if "dress" in labels and len({"top", *lower} & set(labels)):
        raise UsageError("a dress cannot be tried on together with a top or something on the legs")
    if segmentation.taxonomy.name != "wardrobe":
        segmentation = segmentation.remap("wardrobe")
    engine = engine or create_engine()
    whole = Scene.of(segmentation.photo.pixels, segmentation.label_map, person)
    scene, window = _around(whole)
    ordered = sorted(pieces, key=lambda piece: LAYERS.index(piece.label))
    for piece in ordered:
        scene = engine.dress(scene, piece, seed)
    pixels = whole.pixels.copy()
    pixels[window] = scene.pixels
    pixels.setflags(write=False)
    worn = tuple(f"{piece.label} ({piece.name})" for piece in ordered)
    return TriedOn(segmentation.photo, pixels, worn, engine.name)


def _around(scene: Scene) -> tuple[Scene, tuple[slice, slice]]:
    """The part of the photo around the person, and where it lies: the rest stays as it is, and costs nothing."""
    x, y, width, height = scene.body.box
    reach = round(max(0.7 * scene.body.width, 0.06 * height, 24))
    window = slice(max(0, y - reach), y + height + reach), slice(max(0, x - reach), x + width + reach)
    origin = np.array([window[1].start, window[0].start], np.float64)
    part = Scene(
        np.ascontiguousarray(scene.pixels[window]),
        np.ascontiguousarray(scene.labels[window]),
        moved(scene.body, -origin),
    )
    return part, window


def try_on(
    person: PhotoSource | Photo | Segmentation,
    *garments: PhotoSource | Photo | GarmentPiece,
    number: int | None = None,
    engine: str = "warp",
    weights: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | Segmenter = "default",
    seed: int = 0,
) -> TriedOn:
    """Put garments on a person in a photo.

    `person`: what `open_photo` takes, or a photo that is segmented already. `garments`: photos of a garment, worn or
    lying, and cut-outs with a transparent ground. `number`: which of several people, from the left. `engine`: one of
    `ENGINES`; `weights` its folder, where it needs one.

    Raises:
        UsageError: nobody, or no garment that can be tried on, was found.
        PhotoError, ModelError: a photo or a model cannot be opened.

    Examples:
        >>> import ewardrobe
        >>> ewardrobe.try_on("me.jpg", "shirt.jpg").save("me-in-the-shirt.png")  # doctest: +SKIP
    """
    made = create_engine(engine, weights=weights)
    segmenter = model if isinstance(model, Segmenter) else Segmenter(model)
    seen = person if isinstance(person, Segmentation) else segmenter.segment(person)
    pieces = [item if isinstance(item, GarmentPiece) else piece_of(item, segmenter) for item in garments]
    return dress(seen, pieces, person=number, engine=made, seed=seed)
