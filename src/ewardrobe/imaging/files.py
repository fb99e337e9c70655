"""Writing files whole or not at all, and images without a trace of where they came from."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import EwardrobeError

__all__ = ["to_jpeg_bytes", "to_png_bytes", "write_atomically"]


def write_atomically(
    path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], object], *, durable: bool = True
) -> None:
    """Write a file so that `path` is at any moment the old file or the new one, even after a power cut.

    The content (bytes, or a function that writes to the binary file it is given) goes to a temporary file
    `.<name>.<random>.tmp` in the same folder, is synced to the disk and renamed; on failure it is deleted
    again. Without `durable` the sync is left out, which is faster for many files that can be made again: the
    file is still whole or not there after a kill, but perhaps not after a power cut.

    Raises:
        EwardrobeError: the folder is missing or read-only, the disk is full. What the function raises
        passes through.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        # Not tempfile: it would leave the file readable for its owner only, whatever the umask says.
        with temporary.open("xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        _discard(temporary)
        raise EwardrobeError(
            f"{target} could not be written: {error.strerror or error}; check the folder and the free space"
        ) from error
    except BaseException:
        _discard(temporary)
        raise
    if durable:
        _sync_folder(target.parent)


def _discard(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can (Windows cannot open folders)."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def to_png_bytes(
    image: Image.Image | npt.NDArray[np.uint8], *, palette: list[int] | None = None, level: int = 6
) -> bytes:
    """PNG bytes of the pixels alone: no EXIF, GPS, camera, comment or profile.

    With `palette` (768 values) a uint8 (H, W) label map becomes an 8-bit palette PNG, pixel value = index.
    `level` is zlib's, 1 fast to 9 small.
    """
    clean = _pixels_only(image)
    if palette is not None:
        clean = Image.frombytes("P", clean.size, clean.convert("L").tobytes())
        clean.putpalette(palette)
    buffer = BytesIO()
    clean.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def to_jpeg_bytes(image: Image.Image | npt.NDArray[np.uint8], *, quality: int = 92) -> bytes:
    """JPEG bytes of the pixels alone, without metadata; transparency is laid on white."""
    clean = _pixels_only(image)
    if clean.mode == "RGBA":
        ground = Image.new("RGB", clean.size, (255, 255, 255))
        ground.paste(clean, mask=clean.getchannel("A"))
        clean = ground
    buffer = BytesIO()
    subsampling = 0 if quality >= 90 else 2  # 4:4:4 keeps thin coloured outlines crisp
    clean.convert("RGB").save(buffer, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
    return buffer.getvalue()


def _pixels_only(image: Image.Image | npt.NDArray[np.uint8]) -> Image.Image:
    """A copy with pixels and palette but nothing in `info`, from which Pillow's writers would take more."""
    if isinstance(image, np.ndarray):
        return Image.fromarray(np.ascontiguousarray(image))
    source = image.convert("RGBA") if image.mode == "P" and "transparency" in image.info else image
    clean = Image.frombytes(source.mode, source.size, source.tobytes())
    if source.mode == "P":
        clean.putpalette(source.getpalette() or [])
    return clean
