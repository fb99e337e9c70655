"""A photo small enough for a page, and masks that were painted on one."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ewardrobe.errors import MaskError

__all__ = ["PREVIEW", "preview_size", "reduced_mask", "repainted"]

PREVIEW = 1280
"""The longer side of a photo's preview, in pixels."""

Mask = npt.NDArray[np.bool_]


def preview_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a photo's preview; a smaller photo keeps its own."""
    scale = min(1.0, PREVIEW / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def reduced_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """A mask (H, W) at `size` (width, height): inside where more than half of a pixel was."""
    if mask.shape == size[::-1]:
        return mask
    cover = cv2.resize(mask.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    inside: Mask = cover > 127
    return inside


def repainted(mask: Mask, painted: Mask) -> Mask:
    """`mask` (H, W), changed where `painted` (h, w), drawn over its `reduced_mask`, differs from that.

    What was not painted keeps its full detail; the outline of what was is enlarged smoothly. Raises `MaskError` when
    the shapes are not of one form.
    """
    if painted.shape == mask.shape:
        return painted
    (height, width), (rows, columns) = mask.shape, painted.shape
    if rows > height or columns > width or abs(rows * width - columns * height) > max(width, height):
        raise MaskError(f"the mask is {columns}x{rows} pixels, which is not of the form of {width}x{height}")
    changed = (painted != reduced_mask(mask, (columns, rows))).view(np.uint8)
    if not changed.any():
        return mask
    where = cv2.resize(
        cv2.dilate(changed, np.ones((3, 3), np.uint8)), (width, height), interpolation=cv2.INTER_NEAREST
    )
    soft = cv2.resize(painted.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.where(where.view(np.bool_), soft > 0.5, mask)
