"""Photos without what cameras write into them: place, time, camera, owner, comments, hidden second images.

JPEG, PNG and WebP are taken apart and put together again without re-encoding, so not a pixel changes; what remains
is what is needed to show them: colour profile and orientation. Everything else becomes a PNG of its pixels.

Formats: JPEG (ITU T.81 annex B), PNG (W3C third edition, section 11), WebP (RFC 9649).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from ewardrobe.imaging import open_photo, to_png_bytes

__all__ = ["strip_metadata"]

_ORIENTATION = 0x0112
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD",
    b"pHYs", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
_WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04


def strip_metadata(data: bytes) -> tuple[bytes, str]:
    """The photo without metadata, and the file name extension of what it is now; the same input, the same bytes.

    Raises `PhotoError` for bytes that are no photo.
    """
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data), "jpg"
        if data.startswith(_PNG_SIGNATURE):
            return _png(data), "png"
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data), "webp"
    except (ValueError, struct.error, IndexError):
        # Not as its format's page says, though it may open all the same: then its pixels are what is kept.
        pass
    photo = open_photo(data)
    pixels = photo.pixels if photo.alpha is None else np.dstack([photo.pixels, photo.alpha])
    return to_png_bytes(Image.fromarray(pixels)), "png"


def _jpeg(data: bytes) -> bytes:
    parts = [b"\xff\xd8"]
    orientation = _orientation(data)
    written = orientation == 1
    for marker, segment in _jpeg_segments(data):
        if not written and marker != 0xE0:
            exif = b"Exif\0\0" + _exif(orientation)
            parts.append(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
            written = True
        if _jpeg_kept(marker, segment):
            parts.append(segment)
    return b"".join(parts)


def _jpeg_kept(marker: int, segment: bytes) -> bool:
    content = segment[4:]
    if marker == 0xE0:
        return content.startswith(b"JFIF\0")
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    return marker == 0xEE or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Every segment with its marker; a scan carries its coded data along, and the end of image ends it all."""
    at = 2
    while True:
        while data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1
        if data[at] != 0xFF:
            raise ValueError("no marker where one must be")
        marker = data[at + 1]
        if marker == 0xD9:
            yield marker, data[at : at + 2]
            return
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if marker == 0xDA:
            end = _scan_end(data, end)
        if end > len(data):
            raise ValueError("a segment is longer than the file")
        yield marker, data[at:end]
        at = end


def _scan_end(data: bytes, at: int) -> int:
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise ValueError("the coded data has no end")
        if data[at + 1] != 0 and data[at + 1] != 0xFF and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _png(data: bytes) -> bytes:
    orientation = _orientation(data)
    parts = [_PNG_SIGNATURE]
    at = len(_PNG_SIGNATURE)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise ValueError("a chunk is longer than the file")
        if kind in _PNG_KEPT:
            parts.append(data[at:end])
        if kind == b"IHDR" and orientation != 1:
            parts.append(_png_chunk(b"eXIf", _exif(orientation)))
        if kind == b"IEND":
            return b"".join(parts)
        at = end


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _webp(data: bytes) -> bytes:
    orientation = _orientation(data)
    size = min(len(data), 8 + struct.unpack_from("<I", data, 4)[0])
    chunks: list[bytes] = []
    at, extended = 12, False
    while at + 8 <= size:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + (length & 1)
        if at + 8 + length > size:
            raise ValueError("a chunk is longer than the file")
        chunk = data[at:end]
        if kind == b"VP8X":
            extended = True
            keep_exif = _WEBP_EXIF if orientation != 1 else 0
            flags = (chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP)) | keep_exif
            chunk = chunk[:8] + bytes([flags]) + chunk[9:]
        if kind in _WEBP_KEPT:
            chunks.append(chunk)
        at = end
    if extended and orientation != 1:
        exif = _exif(orientation)
        chunks.append(b"EXIF" + struct.pack("<I", len(exif)) + exif)
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _orientation(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as image:
            found = image.getexif().get(_ORIENTATION, 1)
    except Exception as error:  # Pillow raises many kinds for broken metadata
        raise ValueError("the metadata cannot be read") from error
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _exif(orientation: int) -> bytes:
    """The smallest TIFF structure that says how to turn the photo (Exif 2.32, section 4.6)."""
    entry = struct.pack(">HHIHH", _ORIENTATION, 3, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
