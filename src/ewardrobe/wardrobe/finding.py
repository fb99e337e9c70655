"""`find`: filters first, then colour nearness and likeness among what is left."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from ewardrobe.attributes.values import Colour
from ewardrobe.errors import UsageError
from ewardrobe.wardrobe.fields import colour_from_text
from ewardrobe.wardrobe.files import DataFolder
from ewardrobe.wardrobe.reading import load_garment, load_garments
from ewardrobe.wardrobe.records import OwnedGarment
from ewardrobe.wardrobe.search import Filters, colour_distances, find_ids
from ewardrobe.wardrobe.similarity import similarities

__all__ = ["find_garments"]


def find_garments(
    connection: Connection,
    folder: DataFolder,
    filters: Filters,
    *,
    like: int | None = None,
    near_colour: str | tuple[int, int, int] | None = None,
    limit: int | None = None,
    sort: str | None = None,
) -> list[OwnedGarment]:
    """See `Wardrobe.find`."""
    if sort is not None and (like is not None or near_colour is not None):
        raise UsageError("like and near_colour have their own order; leave out sort")
    if limit is not None and limit < 0:
        raise UsageError(f"limit cannot be {limit}")
    ids = find_ids(connection, filters, sort)
    distances: dict[int, float] = {}
    alike: dict[int, float] = {}
    if near_colour is not None:
        distances = colour_distances(connection, _colour(near_colour), ids)
        ids = list(distances)
    if like is not None:
        alike = _alike(connection, folder, like, set(ids) - {like})
        ids = sorted(alike, key=lambda key: (-alike[key], key))
    found = load_garments(connection, folder, ids[:limit])
    if like is None and near_colour is None:
        return found
    return [replace(g, similarity=alike.get(g.id), colour_distance=distances.get(g.id)) for g in found]


def _alike(connection: Connection, folder: DataFolder, garment_id: int, among: set[int]) -> dict[int, float]:
    """The cosine to the garment of each of `among` that has an embedding of the same model."""
    garment = load_garment(connection, folder, garment_id)
    known = [
        (item.embedding_model, item.embedding) for item in garment.appearances if item.embedding is not None
    ]
    if not known:
        raise UsageError(f"garment {garment_id} has no photo to compare; see: ewardrobe add")
    model = known[-1][0]
    return similarities(connection, [mine for name, mine in known if name == model], model, among=among)


def _colour(value: str | tuple[int, int, int]) -> Colour:
    try:
        return colour_from_text(value)
    except ValueError as error:
        raise UsageError(f"near_colour {error}, not {value!r}") from error
