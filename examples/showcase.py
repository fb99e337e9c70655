"""Make docs/images/result.jpg: photos of this folder, what the model found in them, and the cut-outs.

    uv run examples/showcase.py

Nothing is touched up: the picture shows what `ewardrobe segment` writes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

import ewardrobe
from ewardrobe.imaging import to_jpeg_bytes, write_atomically

HERE = Path(__file__).parent
PHOTOS = ("people/grace-hopper.jpg", "flat/striped-t-shirt.jpg", "flat/jeans.jpg")
TARGET = HERE.parent / "docs" / "images" / "result.jpg"
CELL, GAP = (300, 380), 14
PAPER, CHECKS = (255, 255, 255), ((238, 238, 240), (250, 250, 251))


def fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image on white, as large as fits into `size`."""
    small = image.copy()
    small.thumbnail(size, Image.Resampling.LANCZOS)
    cell = Image.new("RGB", size, PAPER)
    place = ((size[0] - small.width) // 2, (size[1] - small.height) // 2)
    cell.paste(small, place, small if small.mode == "RGBA" else None)
    return cell


def checkered(size: tuple[int, int], square: int = 12) -> Image.Image:
    """The pattern that stands for "nothing here"."""
    ground = Image.new("RGB", size, CHECKS[0])
    draw = ImageDraw.Draw(ground)
    for top in range(0, size[1], square):
        for left in range((top // square) % 2 * square, size[0], 2 * square):
            draw.rectangle((left, top, left + square - 1, top + square - 1), fill=CHECKS[1])
    return ground


def tray(cutouts: Sequence[Image.Image], size: tuple[int, int]) -> Image.Image:
    """The cut-outs on checks: the largest above, the others in a row below."""
    ground = checkered(size)
    if not cutouts:
        return ground
    largest, *others = sorted(cutouts, key=lambda image: -image.width * image.height)
    low = size[1] // 3 if others else 0
    places = [(largest, (0, 0, size[0], size[1] - low))]
    for number, image in enumerate(others[:4]):
        width = size[0] // len(others[:4])
        places.append((image, (number * width, size[1] - low, width, low)))
    for image, (left, top, width, height) in places:
        small = image.copy()
        small.thumbnail((width - 12, height - 12), Image.Resampling.LANCZOS)
        ground.paste(small, (left + (width - small.width) // 2, top + (height - small.height) // 2), small)
    return ground


def showcase(photos: Sequence[Path], model: str) -> Image.Image:
    """One column per photo: the photo, what was found, the cut-outs."""
    segmenter = ewardrobe.Segmenter(model)
    step = (CELL[0] + GAP, CELL[1] + GAP)
    sheet = Image.new("RGB", (step[0] * len(photos) + GAP, step[1] * 3 + GAP), PAPER)
    for column, path in enumerate(photos):
        result = segmenter.segment(path)
        cells = (
            fitted(Image.fromarray(result.photo.pixels), CELL),
            fitted(result.overlay(), CELL),
            tray([cutout.image for cutout in result.cutouts()], CELL),
        )
        for row, cell in enumerate(cells):
            sheet.paste(cell, (GAP + column * step[0], GAP + row * step[1]))
        print(f"{path.name}: {', '.join(f'{item.label} {item.score:.2f}' for item in result.garments)}")
    return sheet


def main() -> None:
    """Make the picture."""
    parser = argparse.ArgumentParser(description="Make the picture at the top of the README.")
    parser.add_argument("photos", nargs="*", type=Path, default=[HERE / name for name in PHOTOS])
    parser.add_argument("--model", default="default")
    parser.add_argument("--out", type=Path, default=TARGET)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.out, to_jpeg_bytes(showcase(options.photos, options.model)))
    print(f"{options.out} written")


if __name__ == "__main__":
    main()
