"""Augmentation: photo, label map, objects and soft mask changed together, on torchvision's v2 functions.

Everything random comes from the generator that is passed in, never from a global one, so that a batch can be made
again. Where the photo does not reach, labels are `ignore` (255), objects and soft masks are empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode  # type: ignore[import-untyped]
from torchvision.transforms.v2 import functional as F  # type: ignore[import-untyped]

from ewardrobe.taxonomy import IGNORE, Taxonomy
from ewardrobe.training.config import Augmentation
from ewardrobe.training.photos import Photo

__all__ = ["Augmenter", "Frame", "fitted", "flip_table", "to_frame"]

NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
_GREY = [124.0, 116.0, 104.0]  # the mean of ImageNet: near zero once normalised
_LEAST_OBJECT = 16  # pixels of an object below which it is gone


@dataclass(frozen=True)
class Frame:
    """A photo on its way into a batch.

    Attributes:
        image: uint8 (3, H, W).
        labels: uint8 (H, W), 255 = ignore.
        objects: uint8 (n, H, W), 1 inside; n = 0 where the task has none.
        classes: int64 (n,).
        alpha: uint8 (H, W); zeros where the task has none.
    """

    image: Tensor
    labels: Tensor
    objects: Tensor
    classes: Tensor
    alpha: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.labels.shape[0], self.labels.shape[1]


def to_frame(photo: Photo) -> Frame:
    """The tensors of a photo, sharing its memory where they can."""
    height, width = photo.labels.shape
    none = np.zeros((0, height, width), np.uint8)
    return Frame(
        torch.from_numpy(photo.pixels).permute(2, 0, 1),
        torch.from_numpy(photo.labels),
        torch.from_numpy(none if photo.objects is None else photo.objects),
        torch.from_numpy(np.zeros(0, np.int64) if photo.classes is None else photo.classes),
        torch.from_numpy(np.zeros((height, width), np.uint8) if photo.alpha is None else photo.alpha),
    )


def flip_table(taxonomy: Taxonomy) -> Tensor | None:
    """uint8 (256,): what each index becomes when a photo is mirrored; None where no class has a side.

    `left-shoe` and `right-shoe` change places, or a mirrored photo would teach the wrong one.
    """
    table = torch.arange(256, dtype=torch.uint8)
    sided = False
    for item in taxonomy:
        if "left" in item.name:
            other = item.name.replace("left", "right")
            if other in taxonomy:
                table[item.index], table[taxonomy.index(other)] = taxonomy.index(other), item.index
                sided = True
    return table if sided else None


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    if frame.size == size:
        return frame
    shape = list(size)
    masks = torch.cat([frame.labels[None], frame.objects])
    masks = F.resize(masks, shape, interpolation=NEAREST)
    return replace(
        frame,
        image=F.resize(frame.image, shape, interpolation=BILINEAR, antialias=True),
        labels=masks[0],
        objects=masks[1:],
        alpha=F.resize(frame.alpha[None], shape, interpolation=BILINEAR, antialias=True)[0],
    )


def _rotated(frame: Frame, degrees: float) -> Frame:
    return replace(
        frame,
        image=F.rotate(frame.image, degrees, interpolation=BILINEAR, fill=_GREY),
        labels=F.rotate(frame.labels[None], degrees, interpolation=NEAREST, fill=[float(IGNORE)])[0],
        objects=F.rotate(frame.objects, degrees, interpolation=NEAREST, fill=0.0)
        if len(frame.objects)
        else frame.objects,
        alpha=F.rotate(frame.alpha[None], degrees, interpolation=BILINEAR, fill=[0.0])[0],
    )


def _placed(frame: Frame, canvas: tuple[int, int], top: int, left: int) -> Frame:
    """`frame` laid at (top, left), which may be negative, on an empty canvas (height, width)."""
    height, width = frame.size
    rows = slice(max(0, top), min(canvas[0], top + height))
    columns = slice(max(0, left), min(canvas[1], left + width))
    inner = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    image = torch.tensor(_GREY).round().to(torch.uint8)[:, None, None].repeat(1, *canvas)
    labels = torch.full(canvas, IGNORE, dtype=torch.uint8)
    objects = torch.zeros(len(frame.objects), *canvas, dtype=torch.uint8)
    alpha = torch.zeros(canvas, dtype=torch.uint8)
    image[:, rows, columns] = frame.image[:, inner[0], inner[1]]
    labels[rows, columns] = frame.labels[inner]
    objects[:, rows, columns] = frame.objects[:, inner[0], inner[1]]
    alpha[rows, columns] = frame.alpha[inner]
    return replace(frame, image=image, labels=labels, objects=objects, alpha=alpha)


def _flipped(frame: Frame, table: Tensor | None) -> Frame:
    labels, classes = frame.labels.flip(-1), frame.classes
    if table is not None:
        labels, classes = table[labels.long()], table[classes].long()
    return Frame(frame.image.flip(-1), labels, frame.objects.flip(-1), classes, frame.alpha.flip(-1))


def _without_lost(frame: Frame) -> Frame:
    """Objects that are no longer to be seen go."""
    kept = frame.objects.flatten(1).sum(1) >= _LEAST_OBJECT
    return replace(frame, objects=frame.objects[kept], classes=frame.classes[kept])


def _pasted(under: Frame, over: Frame) -> Frame:
    """The garments and people of `over` laid over `under` (copy-paste, Ghiasi et al., arXiv 2012.07177)."""
    front = (over.labels > 0) & (over.labels != IGNORE)
    hidden = front.to(torch.uint8)
    return _without_lost(
        Frame(
            torch.where(front, over.image, under.image),
            torch.where(front, over.labels, under.labels),
            torch.cat([under.objects * (1 - hidden), over.objects]),
            torch.cat([under.classes, over.classes]),
            torch.where(front, over.alpha, under.alpha),
        )
    )


def fitted(frame: Frame, canvas: tuple[int, int]) -> Frame:
    """`frame` as large as it fits on the canvas, in its middle."""
    height, width = frame.size
    scale = min(canvas[0] / height, canvas[1] / width)
    small = _resized(frame, (max(1, round(height * scale)), max(1, round(width * scale))))
    return _placed(small, canvas, (canvas[0] - small.size[0]) // 2, (canvas[1] - small.size[1]) // 2)


class Augmenter:
    """Random changes of a config's `augmentation` section onto a canvas.

    Args:
        options: of the config.
        sides: see `flip_table`.
    """

    def __init__(self, options: Augmentation, sides: Tensor | None = None) -> None:
        self.options, self.sides = options, sides

    def __call__(self, rng: np.random.Generator, photos: Sequence[Frame], canvas: tuple[int, int]) -> Frame:
        """One frame of the canvas's size (height, width), made of the first of `photos` and maybe of the others.

        The same draws are made whatever the options, so that turning one up changes no other.
        """
        about = self.options
        mosaic, paste = rng.random(2)
        if mosaic < about.mosaic * min(1, about.strength) and len(photos) >= 4:
            made = self._mosaic(rng, photos[:4], canvas)
        else:
            made = self._geometry(rng, photos[0], canvas)
            if paste < about.copy_paste * min(1, about.strength) and len(photos) > 1:
                made = _pasted(made, self._geometry(rng, photos[1], canvas))
        return replace(_without_lost(made), image=self._colour(rng, made.image))

    def _geometry(self, rng: np.random.Generator, frame: Frame, canvas: tuple[int, int]) -> Frame:
        about = self.options
        flip, turn, log_scale, down, across = rng.random(5)
        if flip < about.flip * min(1, about.strength):
            frame = _flipped(frame, self.sides)
        low, high = (np.log(value) * about.strength for value in about.scale)
        scale = float(np.exp(low + (high - low) * log_scale))
        height, width = frame.size
        scale *= min(canvas[0] / height, canvas[1] / width)
        frame = _resized(frame, (max(1, round(height * scale)), max(1, round(width * scale))))
        degrees = (2 * turn - 1) * about.rotate * about.strength
        # Within the slack when the photo is smaller than the canvas, a window of it when it is larger.
        top = round((canvas[0] - frame.size[0]) * (down if about.strength else 0.5))
        left = round((canvas[1] - frame.size[1]) * (across if about.strength else 0.5))
        frame = _placed(frame, canvas, top, left)
        return _rotated(frame, degrees) if abs(degrees) > 0.1 else frame

    def _mosaic(self, rng: np.random.Generator, four: Sequence[Frame], canvas: tuple[int, int]) -> Frame:
        """Four photos in the canvas's quarters (Bochkovskiy et al., arXiv 2004.10934)."""
        rows, columns = canvas
        middle, centre = (round(side * rng.uniform(0.35, 0.65)) for side in canvas)
        quarters = [
            (0, 0, middle, centre),
            (0, centre, middle, columns - centre),
            (middle, 0, rows - middle, centre),
            (middle, centre, rows - middle, columns - centre),
        ]
        parts = []
        for frame, (top, left, height, width) in zip(four, quarters, strict=True):
            part = self._geometry(rng, frame, (height, width))
            parts.append(_placed(part, canvas, top, left))
        inside = torch.zeros(4, rows, columns, dtype=torch.bool)
        for number, (top, left, height, width) in enumerate(quarters):
            inside[number, top : top + height, left : left + width] = True
        image, labels, alpha = parts[0].image, parts[0].labels, parts[0].alpha
        for number in (1, 2, 3):
            here = inside[number]
            image = torch.where(here, parts[number].image, image)
            labels = torch.where(here, parts[number].labels, labels)
            alpha = torch.where(here, parts[number].alpha, alpha)
        objects = torch.cat([part.objects for part in parts])
        return Frame(image, labels, objects, torch.cat([part.classes for part in parts]), alpha)

    def _colour(self, rng: np.random.Generator, image: Tensor) -> Tensor:
        """Brightness, contrast, saturation and hue; one generator draw each, whether used or not."""
        amount = self.options.colour * self.options.strength
        draws = rng.uniform(-1, 1, 4)
        if not amount:
            return image
        brightness, contrast, saturation = (float(np.exp(amount * draw)) for draw in draws[:3])
        image = F.adjust_brightness(image, brightness)
        image = F.adjust_contrast(image, contrast)
        image = F.adjust_saturation(image, saturation)
        return F.adjust_hue(image, float(0.1 * min(amount, 1) * draws[3]))
