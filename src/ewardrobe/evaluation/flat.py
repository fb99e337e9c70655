"""What is asked of a photo of one garment without a person: is it the right class, and is its edge right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ewardrobe.evaluation.scores import Score, means_over_photos
from ewardrobe.taxonomy import Taxonomy

__all__ = ["FlatFinding", "flat_scores", "main_garment"]


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


def flat_scores(findings: list[FlatFinding], *, resamples: int, seed: int) -> dict[str, Score]:
    """`right_class`, over photos that have a right answer, `alpha_mae` and `alpha_sad`, over photos."""
    columns = {
        "right_class": [finding.right for finding in findings],
        "alpha_mae": [finding.mae for finding in findings],
        "alpha_sad": [finding.sad for finding in findings],
    }
    return means_over_photos(columns, resamples=resamples, seed=seed)
