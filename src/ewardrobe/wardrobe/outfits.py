"""Outfits and wears: what goes together, and what was worn when."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from ewardrobe.errors import NotFoundError, UsageError
from ewardrobe.wardrobe.fields import OUTFIT_FIELDS, PRESENT, parse_date, parse_fields
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.matching import Recognised, recognise
from ewardrobe.wardrobe.reading import load_garments, load_outfits, load_wears
from ewardrobe.wardrobe.records import AddResult, Outfit, OutfitItem, OwnedGarment, SegmentedItem, Wear
from ewardrobe.wardrobe.schema import garments, outfit_items, outfits, wears
from ewardrobe.wardrobe.search import search_text
from ewardrobe.wardrobe.storage import Storage

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo

__all__ = ["Outfits", "Wears", "log_wear", "must_exist"]


class Outfits:
    """The outfits of a wardrobe: `wardrobe.outfits`.

    Examples:
        wardrobe.outfits.new([3, 8, 12], name="office", season="autumn")
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def new(self, items: Iterable[int | OutfitItem], **fields: Any) -> Outfit:
        """Keep these garments, given by number or as `OutfitItem`s with a place, as an outfit."""
        values = parse_fields(fields, OUTFIT_FIELDS)
        chosen = list(items)
        if not chosen:
            raise UsageError("an outfit needs at least one garment")
        with self._storage.acting("new outfit", values.get("name")) as action:
            base = {"uid": uuid.uuid4().hex, "favourite": False, "added_at": action.at}
            outfit_id = action.insert(outfits, {**base, **values})
            _put_items(action, outfit_id, chosen)
        return self.get(outfit_id)

    def get(self, outfit_id: int) -> Outfit:
        """One outfit; `NotFoundError` when there is none of that number."""
        with self._storage.reading() as connection:
            found = load_outfits(connection, [outfit_id])
        if not found:
            raise NotFoundError(f"there is no outfit {outfit_id}")
        return found[0]

    def find(
        self,
        text: str | None = None,
        *,
        garment: int | None = None,
        occasion: str | None = None,
        season: str | None = None,
        favourite: bool | None = None,
    ) -> list[Outfit]:
        """Outfits that fit, newest first; `garment` keeps those with this garment in them."""
        query = select(outfits.c.id).where(outfits.c.removed_at.is_(None)).order_by(outfits.c.id.desc())
        if garment is not None:
            having = select(outfit_items.c.outfit_id).where(outfit_items.c.garment_id == garment)
            query = query.where(outfits.c.id.in_(having))
        for column, value in ((outfits.c.occasion, occasion), (outfits.c.season, season)):
            if value:
                query = query.where(column == value.strip().casefold())
        if favourite is not None:
            query = query.where(outfits.c.favourite == favourite)
        with self._storage.reading() as connection:
            found = load_outfits(connection, list(connection.execute(query).scalars()))
        words = search_text([text]).split()
        return [outfit for outfit in found if all(word in _searched(outfit) for word in words)]

    def candidates(self) -> list[OwnedGarment]:
        """Every garment that could be put into an outfit, oldest first, whatever its status among `PRESENT`.

        They come without tags, provenance and appearances: enough to choose among thousands in a second.
        """
        query = select(garments.c.id).where(garments.c.removed_at.is_(None), garments.c.status.in_(PRESENT))
        with self._storage.reading() as connection:
            ids = list(connection.execute(query.order_by(garments.c.id)).scalars())
            return load_garments(connection, self._storage.folder, ids, brief=True)

    def edit(self, outfit_id: int, items: Iterable[int | OutfitItem] | None = None, **fields: Any) -> Outfit:
        """Set fields, or the garments, of an outfit."""
        values = parse_fields(fields, OUTFIT_FIELDS)
        self.get(outfit_id)
        with self._storage.acting("edit outfit", ", ".join(values)) as action:
            action.update(outfits, outfit_id, values)
            if items is not None:
                action.delete_where(outfit_items, outfit_items.c.outfit_id == outfit_id)
                _put_items(action, outfit_id, list(items))
        return self.get(outfit_id)

    def remove(self, outfit_id: int) -> None:
        """Take an outfit out of sight; its wears stay, and `undo` brings it back."""
        self.get(outfit_id)
        with self._storage.acting("remove outfit") as action:
            action.update(outfits, outfit_id, {"removed_at": action.at})


