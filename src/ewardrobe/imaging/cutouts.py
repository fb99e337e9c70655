"""Cut a thing out of its photo, in its own colours: what shone through at soft edges is taken out."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from ewardrobe.errors import MaskError

__all__ = ["Background", "cut_out", "estimate_foreground"]

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

Background: TypeAlias = tuple[int, int, int] | Image.Image | None
"""What a cut-out is laid on: nothing (transparent), an sRGB colour, or a picture, which is scaled to fill."""

_COARSE = 256
"""The longer side at which the far colours are estimated."""
_TILE = 256
_TINY = 1e-3


def cut_out(
    pixels: Pixels, alpha: Floats, *, crop: bool = True, margin: float = 0.02, background: Background = None
) -> Image.Image:
    """The part of the photo that `alpha` covers, as RGBA; as RGB where a background is given.

    Args:
        pixels: the photo, uint8 (H, W, 3) sRGB.
        alpha: coverage, float (H, W) in 0..1.
        crop: cut to the covered box, widened on each side by `margin` of its longer side but not beyond the
        photo. margin: share of the box's longer side. background: a colour or a picture to lay the cut-out
        on; None leaves it transparent.

    The colours at soft edges are the thing's own (see `estimate_foreground`); fully transparent pixels far
    from it are black, so nothing of the old background travels along.

    Raises:
        MaskError: the shapes differ, or `alpha` is empty.
    """
    if pixels.shape[:2] != alpha.shape:
        raise MaskError(f"the alpha {alpha.shape} is not of the photo's size {pixels.shape[:2]}")
    rows, columns = _covered(alpha, margin) if crop else (slice(None), slice(None))
    coverage = np.clip(alpha[rows, columns], 0, 1).astype(np.float32)
    colours = estimate_foreground(np.ascontiguousarray(pixels[rows, columns]), coverage)
    if background is None:
        levels = np.round(coverage * np.float32(255)).astype(np.uint8)
        return Image.fromarray(np.dstack([colours, levels]))
    ground = _ground(background, (coverage.shape[1], coverage.shape[0]))
    return Image.fromarray(_lay(colours, coverage, ground))


def _covered(alpha: Floats, margin: float) -> tuple[slice, slice]:
    """Rows and columns of the covered box with its margin."""
    x, y, width, height = cv2.boundingRect((alpha >= 0.5 / 255).view(np.uint8))
    if width == 0:
        raise MaskError("nothing is covered, so there is nothing to cut out")
    more = round(margin * max(width, height))
    return slice(max(0, y - more), y + height + more), slice(max(0, x - more), x + width + more)


def _ground(background: tuple[int, int, int] | Image.Image, size: tuple[int, int]) -> Pixels:
    if not isinstance(background, Image.Image):
        return np.full((size[1], size[0], 3), background, np.uint8)
    scale = max(size[0] / background.width, size[1] / background.height)
    window = (size[0] / scale, size[1] / scale)
    left, top = (background.width - window[0]) / 2, (background.height - window[1]) / 2
    box = (left, top, left + window[0], top + window[1])
    return np.asarray(background.convert("RGB").resize(size, Image.Resampling.LANCZOS, box=box))


def _lay(colours: Pixels, coverage: Floats, ground: Pixels) -> Pixels:
    laid = np.empty_like(colours)
    for top in range(0, len(colours), _TILE):  # strips: floats of a whole large photo would take gigabytes
        rows = slice(top, top + _TILE)
        share = coverage[rows, :, None]
        mixed = colours[rows] * share + ground[rows] * (1 - share)
        laid[rows] = np.round(mixed).astype(np.uint8)
    return laid


def estimate_foreground(pixels: Pixels, alpha: Floats) -> Pixels:
    """The thing's own colours, uint8 (H, W, 3), where it covers pixels in part: pixels = a * fore + (1 - a) * back.

    Blur fusion (Forte, "Approximate Fast Foreground Colour Estimation", ICIP 2021): fore- and background
    colours are means of their surroundings weighted by coverage, once far (on a reduced photo) and once
    near, and then corrected so that they explain the pixel. Where `alpha` is 1 the pixel itself is
    returned, far outside black.
    """
    height, width = alpha.shape
    radius = int(np.clip(max(height, width) / 160, 3, 24))
    far = _far_colours(pixels, alpha)
    result = np.zeros_like(pixels)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            inner = (slice(top, min(top + _TILE, height)), slice(left, min(left + _TILE, width)))
            part = alpha[inner]
            if part.min() >= 1:
                result[inner] = pixels[inner]
                continue
            outer = tuple(
                slice(max(0, cut.start - 2 * radius), min(cut.stop + 2 * radius, end))
                for cut, end in zip(inner, (height, width), strict=True)
            )
            if alpha[outer].max() <= 0:
                continue
            near = _near_colours(pixels, alpha, far, (outer[0], outer[1]), radius)
            offsets = tuple(
                slice(cut.start - wide.start, cut.stop - wide.start)
                for cut, wide in zip(inner, outer, strict=True)
            )
            result[inner] = near[offsets]
    return result


def _far_colours(pixels: Pixels, alpha: Floats) -> tuple[Floats, Floats]:
    """Fore- and background colours of wide surroundings, float32 (h, w, 3) each, on a reduced photo."""
    height, width = alpha.shape
    scale = min(1.0, _COARSE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    share = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    # Only pixels that are all fore- or all background say what colour it has: reduced pixels are often mixed.
    fore, back = (share > 0.98).astype(np.float32), (share < 0.02).astype(np.float32)
    reach = max(2, max(size) // 24)
    return (
        _weighted_mean(small, fore + np.float32(_TINY) * share, reach),
        _weighted_mean(small, back + np.float32(_TINY) * (1 - share), reach),
    )


def _weighted_mean(values: Floats, weight: Floats, radius: int) -> Floats:
    side = (2 * radius + 1, 2 * radius + 1)
    total = cv2.blur(weight, side, borderType=cv2.BORDER_REFLECT) + np.float32(1e-6)
    sums = cv2.blur(values * weight[..., None], side, borderType=cv2.BORDER_REFLECT)
    mean: Floats = sums / total[..., None]
    return mean


def _near_colours(
    pixels: Pixels, alpha: Floats, far: tuple[Floats, Floats], window: tuple[slice, slice], radius: int
) -> Pixels:
    """The foreground's colours in a window of the photo, uint8."""
    own = pixels[window].astype(np.float32)
    share = alpha[window]
    wide = share[..., None]
    fore = np.where(wide >= 1, own, _part(far[0], window, alpha.shape))
    back = np.where(wide <= 0, own, _part(far[1], window, alpha.shape))
    fore = _weighted_mean(fore, share + np.float32(_TINY), radius)
    back = _weighted_mean(back, 1 - share + np.float32(_TINY), radius)
    fore += wide * (own - wide * fore - (1 - wide) * back)
    fore = np.where(wide >= 1, own, fore)
    reached = cv2.dilate(share, np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)) > 0
    return np.round(np.clip(fore, 0, 255) * reached[..., None]).astype(np.uint8)


def _part(values: Floats, window: tuple[slice, slice], shape: tuple[int, ...]) -> Floats:
    """The part of `values`, stretched over a photo of `shape`, that lies in the window."""
    (height, width), (rows, columns) = shape, window
    scale_y, scale_x = values.shape[0] / height, values.shape[1] / width
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + np.float32(0.5)) * np.float32(scale_y) - 0.5
    x = (np.arange(columns.start, columns.stop, dtype=np.float32) + np.float32(0.5)) * np.float32(
        scale_x
    ) - 0.5
    where_x, where_y = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    stretched = cv2.remap(values, where_x, where_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(stretched, np.float32)
