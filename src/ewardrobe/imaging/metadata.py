"""Image files without EXIF, GPS, camera data, comments and thumbnails; pixels and colour profile stay as they were.

JPEG, PNG and WebP are taken apart and put together again without what tells about the owner, so no pixel
changes. Other kinds are decoded and written as PNG.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from PIL import Image

from ewardrobe.imaging.files import to_png_bytes
from ewardrobe.imaging.photos import open_photo

__all__ = ["strip_metadata"]

_PNG = b"\x89PNG\r\n\x1a\n"
# Chunks that say how pixels look (https://www.w3.org/TR/png-3/); all other ancillary chunks are left out.
_PNG_KEPT = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"iCCP",
        b"sBIT",
        b"cICP",
        b"pHYs",
    }
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_EXIF_XMP = 0x08 | 0x04


class _UnusualFileError(Exception):
    """The file is not laid out as its format says: decode it instead."""


def strip_metadata(data: bytes) -> tuple[bytes, str]:
    """The image file without metadata, and the suffix (`.jpg`, `.png`, `.webp`) that fits the result.

    A rotated photo stays rotated: of its EXIF data the orientation alone is kept. Animations keep their
    first frame (PNG) or all (WebP); what trails behind a JPEG's end, such as a motion photo's film, is
    dropped.

    Raises:
        PhotoError: the bytes are no image that `open_photo` reads.
    """
    photo = open_photo(data)
    try:
        if photo.format in {"JPEG", "MPO"}:
            return b"".join(_jpeg_parts(data)), ".jpg"
        if photo.format == "PNG" and not _is_turned(data):
            return b"".join(_png_parts(data)), ".png"
        if photo.format == "WEBP" and not _is_turned(data):
            return _webp(data), ".webp"
    except (_UnusualFileError, struct.error, IndexError):
        pass
    if photo.alpha is not None:
        image = Image.fromarray(photo.pixels)
        image.putalpha(Image.fromarray(photo.alpha))
        return to_png_bytes(image), ".png"
    return to_png_bytes(photo.pixels), ".png"


def _orientation(data: bytes) -> int:
    from io import BytesIO

    with Image.open(BytesIO(data)) as image:
        return int(image.getexif().get(0x0112, 1))


def _is_turned(data: bytes) -> bool:
    return _orientation(data) != 1


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    """The segments that matter (ITU T.81, annex B): all but APPn and comments, save JFIF, ICC and Adobe's."""
    yield data[:2]
    orientation = _orientation(data)
    if orientation != 1:
        yield _orientation_segment(orientation)
    position = 2
    while True:
        if data[position] != 0xFF:
            raise _UnusualFileError
        while data[position + 1] == 0xFF:
            position += 1
        marker = data[position + 1]
        if marker == 0xD9:
            yield b"\xff\xd9"
            return
        length = struct.unpack_from(">H", data, position + 2)[0]
        end = position + 2 + length
        if end > len(data):
            raise _UnusualFileError
        if _jpeg_kept(marker, data[position + 4 : end]):
            yield b"\xff" + data[position + 1 : end]
        if marker == 0xDA:
            start, end = end, _end_of_scan(data, end)
            yield data[start:end]
        position = end


def _jpeg_kept(marker: int, content: bytes) -> bool:
    if marker == 0xE0:
        return content.startswith(b"JFIF\0")
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return content.startswith(b"Adobe")
    return not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _end_of_scan(data: bytes, position: int) -> int:
    """Where the next marker begins that is neither a stuffed byte nor a restart."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0 or position + 1 >= len(data):
            raise _UnusualFileError
        following = data[position + 1]
        if following not in (0x00, 0xFF) and not 0xD0 <= following <= 0xD7:
            return position
        position += 1 if following == 0xFF else 2


def _orientation_segment(orientation: int) -> bytes:
    """An EXIF segment of one entry (CIPA DC-008): tag 0x0112, type SHORT, one value."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    content = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def _png_parts(data: bytes) -> Iterator[bytes]:
    yield _PNG
    position = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            raise _UnusualFileError
        if kind in _PNG_KEPT:
            yield data[position:end]
        if kind == b"IEND":
            return
        position = end


def _webp(data: bytes) -> bytes:
    """RIFF chunks without EXIF and XMP, and without their flags in VP8X."""
    body, position = [], 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + length % 2
        chunk = data[position:end]
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_EXIF_XMP]) + chunk[9:]
        if kind in _WEBP_KEPT:
            body.append(chunk)
        position = end
    content = b"WEBP" + b"".join(body)
    return b"RIFF" + struct.pack("<I", len(content)) + content