class Wears:
    """What was worn when: `wardrobe.wears`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def add(
        self,
        garments: Iterable[int] = (),
        *,
        outfit: int | None = None,
        on: date | str | None = None,
        notes: str | None = None,
    ) -> list[Wear]:
        """Log garments, or all those of an outfit, as worn on a day (today); returns one wear per garment.

        Logging the same again on the same day changes nothing, and returns what was there.
        """
        day = _day(on)
        chosen = list(dict.fromkeys(garments))
        if (outfit is None) == (not chosen):
            raise UsageError("say which garments were worn, or which outfit, not both")
        with self._storage.acting("wear", day.isoformat()) as action:
            if outfit is not None:
                chosen = _garments_of(action.connection, outfit)
            must_exist(action.connection, chosen)
            ids = [log_wear(action, day, garment_id, outfit, notes) for garment_id in chosen]
        with self._storage.reading() as connection:
            return load_wears(connection, ids)

    def find(
        self,
        *,
        garment: int | None = None,
        outfit: int | None = None,
        since: date | None = None,
        until: date | None = None,
        limit: int | None = None,
    ) -> list[Wear]:
        """Wears that fit, the latest first; `since` and `until` are both included."""
        query = select(wears.c.id).order_by(wears.c.worn_on.desc(), wears.c.id.desc()).limit(limit)
        if garment is not None:
            query = query.where(wears.c.garment_id == garment)
        if outfit is not None:
            query = query.where(wears.c.outfit_id == outfit)
        if since is not None:
            query = query.where(wears.c.worn_on >= since)
        if until is not None:
            query = query.where(wears.c.worn_on <= until)
        with self._storage.reading() as connection:
            return load_wears(connection, list(connection.execute(query).scalars()))

    def remove(self, *wear_ids: int) -> None:
        """Strike wears, all of them or none; `undo` brings them back."""
        with self._storage.acting("remove wear") as action:
            for wear_id in dict.fromkeys(wear_ids):
                if action.connection.execute(select(wears.c.id).where(wears.c.id == wear_id)).first() is None:
                    raise NotFoundError(f"there is no wear {wear_id}")
                action.delete(wears, wear_id)

    def recognise(self, items: Sequence[SegmentedItem], model: str | None = None) -> list[Recognised]:
        """Which owned garment each one found in an outfit photo may be; see `matching`."""
        with self._storage.reading() as connection:
            return recognise(connection, items, model)

    def add_photo(
        self,
        photo: Photo,
        items: Iterable[SegmentedItem],
        *,
        on: date | str | None = None,
        model: str | None = None,
    ) -> AddResult:
        """Store an outfit photo and log everything in it as worn on a day (today), in one step of `undo`.

        An item with a `garment_id` becomes one more appearance of that garment, any other a new garment. Raises
        `UsageError` for a photo that is stored already, `NotFoundError` for a garment that is not there.
        """
        from ewardrobe.wardrobe.adding import already_stored, store_photo

        day = _day(on)
        if already_stored(self._storage, photo.sha256) is not None:
            raise UsageError("this photo is in the wardrobe already; log its garments instead")
        return store_photo(self._storage, photo, items, model, worn_on=day)


def _day(on: date | str | None) -> date:
    try:
        return parse_date(on) if on is not None else date.today()
    except ValueError as error:
        raise UsageError(f"on {error}, not {on!r}") from error


def _put_items(action: Action, outfit_id: int, items: Sequence[int | OutfitItem]) -> None:
    placed = [item if isinstance(item, OutfitItem) else OutfitItem(item, 0) for item in items]
    ids = [item.garment_id for item in placed]
    if not ids or len(set(ids)) != len(ids):
        raise UsageError("an outfit holds each garment once, and at least one")
    must_exist(action.connection, ids)
    for position, item in enumerate(placed):
        place: Mapping[str, Any] = {"x": item.x, "y": item.y, "scale": item.scale}
        action.insert(
            outfit_items,
            {"outfit_id": outfit_id, "garment_id": item.garment_id, "position": position, **place},
        )


def must_exist(connection: Connection, ids: Sequence[int]) -> None:
    """`NotFoundError` when one of these garments is not there, or was removed."""
    query = select(garments.c.id).where(garments.c.id.in_(ids), garments.c.removed_at.is_(None))
    missing = set(ids) - set(connection.execute(query).scalars())
    if missing:
        raise NotFoundError(f"there is no garment {min(missing)}; see: ewardrobe find")


def _garments_of(connection: Connection, outfit_id: int) -> list[int]:
    found = load_outfits(connection, [outfit_id])
    if not found or found[0].removed_at is not None:
        raise NotFoundError(f"there is no outfit {outfit_id}")
    present = select(garments.c.id).where(garments.c.removed_at.is_(None))
    here = set(connection.execute(present).scalars())
    chosen = [item.garment_id for item in found[0].items if item.garment_id in here]
    if not chosen:
        raise UsageError(f"outfit {outfit_id} has no garment left that could be worn")
    return chosen


def log_wear(
    action: Action, day: date, garment_id: int, outfit_id: int | None = None, notes: str | None = None
) -> int:
    """Note that a garment was worn, once for the same day and outfit; the number of the wear."""
    same = (wears.c.worn_on == day) & (wears.c.garment_id == garment_id)
    same &= wears.c.outfit_id.is_(None) if outfit_id is None else wears.c.outfit_id == outfit_id
    present = action.connection.execute(select(wears.c.id).where(same)).scalar()
    if present is not None:
        return int(present)
    row = {"worn_on": day, "garment_id": garment_id, "outfit_id": outfit_id, "notes": notes}
    return action.insert(wears, {"uid": uuid.uuid4().hex, **row})


def _searched(outfit: Outfit) -> str:
    return search_text([outfit.name, outfit.notes, outfit.occasion, outfit.season])
