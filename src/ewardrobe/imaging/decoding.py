"""Image files to upright 8-bit sRGB pixels, whatever the file holds: Pillow under limits of our own."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from ewardrobe.errors import MissingExtraError, PhotoError

__all__ = ["Decoded", "decode", "decode_bytes"]

# What cameras, phones, scanners and the web make. All else that Pillow knows (EPS, which runs Ghostscript;
# WMF; game textures) is left out: more to attack, and no photos.
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "QOI")
_READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, JPEG 2000 and HEIC"
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TAKEN = (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)


class MissingHeifError(MissingExtraError, PhotoError):
    """A HEIC photo, and no package that reads one: both a photo that cannot be opened and a missing extra."""


@dataclass(frozen=True)
class Decoded:
    """What a file held: `pixels` uint8 (H, W, 3) sRGB, upright; `alpha` uint8 (H, W) or None where opaque."""

    pixels: npt.NDArray[np.uint8]
    alpha: npt.NDArray[np.uint8] | None
    format: str | None
    taken_at: datetime | None


class _PillowState:
    """Pillow's bomb check and warnings, off while any thread decodes; `max_pixels` is checked instead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._limit: int | None = None
        self._warnings: Any = None

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
                self._warnings = warnings.catch_warnings()
                self._warnings.__enter__()
                warnings.simplefilter("ignore")

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._warnings.__exit__(None, None, None)
                Image.MAX_IMAGE_PIXELS = self._limit


_STATE = _PillowState()


@contextmanager
def _quiet_pillow(name: str) -> Iterator[None]:
    """Pillow without its limit and warnings; what it raises on a broken file becomes one PhotoError."""
    _STATE.enter()
    try:
        yield
    except PhotoError:
        raise
    except MemoryError:
        raise PhotoError(f"{name}: not enough memory to decode it; make it smaller") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise PhotoError(
            f"{name}: the image is damaged or cut short; copy it again from its source"
        ) from error
    finally:
        _STATE.leave()


def decode_bytes(data: bytes, name: str, max_pixels: int) -> Decoded:
    """Decode the bytes of an image file; PhotoError, in one line that begins with `name`, when it is none."""
    if not data:
        raise PhotoError(f"{name}: the file is empty; copy it again from its source")
    formats = _formats_of(data, name)
    with _quiet_pillow(name):
        try:
            image = Image.open(BytesIO(data), formats=formats)
        except UnidentifiedImageError:
            raise PhotoError(
                f"{name}: not an image, or a kind that is not read; those read are {_READABLE}"
            ) from None
        with image:
            return _decode(image, name, max_pixels)


def decode(image: Image.Image, name: str, max_pixels: int) -> Decoded:
    """Decode an image that Pillow has opened; the given object is left as it is."""
    with _quiet_pillow(name):
        return _decode(image, name, max_pixels)


def _formats_of(data: bytes, name: str) -> tuple[str, ...]:
    """The formats to try; a HEIC file needs pillow-heif."""
    if data[4:8] != b"ftyp":
        return _FORMATS
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[start : start + 4] for start in (8, *range(16, length, 4))}
    if brands & _AVIF_BRANDS or not brands & _HEIF_BRANDS:
        return _FORMATS
    try:
        import pillow_heif
    except ImportError:
        raise MissingHeifError(
            f'{name}: a HEIC photo, which needs one more package: pip install "ewardrobe[heic]"'
        ) from None
    pillow_heif.register_heif_opener()
    return ("HEIF",)


def _decode(image: Image.Image, name: str, max_pixels: int) -> Decoded:
    width, height = image.size
    if width < 1 or height < 1:
        raise PhotoError(f"{name}: the image is {width} x {height} pixels; there is nothing to see")
    if width * height > max_pixels:
        raise PhotoError(
            f"{name}: {width} x {height} pixels is more than the limit of {max_pixels:,}; make it smaller"
        )
    taken_at, file_format = _taken_at(image), image.format
    image.load()
    # Read only now: Pillow itself turns TIFF images as it loads them, and then forgets their orientation.
    turn = _UPRIGHT.get(_orientation(image))
    colour, alpha = _to_srgb(image)
    if turn is not None:
        colour = colour.transpose(turn)
        alpha = None if alpha is None else alpha.transpose(turn)
    if alpha is None:
        return Decoded(np.asarray(colour), None, file_format, taken_at)
    ground = Image.new("RGB", colour.size, (255, 255, 255))
    ground.paste(colour, mask=alpha)
    return Decoded(np.asarray(ground), np.asarray(alpha), file_format, taken_at)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # damaged EXIF data is no reason to refuse a good photo
        return 1


def _taken_at(image: Image.Image) -> datetime | None:
    """When the shutter opened, in the camera's own time without a zone; None where the file does not say."""
    try:
        exif = image.getexif()
        inner = exif.get_ifd(ExifTags.IFD.Exif)
        texts = [inner.get(tag) for tag in _TAKEN] + [exif.get(ExifTags.Base.DateTime)]
    except Exception:  # as above
        return None
    for text in texts:
        try:
            return datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")
        except ValueError:
            continue
    return None


def _to_srgb(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The image as 8-bit sRGB ("RGB") and its alpha ("L", None where there is none or it is opaque)."""
    profile = image.info.get("icc_profile")
    alpha = None
    if image.has_transparency_data:
        # Palettes and tRNS colours get a real alpha channel first.
        image = image if image.mode in {"RGBA", "LA", "PA"} else image.convert("RGBA")
        alpha = image.getchannel("A")
        image = image.convert("L" if image.mode == "LA" else "RGB")
        if alpha.getextrema() == (255, 255):
            alpha = None
    elif image.mode == "P":
        image = image.convert("RGB")
    elif image.mode not in {"L", "RGB", "CMYK", "LAB"}:
        image = _deep_to_8_bits(image)
    return _through_profile(image, profile), alpha


def _deep_to_8_bits(image: Image.Image) -> Image.Image:
    """Bilevel, 16-bit, 32-bit and float grey to "L"; YCbCr, HSV and the like to "RGB"."""
    if image.mode == "1":
        return image.convert("L")
    if not image.mode.startswith(("I", "F")):
        return image.convert("RGB")
    values = np.asarray(image, dtype=np.float32)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max())
    if image.mode.startswith("I;16") or (image.mode == "I" and highest > 255):
        values = values * np.float32(255 / 65535)
    elif image.mode == "F" and highest <= 1:
        values = values * np.float32(255)
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))


def _through_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """To sRGB by the embedded ICC profile; one that is damaged or of another colour space is ignored."""
    if image.mode == "LAB":
        source: Any = ImageCms.createProfile("LAB")
    elif not profile:
        return image.convert("RGB")
    else:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if image.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
                return image
        except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
            return image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        converted = None
    return converted or image.convert("RGB")
