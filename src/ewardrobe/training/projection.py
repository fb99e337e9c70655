"""The projection behind the embedding: what tells garments apart, without what changes between copies of one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fit_projection"]


def fit_projection(
    pooled: npt.NDArray[np.float32], groups: npt.NDArray[np.intp], size: int, shrink: float = 0.02
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """A projection float32 (size, C) and its centre (C,): linear discriminants of `groups`, copies of one garment.

    `shrink` of the mean variance is added to the variance among copies: a direction that no copy happened to change
    must not weigh without bound.
    """
    values = pooled.astype(np.float64)
    counts = np.bincount(groups)
    means = np.stack([np.bincount(groups, weights=column) for column in values.T], axis=1) / counts[:, None]
    within = values - means[groups]
    spread = within.T @ within / len(values)
    spread += np.eye(len(spread)) * shrink * values.var(axis=0).mean()
    scale, axes = np.linalg.eigh(spread)
    whitening = axes / np.sqrt(scale)
    centre = means.mean(axis=0)
    among = np.cov((means - centre) @ whitening, rowvar=False)
    _, best = np.linalg.eigh(among)
    projection = (whitening @ best[:, ::-1][:, :size]).T
    return projection.astype(np.float32), centre.astype(np.float32)
