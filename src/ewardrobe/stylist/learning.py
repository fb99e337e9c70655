"""Bayesian logistic regression with a Gaussian prior: few votes move little, many move much.

The maximum a posteriori weights by Newton's method (Bishop 2006, section 4.5); no sampling, no state but the weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fit_logistic"]

Floats = npt.NDArray[np.float64]

_STEPS = 25
_CLOSE = 1e-8


def fit_logistic(rows: Floats, liked: Floats, *, mean: Floats, spread: Floats) -> Floats:
    """Weights (D,) that best explain `liked` (N,) of 0 and 1 from `rows` (N, D).

    Args:
        rows: features, float64 (N, D).
        liked: 1 for yes, 0 for no; anything between counts as that much of a yes.
        mean: (D,) the weights before anything was seen.
        spread: (D,) standard deviations around them; 0 keeps a weight as it is.
    """
    weights = mean.astype(np.float64).copy()
    free = np.flatnonzero(spread > 0)
    if len(rows) == 0 or len(free) == 0:
        return weights
    used, fixed = rows[:, free], rows @ weights - rows[:, free] @ weights[free]
    precision = 1.0 / spread[free] ** 2
    for _ in range(_STEPS):
        chance = _sigmoid(used @ weights[free] + fixed)
        gradient = used.T @ (chance - liked) + precision * (weights[free] - mean[free])
        curvature = np.maximum(chance * (1 - chance), 1e-6)
        step = np.linalg.solve((used * curvature[:, None]).T @ used + np.diag(precision), gradient)
        # A full Newton step may overshoot where the votes contradict the prior strongly.
        weights[free] -= step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < _CLOSE:
            break
    return weights


def _sigmoid(values: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)))
