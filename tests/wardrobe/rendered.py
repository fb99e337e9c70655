"""Photos with garments drawn into them, and what a segmenter would have found: exact, tiny, and the test's own."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from ewardrobe.attributes.values import Attributes, Colour, Value
from ewardrobe.imaging import Photo, open_photo
from ewardrobe.wardrobe import SegmentedItem

SIZE = (96, 72)
"""Width and height of a rendered photo."""

MODEL = "rendered-1"
NAVY = Colour("navy", 0.7, (28, 36, 70), (15.2, 7.1, -21.4))
WHITE = Colour("white", 0.3, (245, 245, 243), (96.5, -0.3, 0.9))


def photo_bytes(seed: int, kind: str = "JPEG", *, private: bool = False, orientation: int = 1) -> bytes:
    """A noisy photo, different for every seed; `private` writes GPS, camera and comment into it."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    image = Image.fromarray(pixels).resize((SIZE[0], SIZE[1]), Image.Resampling.BILINEAR)
    options: dict[str, Any] = {}
    if private or orientation != 1:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        if private:
            exif[ExifTags.Base.Make] = "SecretCam"
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:17 08:30:00"
            exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
            exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (48.0, 12.0, 30.5)
        options["exif"] = exif
    if private and kind == "JPEG":
        options["comment"] = b"SecretComment"
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def photo(seed: int, **options: Any) -> Photo:
    """`photo_bytes`, opened."""
    return open_photo(photo_bytes(seed, **options))


def attributes(seed: int, **values: Any) -> Attributes:
    """What `describe` might say about garment `seed`; embeddings of different seeds are nearly orthogonal."""
    vector = np.random.default_rng(1000 + seed).standard_normal(64).astype(np.float32)
    said: dict[str, Any] = {
        "type": Value("shirt", 0.81, "blouse", "model"),
        "pattern": Value("striped", 0.9, "solid", "pixels"),
        "material": Value.unknown("model"),
        "style": Value("casual", 0.66, "formal", "model"),
        "occasion": Value("everyday", 0.6, None, "model"),
        "season": Value("summer", 0.55, "spring", "model"),
        "colours": (NAVY, WHITE),
        "colour": Value("navy", 0.7, "white", "pixels"),
        "embedding": vector / np.linalg.norm(vector),
    }
    return Attributes(**{**said, **values})


def item(seed: int, label: str = "top", **values: Any) -> SegmentedItem:
    """A disc somewhere in the photo, with a soft edge."""
    random = np.random.default_rng(seed)
    width, height = SIZE
    x, y = random.integers(20, width - 20), random.integers(20, height - 20)
    radius = random.integers(8, 18)
    rows, columns = np.mgrid[:height, :width]
    distance = np.hypot(columns - x, rows - y)
    mask = distance <= radius
    alpha = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    rgba = np.dstack([random.integers(0, 256, (height, width, 3)), np.rint(alpha * 255)]).astype(np.uint8)
    left, top, right, bottom = (int(v) for v in (x - radius, y - radius, x + radius + 1, y + radius + 1))
    return SegmentedItem(
        label=label,
        score=0.9,
        box=(left, top, right - left, bottom - top),
        mask=mask,
        cutout=Image.fromarray(rgba).crop((left, top, right, bottom)),
        attributes=values.pop("attributes", attributes(seed)),
        alpha=alpha,
        **values,
    )
