"""The messages of the live socket: JPEG frames in, label maps out. All numbers are little-endian.

From the browser, 8 bytes and a JPEG file: kind (u8: 1 a frame, 2 a still), three bytes of zero, number (u32).

To the browser, 24 bytes and the map: kind (as asked), lane (u8), width, height (u16 each), two bytes of zero, number of
the frame (u32), then microseconds (u32 each) that it waited for the model, was decoded, was worked on. The map is a
u32 for each run of equal labels in reading order: the label in the upper 8 bits, in the lower 24 the pixel where the
run ends (exclusive). A browser fills its picture with them in one pass, so that nothing has to be unpacked.

Kind 3, a garment over the frame: the same head, then x, y, width and height of the part that it covers (u16 each) in a
layer of the head's size, and that part's pixels, red, green, blue and opacity (u8 each).
"""

from __future__ import annotations

import io
import struct
import time
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import PhotoError, UsageError

__all__ = [
    "FRAME",
    "LAYER",
    "MAX_FRAME",
    "MAX_SIDE",
    "STILL",
    "Frame",
    "Layer",
    "Times",
    "encode_layer",
    "encode_mask",
    "fit_within",
    "open_frame",
    "read_frame",
]

FRAME: Final = 1
STILL: Final = 2
LAYER: Final = 3
MAX_FRAME = 4 << 20
"""Bytes of a message."""

MAX_SIDE = 4096
"""Pixels of a frame's longer side; four bytes less a label count the pixels of a map of that size."""

_HEAD = struct.Struct("<BxxxI")
_ANSWER = struct.Struct("<BBHHxxIIII")
_PART = struct.Struct("<HHHH")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """A message from the browser; `received` is `time.perf_counter()` when it came."""

    kind: int
    number: int
    jpeg: bytes
    received: float = field(default_factory=time.perf_counter)


@dataclass(frozen=True, slots=True)
class Times:
    """The seconds that a frame waited, was decoded and was worked on."""

    waited: float
    decoded: float
    worked: float


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a picture of `size` (height, width) at `place` (x, y): uint8 RGBA (h, w, 4), none of it for nobody."""

    size: tuple[int, int]
    place: tuple[int, int]
    pixels: npt.NDArray[np.uint8]


def read_frame(message: bytes) -> Frame:
    """A message taken apart; `UsageError` for what is none."""
    if len(message) <= _HEAD.size:
        raise UsageError("a frame is 8 bytes and a JPEG file")
    kind, number = _HEAD.unpack_from(message)
    if kind not in (FRAME, STILL):
        raise UsageError(f"there is no message of kind {kind}")
    return Frame(kind, number, message[_HEAD.size :])


def open_frame(jpeg: bytes, long_side: int | None = None) -> npt.NDArray[np.uint8]:
    """The pixels of a JPEG file, uint8 (H, W, 3) sRGB; `PhotoError` when it is none, damaged or too large.

    With `long_side` it is decoded at a half, a quarter or an eighth as long as that is at least so large: a model that
    sees 320 pixels needs no more of them, and the decoder works on fewer.
    """
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if max(image.size) > MAX_SIDE:
                raise PhotoError(f"this frame has more than {MAX_SIDE} pixels a side")
            if long_side is not None:
                height, width = fit_within((image.height, image.width), long_side)
                image.draft("RGB", (width, height))
            return np.asarray(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)
    except PhotoError:
        raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged files
        raise PhotoError("this frame is not a JPEG file, or a damaged one") from error


def fit_within(size: tuple[int, int], long_side: int) -> tuple[int, int]:
    """A size (height, width) made smaller, in its proportions, until the longer side is at most `long_side`."""
    factor = min(1.0, long_side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def encode_mask(frame: Frame, lane: int, label_map: npt.NDArray[np.uint8], times: Times) -> bytes:
    """The answer to a frame: its label map, uint8 (h, w) (see the head of this module)."""
    size = (label_map.shape[0], label_map.shape[1])
    return _head(frame.kind, frame, lane, size, times) + _runs(label_map).tobytes()


def encode_layer(frame: Frame, lane: int, layer: Layer, times: Times) -> bytes:
    """The answer to a frame: what lies over it."""
    height, width = layer.pixels.shape[:2]
    part = _PART.pack(*layer.place, width, height)
    return _head(LAYER, frame, lane, layer.size, times) + part + layer.pixels.tobytes()


def _head(kind: int, frame: Frame, lane: int, size: tuple[int, int], times: Times) -> bytes:
    spent = (round(seconds * _MICROSECONDS) for seconds in (times.waited, times.decoded, times.worked))
    return _ANSWER.pack(kind, lane, size[1], size[0], frame.number, *spent)


def _runs(label_map: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    flat = label_map.ravel()
    ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, flat.size)
    runs: npt.NDArray[np.uint32] = (ends | (flat[ends - 1].astype(np.int64) << 24)).astype("<u4")
    return runs
