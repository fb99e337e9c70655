"""The elements of the arrays in a large JSON file, one at a time, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ewardrobe.errors import DatasetError

__all__ = ["Member", "load_span", "stream_members"]

_PIECE = 1 << 20
_BLANK = " \t\n\r"


class Member(NamedTuple):
    """A value of the top-level object, or one element of an array there, with its place in the file in bytes."""

    key: str
    value: Any
    start: int
    length: int


def stream_members(path: Path) -> Iterator[Member]:
    """Go through the JSON object in a file; arrays at its top level come element by element.

    Memory holds one element, and about a megabyte of text, at a time.

    Raises:
        DatasetError: the file cannot be read, is no JSON object, or ends in the middle.
    """
    try:
        with path.open("rb") as file:
            yield from _members(_Text(file))
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror or error}") from error
    except JSONDecodeError as error:
        raise DatasetError(
            f"{path} is no whole JSON object: {error.msg} at byte {error.pos}; restore it from its source"
        ) from error
    except RecursionError as error:
        raise DatasetError(f"{path} is nested too deeply to be a dataset") from error


def load_span(file: BinaryIO, start: int, length: int) -> Any:
    """The value at a place that `stream_members` gave."""
    file.seek(start)
    return json.loads(file.read(length))


def _members(text: _Text) -> Iterator[Member]:
    text.expect("{")
    while text.peek() != "}":
        key = text.decode().value
        text.expect(":")
        if text.peek() == "[":
            text.expect("[")
            while text.peek() != "]":
                yield text.decode(key)
                text.between("]")
            text.expect("]")
        else:
            yield text.decode(key)
        text.between("}")


class _Text:
    """A window onto the file. As Latin-1 each byte is one letter, and JSON's own signs are what they are in UTF-8."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._window = ""
        self._base = 0  # of the window in the file
        self._at = 0  # in the window
        self._raw_decode = json.JSONDecoder().raw_decode
        self._window = self._read(_PIECE).removeprefix("\xef\xbb\xbf")

    def _read(self, size: int) -> str:
        return self._file.read(size).decode("latin-1")

    def _more(self) -> bool:
        """Drop what is done and read on, as much as is waiting; False at the end of the file."""
        piece = self._read(max(_PIECE, len(self._window) - self._at))
        self._window = self._window[self._at :] + piece
        self._base += self._at
        self._at = 0
        return bool(piece)

    def _fail(self, said: str) -> JSONDecodeError:
        error = JSONDecodeError(said, "", 0)
        error.pos = self._base + self._at
        return error

    def peek(self) -> str:
        """The next sign that is no blank."""
        while True:
            while self._at < len(self._window) and self._window[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._more():
                raise self._fail("it ends in the middle")

    def expect(self, sign: str) -> None:
        """Step over `sign`."""
        if self.peek() != sign:
            raise self._fail(f"expected {sign!r}")
        self._at += 1

    def between(self, end: str) -> None:
        """Step over the comma before a further element; stay before `end`."""
        if self.peek() == end:
            return
        self.expect(",")
        if self.peek() == end:
            raise self._fail("expected a value")

    def decode(self, key: str = "") -> Member:
        """The value that comes next."""
        self.peek()
        while True:
            try:
                value, end = self._raw_decode(self._window, self._at)
                # A number at the window's end may go on behind it.
                if end < len(self._window) or not self._more():
                    break
            except JSONDecodeError as error:
                if not self._more():
                    error.pos += self._base
                    raise
        start, length = self._base + self._at, end - self._at
        text = self._window[self._at : end]
        self._at = end
        return Member(key, value if text.isascii() else _redecoded(text), start, length)


def _redecoded(text: str) -> Any:
    try:
        return json.loads(text.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        raise JSONDecodeError("it is not in UTF-8", "", 0) from None
