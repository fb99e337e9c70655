"""`open_photo`: from whatever a caller has to a `Photo`, or one line that says why not."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import PhotoError
from ewardrobe.imaging.decoding import Decoded, decode, decode_bytes

__all__ = ["MAX_BYTES", "MAX_PIXELS", "Photo", "PhotoSource", "open_photo"]

PhotoSource: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | npt.NDArray[np.uint8]
"""What `open_photo` takes; an array is uint8 (H, W, 3) RGB, (H, W, 4) RGBA or (H, W) grey."""

MAX_PIXELS = 200_000_000
MAX_BYTES = 1 << 30
"""A file larger than this (1 GiB) is not read at all."""


@dataclass(frozen=True, eq=False)
class Photo:
    """An upright photo in sRGB.

    `pixels` is uint8 (H, W, 3), read-only; `name` the stem for files made from it; `path` where it was,
    `data` the original file's bytes, both None for pictures that were no file. `taken_at` is the camera's
    local time, without a zone. `alpha` is uint8 (H, W) where the file was transparent (`pixels` then lie on
    white), else None.
    """

    pixels: npt.NDArray[np.uint8]
    name: str = "photo"
    path: Path | None = None
    data: bytes | None = None
    format: str | None = None
    taken_at: datetime | None = None
    alpha: npt.NDArray[np.uint8] | None = None

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), as in Pillow."""
        return self.width, self.height

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the original bytes; of size and pixels where there was no file."""
        if self.data is not None:
            return hashlib.sha256(self.data).hexdigest()
        digest = hashlib.sha256(f"{self.width}x{self.height}:".encode())
        digest.update(np.ascontiguousarray(self.pixels).data)
        return digest.hexdigest()


def open_photo(source: PhotoSource, *, max_pixels: int = MAX_PIXELS) -> Photo:
    """Open a photo: upright, 8-bit sRGB, its first frame if it moves, transparency laid on white.

    `source` is a path, the bytes of a file, a binary file object, a Pillow image or an array. Sizes are
    checked before anything is decoded. The file is read once; its bytes come along as `Photo.data`.

    Raises:
        PhotoError: in one line, what is wrong with it and what to do. A HEIC photo where `pillow-heif` is
            not installed raises one that is a `MissingExtraError` too.
        TypeError: `source` is none of the things above.

    Examples:
        >>> import numpy as np
        >>> from ewardrobe.imaging import open_photo
        >>> open_photo(np.zeros((40, 30, 3), np.uint8)).size
        (30, 40)
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        name = _stem(getattr(source, "filename", ""))
        return _photo(decode(source, _one_line(name), max_pixels), name, None, None)
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        return _photo(decode_bytes(data, "photo", max_pixels), "photo", None, data)
    if isinstance(source, str | os.PathLike):
        return _from_path(source, max_pixels)
    if hasattr(source, "read"):
        return _from_file(source, max_pixels)
    raise TypeError(
        f"a photo is a path, bytes, a binary file, a Pillow image or an array, not {type(source)}"
    )


def _from_array(array: npt.NDArray[np.uint8], max_pixels: int) -> Photo:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or channels not in (1, 3, 4) or array.size == 0:
        raise PhotoError(
            f"an array of shape {array.shape} and type {array.dtype} is no photo; it takes uint8 (H, W, 3),"
            " (H, W, 4) or (H, W)"
        )
    plane = array[:, :, 0] if array.ndim == 3 and channels == 1 else array
    image = Image.fromarray(np.ascontiguousarray(plane))
    return _photo(decode(image, "photo", max_pixels), "photo", None, None)


def _from_path(source: str | os.PathLike[str], max_pixels: int) -> Photo:
    path = Path(source)
    shown = _one_line(path)
    data = _read(path, shown)
    return _photo(decode_bytes(data, shown, max_pixels), path.stem, path, data)


def _from_file(source: BinaryIO, max_pixels: int) -> Photo:
    name = _stem(getattr(source, "name", ""))
    shown = _one_line(name)
    try:
        data = source.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise PhotoError(f"{shown}: it cannot be read: {_one_line(error)}") from error
    if not isinstance(data, bytes):
        raise PhotoError(f"{shown}: opened as text; open it as binary, with mode 'rb'")
    if len(data) > MAX_BYTES:
        raise PhotoError(f"{shown}: more than {MAX_BYTES >> 20} MiB; that is no photo")
    return _photo(decode_bytes(data, shown, max_pixels), name, None, data)


def _read(path: Path, shown: str) -> bytes:
    """The file's bytes; the kind and size of the file are looked at first, so that no pipe is waited for."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise PhotoError(f"{shown}: a folder; name the photos in it")
        if not stat.S_ISREG(found.st_mode):
            raise PhotoError(f"{shown}: not a regular file; save the photo to one")
        if found.st_size > MAX_BYTES:
            raise PhotoError(
                f"{shown}: {found.st_size >> 20} MiB is more than {MAX_BYTES >> 20}; that is no photo"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise PhotoError(f"{shown}: there is no such file; check its name and folder") from None
    except PermissionError:
        raise PhotoError(f"{shown}: no permission to read it; change its permissions") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{shown}: it cannot be read: {_one_line(reason)}") from error


def _photo(decoded: Decoded, name: str, path: Path | None, data: bytes | None) -> Photo:
    decoded.pixels.setflags(write=False)
    return Photo(
        pixels=decoded.pixels,
        name=name,
        path=path,
        data=data,
        format=decoded.format,
        taken_at=decoded.taken_at,
        alpha=decoded.alpha,
    )


def _stem(name: object) -> str:
    """The stem of a file object's name; `photo` where it has none (a descriptor's number is none)."""
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    return (Path(name).stem if isinstance(name, str) else "") or "photo"


def _one_line(value: object) -> str:
    """The value as printable text in one line, whatever a file name holds; the middle of long ones left out."""
    text = str(value).encode("utf-8", "backslashreplace").decode()
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
    return shown if len(shown) <= 240 else f"{shown[:120]}...{shown[-100:]}"
