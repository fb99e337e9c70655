"""A changed photo written in the form of its original file: size, orientation and colour profile, and where it is from.

It is always a PNG, as JPEG would change every pixel. Of the original's metadata only the orientation and the profile
are taken over; the provenance is an iTXt chunk of the keyword `ewardrobe`.
"""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from ewardrobe.errors import PhotoError
from ewardrobe.imaging import Photo, write_atomically

__all__ = ["SCHEMA_VERSION", "read_provenance", "save_like"]

SCHEMA_VERSION = 1
_KEYWORD = "ewardrobe"
_LEVEL = 3

Pixels = npt.NDArray[np.uint8]
_TURNED_BACK = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def save_like(
    photo: Photo, pixels: Pixels, changed: npt.NDArray[np.bool_], provenance: dict[str, Any], path: Path
) -> Path:
    """Write `pixels` (uint8 (H, W, 3), upright sRGB) as a PNG in the form of the photo's file; gives the path.

    Where `changed`, bool (H, W), is False, the file's own pixel values are written, bit for bit. An original that is
    not 8-bit RGB or RGBA (grey, CMYK, 16 bits) has no such form for a coloured picture: it becomes upright sRGB.
    """
    info = PngImagePlugin.PngInfo()
    info.add_itxt(_KEYWORD, json.dumps(provenance, ensure_ascii=False))
    options: dict[str, Any] = {}
    image = _in_form_of_file(photo, pixels, changed, options)
    if image is None:
        image = Image.fromarray(pixels)
        if photo.alpha is not None:
            image.putalpha(Image.fromarray(photo.alpha))
    buffer = BytesIO()
    image.save(buffer, "PNG", pnginfo=info, compress_level=_LEVEL, **options)
    write_atomically(path, buffer.getvalue())
    return path


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What a picture that `restyle` wrote says about itself; None for any other picture. PhotoError when it is none."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            text = getattr(image, "text", {}).get(_KEYWORD)
        document = None if text is None else json.loads(text)
    except (OSError, ValueError) as error:
        raise PhotoError(f"{path}: not a PNG that can be read") from error
    return document if isinstance(document, dict) else None


def _in_form_of_file(
    photo: Photo, pixels: Pixels, changed: npt.NDArray[np.bool_], options: dict[str, Any]
) -> Image.Image | None:
    """The file's own pixels with the changed ones put in; None where there is no file, or its form cannot hold them.

    `options` gets the orientation and the profile for the writer.
    """
    if photo.data is None:
        return None
    with Image.open(BytesIO(photo.data)) as image:
        image.load()
        if image.mode not in ("RGB", "RGBA") or "transparency" in image.info:
            return None
        profile = image.info.get("icc_profile")
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        stored = image.convert(image.mode)
    if photo.alpha is not None:
        pixels = _off_white(pixels, photo.alpha)
    new, where = Image.fromarray(_in_profile(pixels, profile)), Image.fromarray(changed)
    back = _TURNED_BACK.get(orientation)
    if back is not None and photo.format != "TIFF":  # Pillow turns a TIFF upright as it loads it
        new, where = new.transpose(back), where.transpose(back)
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        options["exif"] = exif
    if new.size != stored.size:
        return None
    if stored.mode == "RGBA":
        new.putalpha(stored.getchannel("A"))
    stored.paste(new, mask=where)
    if profile:
        options["icc_profile"] = profile
    return stored


def _off_white(pixels: Pixels, alpha: npt.NDArray[np.uint8]) -> Pixels:
    """The colours that gave `pixels` when they were laid on white with `alpha`."""
    share = np.maximum(alpha, 1)[..., None].astype(np.float32) / 255
    return np.asarray(np.clip(np.rint(255 - (255 - pixels.astype(np.float32)) / share), 0, 255), np.uint8)


def _in_profile(pixels: Pixels, profile: bytes | None) -> Pixels:
    """SRGB pixels as values of an RGB profile; a damaged one was ignored when the photo was opened, and is here."""
    if not profile:
        return pixels
    try:
        target: Any = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(target).lower():
            return pixels
        converted = ImageCms.profileToProfile(
            Image.fromarray(pixels),
            ImageCms.createProfile("sRGB"),
            target,
            outputMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return pixels
    return pixels if converted is None else np.asarray(converted)
