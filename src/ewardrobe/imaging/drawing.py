"""The overlay: a photo with its classes in colour, outlined, and its garments named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ewardrobe.errors import MaskError
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["Named", "draw_overlay"]

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]

_GARMENT, _BODY = 0.5, 0.25
"""How strongly garments and body are tinted."""


class Named(Protocol):
    """What a chip needs of a garment: `label` in the taxonomy, `score` 0..1, `box` (x, y, width, height)."""

    @property
    def label(self) -> str:
        """The class's name."""

    @property
    def score(self) -> float:
        """Confidence, 0..1."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height in pixels."""


@dataclass(frozen=True)
class _Chip:
    text: str
    colour: tuple[int, int, int]
    left: float
    top: float
    width: float
    height: float


def draw_overlay(
    pixels: Pixels, label_map: Pixels, taxonomy: Taxonomy, garments: Iterable[Named] = ()
) -> Image.Image:
    """The photo (uint8 (H, W, 3)) with its label map (uint8 (H, W)) in the classes' colours, as RGB.

    Classes are tinted and outlined; each garment has a chip with its name and score. Line widths and text
    follow the photo's size, and chips do not cover each other while there is room.

    Raises:
        MaskError: label map and photo differ in size.
    """
    if pixels.shape[:2] != label_map.shape:
        raise MaskError(f"the label map {label_map.shape} is not of the photo's size {pixels.shape[:2]}")
    image = Image.fromarray(_tint(pixels, label_map, taxonomy))
    unit = max(1.0, min(image.size) / 400)
    _draw_chips(image, _chips(image, taxonomy, garments, unit), unit)
    return image


def _tint(pixels: Pixels, label_map: Pixels, taxonomy: Taxonomy) -> Pixels:
    colours = np.array(taxonomy.palette(), np.uint8).reshape(256, 3)
    strength = np.zeros(256, np.float32)
    for item in taxonomy:
        strength[item.index] = {"background": 0.0, "body": _BODY, "garment": _GARMENT}[item.kind]
    width = max(1, round(min(label_map.shape) / 400))
    painted = np.empty_like(pixels)
    for top in range(0, len(pixels), 512):  # strips, with the rows around them that the outlines need
        start, stop = max(0, top - width), min(len(pixels), top + 512 + width)
        part = _tint_strip(pixels[start:stop], label_map[start:stop], colours, strength, width)
        painted[top : top + 512] = part[top - start : top - start + 512]
    return painted


def _tint_strip(
    pixels: Pixels, labels: Pixels, colours: Pixels, strength: npt.NDArray[np.float32], width: int
) -> Pixels:
    share = strength[labels]
    # Where the greatest or least label nearby is another, there is an outline; one filter for all classes.
    around = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    outline = (cv2.dilate(labels, around) != labels) | (cv2.erode(labels, around) != labels)
    share[outline & (share > 0) & (labels != IGNORE)] = 0.95
    mixed = pixels + (colours[labels].astype(np.float32) - pixels) * share[..., None]
    return np.round(mixed).astype(np.uint8)


def _chips(image: Image.Image, taxonomy: Taxonomy, garments: Iterable[Named], unit: float) -> list[_Chip]:
    font = ImageFont.load_default(_text_size(unit))
    placed: list[_Chip] = []
    for garment in sorted(garments, key=lambda item: -item.box[2] * item.box[3]):
        item = taxonomy[garment.label]
        text = f"{item.title.lower()} {garment.score:.0%}"
        left, top, right, bottom = font.getbbox(text)
        width, height = right - left + 10 * unit, bottom - top + 8 * unit
        x, y = _free_place(garment.box, (width, height), image.size, placed, unit)
        placed.append(_Chip(text, item.colour, x, y, width, height))
    return placed


def _text_size(unit: float) -> float:
    return max(9.0, 11 * unit)


def _free_place(
    box: tuple[int, int, int, int],
    size: tuple[float, float],
    image: tuple[int, int],
    placed: list[_Chip],
    unit: float,
) -> tuple[float, float]:
    """The upper left corner for a chip: inside its box if that is large, else around it, else anywhere."""
    x, y, width, height = box
    chip_width, chip_height = size
    gap = 3 * unit
    middle, beside = x + (width - chip_width) / 2, y + (height - chip_height) / 2
    within = [(middle, y + height * share - chip_height / 2) for share in (0.3, 0.5, 0.7, 0.15, 0.85)]
    around = [
        *((x + width + gap, beside), (x - chip_width - gap, beside)),
        *((middle, y - chip_height - gap), (middle, y + height + gap)),
    ]
    rows = np.arange(0, max(1, image[1] - chip_height), chip_height + gap)
    anywhere = sorted(((middle, float(row)) for row in rows), key=lambda wish: abs(wish[1] - y))
    small = width * height < 3 * chip_width * chip_height
    most = (max(0, image[0] - chip_width), max(0, image[1] - chip_height))
    for wish in [*around, *within, *anywhere] if small else [*within, *around, *anywhere]:
        left, top = min(max(wish[0], 0), most[0]), min(max(wish[1], 0), most[1])
        if not any(_overlap((left, top, chip_width, chip_height), chip, gap / 2) for chip in placed):
            return left, top
    return min(max(middle, 0), most[0]), min(max(beside, 0), most[1])


def _overlap(box: Box, chip: _Chip, gap: float) -> bool:
    left, top, width, height = box
    return (
        left < chip.left + chip.width + gap
        and chip.left < left + width + gap
        and top < chip.top + chip.height + gap
        and chip.top < top + height + gap
    )


def _draw_chips(image: Image.Image, chips: list[_Chip], unit: float) -> None:
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_text_size(unit))
    for chip in chips:
        box = (chip.left, chip.top, chip.left + chip.width, chip.top + chip.height)
        red, green, blue = chip.colour
        light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
        ink, rim = ((0, 0, 0), (0, 0, 0)) if light else ((255, 255, 255), (255, 255, 255))
        draw.rounded_rectangle(box, radius=4 * unit, fill=chip.colour, outline=rim, width=max(1, round(unit)))
        middle = (chip.left + chip.width / 2, chip.top + chip.height / 2)
        draw.text(middle, chip.text, font=font, fill=ink, anchor="mm")
