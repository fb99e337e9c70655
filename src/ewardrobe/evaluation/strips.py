"""Pictures of one photo beside each other, each with a caption above, and the colours' names below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PIL import Image, ImageDraw, ImageFont

from ewardrobe.taxonomy import Taxonomy

__all__ = ["draw_strip"]

_PAPER, _INK, _FAINT = (255, 255, 255), (28, 28, 30), (107, 107, 112)
_GAP, _CAPTION, _ROW, _CHIP = 8, 40, 22, 12

Panel = tuple[str, str, Image.Image]
"""Title, what is said of it, picture."""


def draw_strip(panels: Sequence[Panel], taxonomy: Taxonomy, present: Iterable[int]) -> Image.Image:
    """The panels from left to right, RGB; below them the names and colours of the classes `present`.

    All pictures have one height. What does not fit into a caption is cut off.
    """
    width = sum(picture.width for _, _, picture in panels) + _GAP * (len(panels) + 1)
    height = panels[0][2].height
    places = _legend_places([taxonomy[index].title for index in sorted(present)], width)
    rows = 1 + max((row for _, row, _ in places), default=-1)
    strip = Image.new("RGB", (width, _CAPTION + height + _GAP + rows * _ROW + _GAP), _PAPER)
    left = _GAP
    for title, said, picture in panels:
        strip.paste(_caption(title, said, picture.width), (left, 2))
        strip.paste(picture, (left, _CAPTION))
        left += picture.width + _GAP
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(13)
    for index, (x, row, title) in zip(sorted(present), places, strict=True):
        y = _CAPTION + height + _GAP + row * _ROW
        draw.rounded_rectangle((x, y + 3, x + _CHIP, y + 3 + _CHIP), radius=2, fill=taxonomy[index].colour)
        draw.text((x + _CHIP + 5, y + 1), title, font=font, fill=_INK)
    return strip


def _caption(title: str, said: str, width: int) -> Image.Image:
    image = Image.new("RGB", (width, _CAPTION - 2), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((0, 0), title, font=ImageFont.load_default(14), fill=_INK)
    draw.text((0, 19), said, font=ImageFont.load_default(12), fill=_FAINT)
    return image


def _legend_places(titles: Sequence[str], width: int) -> list[tuple[int, int, str]]:
    """x and row of each title, and the title; a new row where the last is full."""
    font = ImageFont.load_default(13)
    places = []
    x, row = _GAP, 0
    for title in titles:
        needed = round(font.getlength(title)) + _CHIP + 5 + 16
        if x > _GAP and x + needed > width:
            x, row = _GAP, row + 1
        places.append((x, row, title))
        x += needed
    return places
