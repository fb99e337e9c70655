"""A garment as a direction: near ones look alike.

The default model's features over the mask, projected on what tells garments apart and holds still under other light,
other cuts and turns (see `ewardrobe.training.heads.fit_projection`), and brought to length 1: the product of two
embeddings is their likeness, 1 for the same picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ewardrobe.attributes.heads import Heads

__all__ = ["embed", "likeness"]

Embedding = npt.NDArray[np.float32]


def embed(pooled: npt.NDArray[np.float32], heads: Heads | None) -> Embedding:
    """The embedding of features (C,) pooled over a garment, L2-normalised.

    Without heads, the features themselves are the embedding, float32 (C,): coarser, and comparable only among
    themselves.
    """
    projected = pooled if heads is None else heads.projection @ (pooled - heads.projection_centre)
    values = projected.astype(np.float64)  # the squares of tiny float32 numbers are 0
    length = float(np.linalg.norm(values))
    return np.asarray(values / length if length else values, dtype=np.float32)


def likeness(one: Embedding, other: Embedding) -> float:
    """The cosine of two embeddings of the same model, -1..1.

    Raises:
        ValueError: they are of different lengths, so not of the same model.
    """
    if one.shape != other.shape:
        raise ValueError(f"embeddings of {len(one)} and {len(other)} numbers are of different models")
    return float(np.clip(one @ other, -1, 1))
