"""Label Studio's brush masks: its own run lengths, a bit stream given as a list of bytes.

The stream has 32 bits for the number of values, 5 for the bits of a value less one, 4 x 4 for the bits of a length
less one; then blocks: a bit that says whether one value is repeated, 2 for which of the four lengths follows, the
length less one, and that one value or so many. The values are the RGBA pixels row by row; the mask is where A is
not 0. Source: https://github.com/thi-ng/umbrella/tree/develop/packages/rle-pack, which Label Studio uses.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import MaskError

__all__ = ["decode_brush"]


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int) -> int:
        first, end = self._at >> 3, self._at + size
        if end > 8 * len(self._data):
            raise MaskError("its run lengths end in the middle")
        value = int.from_bytes(self._data[first : (end + 7) >> 3], "big") >> (-end & 7)
        self._at = end
        return value & ((1 << size) - 1)


def decode_brush(rle: Sequence[int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask, bool (H, W), of a photo of `size` (width, height).

    Raises:
        MaskError: the list is no such stream, ends too early, or is of another number of pixels.
    """
    try:
        bits = _Bits(bytes(rle))
    except (TypeError, ValueError):
        raise MaskError("its run lengths are no list of bytes") from None
    width, height = size
    count = bits.read(32)
    if count != 4 * width * height:
        raise MaskError(f"its run lengths are for {count // 4} pixels, the photo is {width}x{height}")
    value_bits = bits.read(5) + 1
    length_bits = [bits.read(4) + 1 for _ in range(4)]
    values = np.zeros(count, dtype=np.bool_)
    at = 0
    while at < count:
        repeated = bits.read(1)
        end = at + 1 + bits.read(length_bits[bits.read(2)])
        if end > count:
            raise MaskError(f"its run lengths go on past the end of {width}x{height} pixels")
        if repeated:
            values[at:end] = bits.read(value_bits) != 0
        else:
            values[at:end] = [bits.read(value_bits) != 0 for _ in range(end - at)]
        at = end
    return np.ascontiguousarray(values[3::4].reshape(height, width))
