"""What is asked of a photo of one garment without a person: is it the right class, and is its edge right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ewardrobe.errors import MaskError
from ewardrobe.evaluation.scores import Score, interval, resample_weights
from ewardrobe.taxonomy import Taxonomy

__all__ = ["FlatFinding", "alpha_error", "flat_scores", "main_garment"]


@dataclass(frozen=True, slots=True)
class FlatFinding:
    """One flat photo: the class it should have, the one it got (`None`: no garment), its alpha's error.

    `expected` is `None` where the labelled class is no garment of the scored taxonomy, so that there is no
    right answer: a shoe in `parts`. `mae` (0..1) and `sad` (in thousands of pixels) are NaN without an alpha
    to compare.
    """

    expected: str | None
    found: str | None
    mae: float = float("nan")
    sad: float = float("nan")

    @property
    def right(self) -> float:
        """1 for the right class, 0 for another or none, NaN where there is no right answer."""
        return float("nan") if self.expected is None else float(self.expected == self.found)


def main_garment(label_map: NDArray[np.uint8], taxonomy: Taxonomy) -> str | None:
    """Name of the garment class with the most pixels; `None` when no pixel is garment."""
    counts = np.bincount(label_map.ravel(), minlength=256)[list(taxonomy.garments)]
    return taxonomy[taxonomy.garments[int(counts.argmax())]].name if counts.any() else None


def alpha_error(alpha: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float]:
    """Mean absolute difference (0..1) and sum of absolute differences in thousands of pixels.

    Both are those of the alpha matting benchmark (Rhemann et al., CVPR 2009), over the whole photo.

    Raises:
        MaskError: the two are not of one size.
    """
    if alpha.shape != truth.shape:
        raise MaskError(f"an alpha of {alpha.shape} cannot be compared with one of {truth.shape}")
    difference = np.abs(alpha.astype(np.float64) - truth)
    return float(difference.mean()), float(difference.sum() / 1000)


def flat_scores(findings: list[FlatFinding], *, resamples: int, seed: int) -> dict[str, Score]:
    """`right_class`, over photos that have a right answer, `alpha_mae` and `alpha_sad`, over photos."""
    weights = resample_weights(len(findings), resamples, seed)
    columns = {
        "right_class": [finding.right for finding in findings],
        "alpha_mae": [finding.mae for finding in findings],
        "alpha_sad": [finding.sad for finding in findings],
    }
    scores = {}
    for name, column in columns.items():
        values = np.array(column)
        known = ~np.isnan(values)
        if known.any():
            drawn = weights[:, known]
            with np.errstate(invalid="ignore"):  # `interval` leaves out a resample without any known value
                means = drawn @ values[known] / drawn.sum(axis=1)
            scores[name] = interval(float(values[known].mean()), means)
    return scores
