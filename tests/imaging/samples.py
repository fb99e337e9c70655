"""Image files for the tests, made in memory: a picture in every kind of file, and what is wrong in every way."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms


def picture(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth colours with a hard edge, different in each corner, so that turns and channel swaps show."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([255 * x, 255 * y, 160 - 120 * x * y], axis=-1)
    pixels[: height // 3, : width // 3] = (200, 30, 30)
    return Image.fromarray(pixels.astype(np.uint8))


def save(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def deep_grey() -> Image.Image:
    """16-bit grey of the picture."""
    return Image.fromarray(np.asarray(picture().convert("L")).astype(np.uint16) * 257)


def readable() -> dict[str, bytes]:
    """Files that hold the picture (or its grey), by a name for it."""
    colour, grey = picture(), picture().convert("L")
    return {
        "jpeg": save(colour, "JPEG", quality=95),
        "progressive": save(colour, "JPEG", quality=95, progressive=True),
        "cmyk": save(colour.convert("CMYK"), "JPEG", quality=95),
        "grey-jpeg": save(grey, "JPEG", quality=95),
        "png": save(colour, "PNG"),
        "palette": save(colour.quantize(256), "PNG"),
        "grey-alpha": save(grey.convert("LA"), "PNG"),
        "grey-16": save(deep_grey(), "PNG"),
        "grey-16-tiff": save(deep_grey(), "TIFF"),
        "float-tiff": save(grey.convert("F"), "TIFF"),
        "cmyk-tiff": save(colour.convert("CMYK"), "TIFF"),
        "gif": save(colour.quantize(256), "GIF"),
        "webp": save(colour, "WEBP", lossless=True),
        "bmp": save(colour, "BMP"),
        "ppm": save(colour, "PPM"),
        "jpeg-2000": save(colour, "JPEG2000"),
    }


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes, *, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of any stated size; `rows` are its uncompressed rows, each after a filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def deep_colour_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """16-bit RGB PNG of 8-bit pixels, which Pillow cannot write."""
    wide = (pixels.astype(np.uint16) * 257).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    return png(pixels.shape[1], pixels.shape[0], rows, depth=16)


def exif(orientation: int | None = None, taken: str | None = None, gps: bool = False) -> Image.Exif:
    data = Image.Exif()
    if orientation is not None:
        data[0x0112] = orientation
    if taken is not None:
        data.get_ifd(0x8769)[0x9003] = taken
    if gps:
        data[0x010F] = "SecretCamera"
        data.get_ifd(0x8825)[1] = "N"
        data.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return data


def mutated(data: bytes, draw: Callable[[int, int], int], *, keep_length: bool = False) -> bytes:
    """The bytes changed and, unless their length is kept, cut out or doubled at a few places.

    `draw(low, high)` picks a number, ends included.
    """
    changed = bytearray(data)
    for _ in range(draw(1, 8)):
        if not changed:
            break
        at = draw(0, len(changed) - 1)
        kind = 0 if keep_length else draw(0, 4)
        if kind == 0:
            changed[at] = draw(0, 255)
        elif kind == 1:
            del changed[at : at + draw(1, 64)]
        elif kind == 2:
            changed[at:at] = changed[at : at + draw(1, 64)]
        elif kind == 3:
            changed[at : at + 4] = draw(0, 2**32 - 1).to_bytes(4, "big")
        elif draw(0, 3) == 0:
            del changed[at:]
    return bytes(changed)


def swapped_profile() -> bytes:
    """An ICC profile like sRGB but for red and blue, which are exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * profile[131], 12)}
    for one, other in ((b"rXYZ", b"bXYZ"),):
        a, b = table[one] + 4, table[other] + 4
        profile[a : a + 8], profile[b : b + 8] = profile[b : b + 8], profile[a : a + 8]
    return (
        bytes(profile)
        .replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
        .replace(b"sRGB", b"swap")
    )
