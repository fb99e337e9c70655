"""Likeness between garments: the cosine of their embeddings, over all there are.

A plain matrix product: ten thousand garments take a few milliseconds. Beyond one machine the same question goes to
pgvector.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, select

from ewardrobe.wardrobe.fields import PRESENT
from ewardrobe.wardrobe.schema import appearances, garments

__all__ = ["LOOK_ALIKE", "look_alikes", "similarities"]

LOOK_ALIKE = 0.8
"""From this cosine on, a new garment is reported as perhaps one already owned.

The lowest line at which, in a wardrobe of 200 flat garments, at least 95 of 100 reports are right; `docs/attributes.md`
has the figures, and `benchmarks/retrieval.py` prints them for every line.
"""

Embedding = npt.NDArray[np.float32]


def similarities(
    connection: Connection,
    embeddings: Sequence[Embedding],
    model: str | None,
    *,
    among: Collection[int] | None = None,
) -> dict[int, float]:
    """How alike each garment is to the nearest of `embeddings`, by its own nearest appearance.

    Only garments whose embedding is of the same `model` and size count; `among` restricts them further.
    """
    query = (
        select(appearances.c.garment_id, appearances.c.embedding)
        .join(garments, garments.c.id == appearances.c.garment_id)
        .where(appearances.c.embedding.is_not(None), garments.c.removed_at.is_(None))
        .where(appearances.c.embedding_model == model if model else appearances.c.embedding_model.is_(None))
    )
    if not embeddings:
        return {}
    size = 4 * len(embeddings[0])
    rows = [
        row
        for row in connection.execute(query)
        if len(row.embedding) == size and (among is None or row.garment_id in among)
    ]
    if not rows:
        return {}
    matrix = np.frombuffer(b"".join(row.embedding for row in rows), "<f4").reshape(len(rows), -1)
    best = (matrix @ np.stack(embeddings).T).max(axis=1)
    found: dict[int, float] = {}
    for row, value in zip(rows, best, strict=True):
        found[row.garment_id] = max(found.get(row.garment_id, -1.0), float(value))
    return found


def look_alikes(
    connection: Connection, embedding: Embedding | None, model: str | None
) -> list[tuple[int, float]]:
    """The garments still owned that a new one may be, most alike first; `embedding` has length 1."""
    if embedding is None:
        return []
    owned = select(garments.c.id).where(garments.c.status.in_(PRESENT))
    found = similarities(connection, [embedding], model, among=set(connection.execute(owned).scalars()))
    near = [(key, value) for key, value in found.items() if value >= LOOK_ALIKE]
    return sorted(near, key=lambda pair: (-pair[1], pair[0]))
