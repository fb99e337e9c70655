"""Measures of one soft mask against the true one: the six that background removal and matting are judged by.

All take float arrays (H, W) of one size with values in 0..1, and look at the whole photo: there is no trimap.
The two that need a binary truth take what is at least one half as foreground. Sources:

- MAE, SAD, MSE and gradient: Rhemann, Rother, Wang, Gelautz, Kohli, Rott, *A Perceptually Motivated Online
  Benchmark for Image Matting*, CVPR 2009; the gradient with Gaussian derivatives of sigma 1.4;
- weighted F: Margolin, Zelnik-Manor, Tal, *How to Evaluate Foreground Maps?*, CVPR 2014, beta = 1;
- S-measure: Fan, Cheng, Liu, Li, Borji, *Structure-measure: A New Way to Evaluate Foreground Maps*, ICCV 2017,
  alpha = 0.5.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import MaskError

__all__ = ["absolute_error", "gradient_error", "mean_squared_error", "s_measure", "weighted_f"]

Map = NDArray[np.floating]
_Array = NDArray[np.float64]
_Mask = NDArray[np.bool_]

FOREGROUND = 0.5
"""From this on a pixel of the true alpha is foreground, for the measures that need a binary truth."""

_EPSILON = float(np.finfo(np.float64).eps)
_SIGMA = 1.4
_THOUSAND = 1000


def _pair(predicted: Map, truth: Map) -> tuple[_Array, _Array]:
    if predicted.ndim != 2 or predicted.shape != truth.shape:
        raise MaskError(f"an alpha of {predicted.shape} cannot be compared with one of {truth.shape}")
    return predicted.astype(np.float64), truth.astype(np.float64)


def absolute_error(predicted: Map, truth: Map) -> tuple[float, float]:
    """Mean absolute difference (0..1), and the sum of absolute differences in thousands of pixels.

    Raises:
        MaskError: here and in the other measures, the two are not of one size.
    """
    first, second = _pair(predicted, truth)
    difference = np.abs(first - second)
    return float(difference.mean()), float(difference.sum() / _THOUSAND)


def mean_squared_error(predicted: Map, truth: Map) -> float:
    """Mean squared difference, 0..1."""
    first, second = _pair(predicted, truth)
    return float(np.square(first - second).mean())


def gradient_error(predicted: Map, truth: Map) -> float:
    """Squared difference of the gradient magnitudes, summed over the photo, in thousands.

    Each derivative kernel has a sum of squares of one, as in the benchmark's own code.
    """
    first, second = (_gradient(each) for each in _pair(predicted, truth))
    return float(np.square(first - second).sum() / _THOUSAND)


def _gradient(alpha: _Array) -> _Array:
    # The kernel reaches to where the Gaussian falls below a hundredth, as in the benchmark's own code.
    reach = math.ceil(_SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * _SIGMA * 0.01)))
    steps = np.arange(-reach, reach + 1, dtype=np.float64)
    bell = np.exp(-(steps**2) / (2 * _SIGMA**2))
    slope = -steps * bell
    bell /= np.linalg.norm(bell)
    slope /= np.linalg.norm(slope)
    across = cv2.sepFilter2D(alpha, cv2.CV_64F, slope, bell, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(alpha, cv2.CV_64F, bell, slope, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(across, down, dtype=np.float64)


def weighted_f(predicted: Map, truth: Map) -> float:
    """The weighted F-measure, 0..1; NaN where the truth has no foreground, as it asks how much of that is found.

    Errors of foreground pixels are eased by correct ones around them (a Gaussian of 7 x 7, sigma 5), errors in the
    background weigh more the farther they lie from the foreground.
    """
    found, alpha = _pair(predicted, truth)
    mask = alpha >= FOREGROUND
    if not mask.any():
        return math.nan
    error = np.abs(found - mask)
    beside = error.copy()
    _fill_from_nearest(beside, mask)
    bell = np.exp(-(np.arange(-3, 4, dtype=np.float64) ** 2) / (2 * 5**2))
    bell /= bell.sum()
    eased = cv2.sepFilter2D(beside, cv2.CV_64F, bell, bell, borderType=cv2.BORDER_CONSTANT)
    weighted = np.where(mask, np.minimum(error, eased), error)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    importance = np.where(mask, 1.0, 2.0 - np.exp(math.log(0.5) / 5 * distance.astype(np.float64)))
    weighted = weighted * importance
    wrong = float(weighted[~mask].sum())
    right = float(mask.sum() - weighted[mask].sum())
    recall = 1 - float(weighted[mask].mean())
    precision = right / (_EPSILON + right + wrong)
    return 2 * recall * precision / (_EPSILON + recall + precision)


def _fill_from_nearest(values: _Array, mask: _Mask) -> None:
    """Give pixels outside `mask`, in place, the value of the nearest one in it, as far as the 7 x 7 kernel sees.

    Who lies within the kernel of a pixel of the mask has one at most the kernel's half diagonal away. Of several
    equally near ones the first is taken, row by row.
    """
    height, width = mask.shape
    reach = range(-4, 5)
    steps = [(y, x) for y in reach for x in reach if 0 < y * y + x * x <= 2 * 3**2]
    waiting = ~mask
    source = values.copy()
    for down, across in sorted(steps, key=lambda step: step[0] ** 2 + step[1] ** 2):
        to = slice(max(0, -down), height - max(0, down)), slice(max(0, -across), width - max(0, across))
        of = slice(max(0, down), height - max(0, -down)), slice(max(0, across), width - max(0, -across))
        take = waiting[to] & mask[of]
        values[to][take] = source[of][take]
        waiting[to] &= ~take


def s_measure(predicted: Map, truth: Map) -> float:
    """The structure measure, 0..1: half of it likeness by object, half by the four regions around the centroid."""
    found, alpha = _pair(predicted, truth)
    mask = alpha >= FOREGROUND
    share = float(mask.mean())
    if share == 0:
        return float(1 - found.mean())
    if share == 1:
        return float(found.mean())
    objects = share * _object(found[mask]) + (1 - share) * _object(1 - found[~mask])
    return max(0.0, 0.5 * objects + 0.5 * _regions(found, mask))


def _object(values: _Array) -> float:
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean**2 + 1 + spread + _EPSILON)


def _regions(found: _Array, mask: _Mask) -> float:
    height, width = mask.shape
    # The centroid counted from one, as the paper's code does: the first part goes up to and with it.
    rows, columns = np.nonzero(mask)
    y, x = (math.floor(float(axis.mean()) + 1 + 0.5) for axis in (rows, columns))
    total = 0.0
    for part in (
        (slice(None, y), slice(None, x)),
        (slice(None, y), slice(x, None)),
        (slice(y, None), slice(None, x)),
        (slice(y, None), slice(x, None)),
    ):
        if mask[part].size:
            total += mask[part].size / (height * width) * _ssim(found[part], mask[part].astype(np.float64))
    return total


def _ssim(found: _Array, truth: _Array) -> float:
    mean, true_mean = float(found.mean()), float(truth.mean())
    count = found.size - 1 + _EPSILON
    spread = float(np.square(found - mean).sum() / count) + float(np.square(truth - true_mean).sum() / count)
    together = float(((found - mean) * (truth - true_mean)).sum() / count)
    likeness = 4 * mean * true_mean * together
    bound = (mean**2 + true_mean**2) * spread
    if likeness:
        return likeness / (bound + _EPSILON)
    return 1.0 if bound == 0 else 0.0
