"""A contact sheet: photos of a dataset with their labels over them, to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ewardrobe.datasets.sample import BrokenSample, Sample
from ewardrobe.errors import EwardrobeError
from ewardrobe.taxonomy import IGNORE, Taxonomy

__all__ = ["contact_sheet"]

_CAPTION = 34
_GAP = 8
_INK, _PAPER = (40, 40, 40), (255, 255, 255)


def contact_sheet(
    samples: Sequence[Sample], taxonomy: Taxonomy, *, columns: int = 4, side: int = 320
) -> tuple[Image.Image, list[BrokenSample]]:
    """The samples as tiles of `side` pixels, each with its id and classes below, and those that cannot be shown.

    Photos and label maps are made small first, the latter by nearest neighbour, and drawn then. A sample that
    cannot be read has an empty tile.
    """
    rows = math.ceil(len(samples) / columns)
    width, height = columns * (side + _GAP) + _GAP, rows * (side + _CAPTION + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    broken: list[BrokenSample] = []
    for place, sample in enumerate(samples):
        row, column = divmod(place, columns)
        left, top = _GAP + column * (side + _GAP), _GAP + row * (side + _CAPTION + _GAP)
        try:
            tile, names = _tile(sample, taxonomy, side)
        except EwardrobeError as error:
            broken.append(BrokenSample(sample.id, str(error)))
            tile, names = Image.new("RGB", (side, side), (225, 225, 225)), "cannot be read"
        sheet.paste(tile, (left + (side - tile.width) // 2, top + (side - tile.height) // 2))
        for line, text in enumerate((sample.id, names)):
            draw.text((left, top + side + 2 + line * 15), _fitting(text, font, side), font=font, fill=_INK)
    return sheet, broken


def _tile(sample: Sample, taxonomy: Taxonomy, side: int) -> tuple[Image.Image, str]:
    from ewardrobe.imaging import draw_overlay

    photo, label_map = sample.read()
    scale = side / max(photo.size)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    pixels = np.asarray(Image.fromarray(photo.pixels).resize(size, Image.Resampling.LANCZOS))
    labels = np.asarray(Image.fromarray(label_map).resize(size, Image.Resampling.NEAREST))
    present = [taxonomy[int(index)].name for index in np.unique(label_map) if 0 < index < IGNORE]
    return draw_overlay(pixels, labels, taxonomy), ", ".join(present) or "no labels"


def _fitting(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text}..."
