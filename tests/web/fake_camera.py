"""A film for Chromium's fake camera, made of the photos that come with the project, each a little moved."""

from __future__ import annotations

import io
import math
from pathlib import Path

from PIL import Image

__all__ = ["CAMERA_FLAGS", "EXAMPLES", "write_film"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "people"
CAMERA_FLAGS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def write_film(
    path: Path, photos: list[Path], *, size: tuple[int, int] = (640, 480), frames: int = 60
) -> Path:
    """Motion JPEG of `size` (width, height), each photo for `frames` frames; Chromium plays it round and round."""
    with path.open("wb") as film:
        for photo in photos:
            with Image.open(photo) as opened:
                picture = opened.convert("RGB")
            for number in range(frames):
                film.write(_frame(picture, size, number / frames))
    return path


def _frame(picture: Image.Image, size: tuple[int, int], turn: float) -> bytes:
    """The photo as a person holding still would be seen: swaying by a few per cent, coming a little nearer."""
    width, height = size
    angle = 2 * math.pi * turn
    zoom = 1.08 + 0.04 * math.sin(angle)
    factor = max(width / picture.width, height / picture.height) * zoom
    view = width / factor, height / factor
    left = (picture.width - view[0]) * (0.5 + 0.4 * math.sin(angle))
    top = (picture.height - view[1]) * (0.2 + 0.1 * math.cos(angle))
    box = left, top, left + view[0], top + view[1]
    target = io.BytesIO()
    picture.resize(size, Image.Resampling.BILINEAR, box=box).save(target, "JPEG", quality=90)
    return target.getvalue()
