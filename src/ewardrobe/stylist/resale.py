"""A sheet to sell or lend a garment by: its picture on white, and what is known of it, as text and as a page of PDF."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ewardrobe.errors import StoreError
from ewardrobe.wardrobe import OwnedGarment

__all__ = ["ResaleSheet"]

_MEASURE = re.compile(
    r"^\s*([^\W\d][^:=\n]{0,40}?)\s*[:=]\s*(\d+(?:[.,]\d+)?\s*(?:cm|mm|in|inch|inches|\"))\s*$", re.I
)
_DPI = 200
_PAGE = (1654, 2339)  # A4 at 200 dots per inch
_EDGE, _PICTURE = 150, (1354, 1080)
_INK, _QUIET = (30, 30, 28), (95, 92, 86)
# Those that know more than Latin letters first; Pillow looks for them where the system keeps fonts.
_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
    "LiberationSans-Regular.ttf",
)


@dataclass(frozen=True, slots=True)
class ResaleSheet:
    """What is told of a garment.

    Attributes:
        title: one line. lines: what is known, as (name, value). notes: the owner's own words, without the measures.
        picture: the cut-out's file; None for a garment without a photo.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    notes: str
    picture: Path | None

    @classmethod
    def of(cls, garment: OwnedGarment) -> ResaleSheet:
        """From what the wardrobe knows. Lines such as `chest: 52 cm` in the notes count as measures."""
        words = (garment.notes or "").splitlines()
        measures = [match.groups() for line in words if (match := _MEASURE.match(line))]
        notes = "\n".join(line for line in words if not _MEASURE.match(line)).strip()
        colours = [colour.name for colour in garment.colours if colour.share >= 0.1] or [garment.colour or ""]
        price = "" if garment.price is None else f"{garment.price} {garment.currency or ''}".strip()
        bought = "" if garment.bought_on is None else f"{garment.bought_on:%B %Y}"
        known = (
            ("Type", garment.type or garment.label or ""),
            ("Brand", garment.brand or ""),
            ("Size", garment.size or ""),
            ("Colours", ", ".join(dict.fromkeys(colours))),
            ("Pattern", garment.pattern or ""),
            ("Material", garment.material or ""),
            ("Season", garment.season or ""),
            *((name.strip().capitalize(), value) for name, value in measures),
            ("Worn", _worn(garment.wear_count)),
            ("Bought", ", for ".join(part for part in (bought, price) if part)),
        )
        title = " ".join(part for part in (garment.brand, garment.title) if part)
        return cls(title, tuple((name, value) for name, value in known if value), notes, garment.picture)

    def text(self) -> str:
        """Plain text for an advertisement or the clipboard."""
        lines = [self.title, "", *(f"{name}: {value}" for name, value in self.lines)]
        return "\n".join([*lines, *(["", self.notes] if self.notes else [])]) + "\n"

    def pdf(self) -> bytes:
        """One A4 page. The letters are drawn: they can be read and printed, not searched."""
        page = Image.new("RGB", _PAGE, "white")
        draw = ImageDraw.Draw(page)
        top = _EDGE
        for line in _wrapped(draw, self.title, _font(64), _PAGE[0] - 2 * _EDGE)[:3]:
            draw.text((_EDGE, top), line, _INK, _font(64))
            top += 82
        top = self._draw_picture(page, top + 20) + 50
        for name, value in self.lines:
            draw.text((_EDGE, top), name, _QUIET, _font(36))
            for line in _wrapped(draw, value, _font(36), _PAGE[0] - 2 * _EDGE - 330)[:3]:
                draw.text((_EDGE + 330, top), line, _INK, _font(36))
                top += 52
        top += 30
        for line in _wrapped(draw, self.notes, _font(34), _PAGE[0] - 2 * _EDGE):
            if top > _PAGE[1] - _EDGE:
                break
            draw.text((_EDGE, top), line, _INK, _font(34))
            top += 48
        target = io.BytesIO()
        page.save(target, "PDF", resolution=_DPI, quality=90, title=self.title, creator="eWardrobe")
        return target.getvalue()

    def _draw_picture(self, page: Image.Image, top: int) -> int:
        if self.picture is None:
            return top
        try:
            cutout = Image.open(self.picture).convert("RGBA")
        except OSError as error:
            raise StoreError(f"{self.picture} cannot be read: {error}") from error
        scale = min(_PICTURE[0] / cutout.width, _PICTURE[1] / cutout.height, 4.0)
        size = (max(1, round(cutout.width * scale)), max(1, round(cutout.height * scale)))
        cutout = cutout.resize(size, Image.Resampling.LANCZOS)
        page.paste(cutout, ((_PAGE[0] - size[0]) // 2, top), cutout)
        return top + size[1]


def _worn(count: int) -> str:
    return "never" if count == 0 else f"{count} time{'s' if count > 1 else ''}"


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)


def _wrapped(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> list[str]:
    """Lines that fit; a word that is longer than a line is broken."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            while draw.textlength(word, font) > width:
                part = max(
                    (n for n in range(1, len(word)) if draw.textlength(word[:n], font) <= width), default=1
                )
                lines += [line] * bool(line) + [word[:part]]
                line, word = "", word[part:]
            longer = f"{line} {word}".strip()
            if draw.textlength(longer, font) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines
