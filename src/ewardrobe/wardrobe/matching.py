"""Garments in a new photo, recognised among those that are owned: by likeness, within the same kind.

The score is the cosine of the embeddings. Taking the distance of the colours off it was tried, and found no more
garments for as many wrong proposals (`benchmarks/matching.py`): the embedding sees colour already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ewardrobe.wardrobe.fields import PRESENT
from ewardrobe.wardrobe.records import SegmentedItem
from ewardrobe.wardrobe.schema import appearances, garments
from ewardrobe.wardrobe.similarity import similarities

__all__ = [
    "CANDIDATES",
    "SURE",
    "Match",
    "Recognised",
    "assign",
    "recognise",
]

SURE = 0.75
"""From this cosine on a garment is proposed as the one that is worn; `docs/how-to/outfits.md` says why, and
`benchmarks/matching.py` prints what each line finds and gets wrong."""

CANDIDATES = 5
"""How many owned garments are offered for each one found."""

_LEAST = 0.2  # a cosine below which nothing is offered
_FAMILIES = ({"top", "outerwear", "dress"}, {"pants", "shorts", "skirt", "legwear", "dress"})


@dataclass(frozen=True, slots=True)
class Match:
    """An owned garment and the cosine of its picture and the one that was found: 1 is the same picture."""

    garment_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Recognised:
    """What one garment of a photo may be: `candidates`, the likeliest first, and the one that is proposed, if any.

    No two garments of a photo are proposed to be the same one.
    """

    candidates: tuple[Match, ...]
    proposed: Match | None


def recognise(connection: Connection, items: Sequence[SegmentedItem], model: str | None) -> list[Recognised]:
    """Hold each garment found in a photo against all that can be worn.

    `model` is the segmentation's, which stands for that of embeddings that do not say their own (as in `add`).
    """
    owned = _owned(connection)
    found: list[tuple[Match, ...]] = []
    for item in items:
        said = item.attributes
        if said is None or not said.embedding.size:
            found.append(())
            continue
        near = similarities(
            connection,
            [said.embedding],
            said.embedding_model or model,
            among=[key for key, labels in owned.items() if may_be(item.label, labels)],
        )
        matches = [Match(key, cosine) for key, cosine in near.items() if cosine >= _LEAST]
        found.append(tuple(sorted(matches, key=lambda match: (-match.score, match.garment_id))[:CANDIDATES]))
    return [
        Recognised(candidates, match) for candidates, match in zip(found, assign(found, SURE), strict=True)
    ]


def assign(found: Sequence[Sequence[Match]], line: float) -> list[Match | None]:
    """For each garment found, the owned one it is taken for: pairs of at least `line`, the surest first."""
    pairs = sorted(
        ((match, place) for place, matches in enumerate(found) for match in matches if match.score >= line),
        key=lambda pair: (-pair[0].score, pair[1], pair[0].garment_id),
    )
    chosen: list[Match | None] = [None] * len(found)
    taken: set[int] = set()
    for match, place in pairs:
        if chosen[place] is None and match.garment_id not in taken:
            chosen[place] = match
            taken.add(match.garment_id)
    return chosen


def may_be(label: str, labels: Collection[str]) -> bool:
    """Whether what was found as the class `label` may be a garment that was found as `labels`.

    The segmentation takes a jacket for a top now and then, but no shoe for a hat.
    """
    return label in labels or any(label in family and family & set(labels) for family in _FAMILIES)


def _owned(connection: Connection) -> Mapping[int, set[str]]:
    """The garments that can be worn, each with the classes it was found as."""
    query = (
        select(garments.c.id, appearances.c.label)
        .join(appearances, appearances.c.garment_id == garments.c.id)
        .where(garments.c.removed_at.is_(None), garments.c.status.in_(PRESENT))
    )
    found: dict[int, set[str]] = defaultdict(set)
    for key, label in connection.execute(query):
        found[key].add(label)
    return found
