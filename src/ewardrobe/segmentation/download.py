"""Large files from the network or a disk, in blocks, checked on the way."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from ewardrobe.errors import ModelError

__all__ = ["Progress", "checked", "download", "read_file"]

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes so far and the bytes in all, 0 where these are unknown."""

_BLOCK = 1 << 20
_TIMEOUT_S = 30


def download(url: str, name: str) -> Iterator[bytes]:
    """The bytes behind `url`, in blocks; ModelError when they cannot be had."""
    request = urllib.request.Request(url, headers={"User-Agent": "ewardrobe"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            while block := answer.read(_BLOCK):
                yield block
    except (OSError, urllib.error.URLError) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelError(
            f"model {name} could not be downloaded from {url} ({reason}); try again when online, or get the file "
            f"elsewhere and run: ewardrobe models pull {name} --from FILE"
        ) from None


def read_file(path: Path) -> Iterator[bytes]:
    """The bytes of a local file, in blocks; ModelError when it cannot be read."""
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from None


def checked(
    blocks: Iterator[bytes],
    name: str,
    size: int | None,
    expected: tuple[str, str],
    progress: Progress | None,
) -> Callable[[BinaryIO], None]:
    """A writer of the blocks that raises ModelError, at the end, when they are not what is expected.

    `expected`: the name of a hash function, such as "sha256", and the checksum; `size` in bytes, None if unknown.
    """

    def write(file: BinaryIO) -> None:
        digest, done = hashlib.new(expected[0], usedforsecurity=False), 0
        for block in blocks:
            file.write(block)
            digest.update(block)
            done += len(block)
            if progress is not None:
                progress(done, size or 0)
        if digest.hexdigest() != expected[1]:
            of = "" if size is None else f" of {size}"
            raise ModelError(
                f"what came as model {name} is not it ({done} bytes{of}, or other content); nothing was kept"
            )

    return write
