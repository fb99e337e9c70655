"""The metadata of an ONNX file, read and written without building its graph.

An ONNX file is one protobuf message, `ModelProto`; its metadata are the entries of field 14, each a message with a key
(field 1) and a value (field 2): https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Walking the top-level fields is
enough to read or replace them, so listing models needs neither the `onnx` package nor a session, and rewriting leaves
every other byte of the file as it was.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from ewardrobe.errors import ModelError

__all__ = ["graph_sha256", "read_metadata", "write_metadata"]

_T = TypeVar("_T")
GRAPH, _METADATA = 7, 14
VARINT, _FIXED64, BYTES, _FIXED32 = 0, 1, 2, 5


class MalformedError(Exception):
    """The bytes are no protobuf message."""


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata entries of the ONNX file `path`; ModelError when it is missing or no ONNX model."""
    return with_bytes(path, lambda data: dict(entry for _, _, entry in _fields(data) if entry))


def write_metadata(path_in: Path, path_out: Path, entries: Mapping[str, str]) -> None:
    """Copy the ONNX file `path_in` to `path_out` with these metadata entries set, all others kept."""
    # Imported here: reading a model must not wait for Pillow and OpenCV.
    from ewardrobe.imaging import write_atomically

    def rewritten(data: mmap.mmap) -> bytes:
        kept = [data[start:end] for start, end, entry in _fields(data) if not (entry and entry[0] in entries)]
        return b"".join(kept) + b"".join(_entry(key, value) for key, value in entries.items())

    write_atomically(path_out, with_bytes(path_in, rewritten))


def graph_sha256(path: Path) -> str:
    """SHA-256 of the ONNX file `path` without its metadata: it stays the same when only the description is rewritten.

    Raises:
        ModelError: as `read_metadata`.
    """

    def digest(data: mmap.mmap) -> str:
        total = hashlib.sha256()
        for start, end, entry in _fields(data):
            if not entry:
                total.update(data[start:end])
        return total.hexdigest()

    return with_bytes(path, digest)


def with_bytes(path: Path, work: Callable[[mmap.mmap], _T]) -> _T:
    """What `work` makes of the bytes of the file `path`; ModelError when it is missing or no ONNX model."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return work(data)
    except FileNotFoundError:
        raise ModelError(f"model file {path} does not exist") from None
    except IsADirectoryError:
        raise ModelError(f"model file {path} is a folder; give the .onnx file in it") from None
    except OSError as error:
        raise ModelError(f"model file {path} cannot be read: {error.strerror or error}") from None
    except (MalformedError, ValueError):  # ValueError: an empty file, or text that is no UTF-8
        raise ModelError(f"{path} is not an ONNX model") from None


def _fields(data: mmap.mmap) -> Iterator[tuple[int, int, tuple[str, str] | None]]:
    """Every top-level field as (start, end, entry), entry being a metadata key and value, else None."""
    position, has_graph = 0, False
    while position < len(data):
        start = position
        number, wire, content, position = read_field(data, position)
        has_graph = has_graph or (number == GRAPH and wire == BYTES)
        is_entry = number == _METADATA and wire == BYTES
        yield start, position, _pair(data, content, position) if is_entry else None
    if not has_graph:
        raise MalformedError


def _pair(data: mmap.mmap, position: int, end: int) -> tuple[str, str]:
    found = {1: "", 2: ""}
    while position < end:
        number, wire, content, position = read_field(data, position)
        if wire == BYTES and number in found:
            found[number] = data[content:position].decode("utf-8")
    if position != end:
        raise MalformedError
    return found[1], found[2]


def read_field(data: mmap.mmap, position: int) -> tuple[int, int, int, int]:
    """The field at `position`: its number, wire type, and where its content starts and ends."""
    tag, position = read_varint(data, position)
    number, wire = tag >> 3, tag & 7
    if wire == BYTES:
        length, position = read_varint(data, position)
        end = position + length
    elif wire == VARINT:
        _, end = read_varint(data, position)
    elif wire in (_FIXED64, _FIXED32):
        end = position + (8 if wire == _FIXED64 else 4)
    else:
        raise MalformedError
    if number == 0 or end > len(data):
        raise MalformedError
    return number, wire, position, end


def read_varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    """The number at `position`, and where it ends."""
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            raise MalformedError
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise MalformedError


def _entry(key: str, value: str) -> bytes:
    return _length_delimited(
        _METADATA, _length_delimited(1, key.encode()) + _length_delimited(2, value.encode())
    )


def _length_delimited(number: int, content: bytes) -> bytes:
    return _varint_bytes(number << 3 | BYTES) + _varint_bytes(len(content)) + content


def _varint_bytes(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
