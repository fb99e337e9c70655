"""`Wardrobe`: one owner's garments, photos, outfits and wears, in one folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from ewardrobe.attributes.values import Attributes, Colour
from ewardrobe.errors import NotFoundError, StoreError, UsageError
from ewardrobe.wardrobe import history, reading, search, similarity, writing
from ewardrobe.wardrobe.database import Database
from ewardrobe.wardrobe.fields import colour_from_text, parse_fields
from ewardrobe.wardrobe.files import DataFolder, Staging
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.merging import merge_garments
from ewardrobe.wardrobe.outfits import Outfits, Wears
from ewardrobe.wardrobe.records import (
    AddResult,
    HistoryEntry,
    ImportResult,
    LookAlike,
    OwnedGarment,
    SegmentedItem,
    Statistics,
    StoredPhoto,
)
from ewardrobe.wardrobe.removal import purge_garment
from ewardrobe.wardrobe.schema import FILE_COLUMNS, appearances, garments, photos
from ewardrobe.wardrobe.statistics import compute_statistics

if TYPE_CHECKING:
    import pandas as pd

    from ewardrobe.imaging import Photo, PhotoSource
    from ewardrobe.segmentation import Garment, Segmentation, Segmenter

__all__ = ["Wardrobe", "home"]


def home() -> Path:
    """The default data folder: `EWARDROBE_HOME`, else the system's place for a program's data."""
    if chosen := os.environ.get("EWARDROBE_HOME"):
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_data_path("ewardrobe", appauthor=False)


class Wardrobe:
    """One owner's wardrobe; open it with `Wardrobe.open`, as a context manager or with a `close` at the end.

    Every verb that changes something is one transaction and one step of `undo`. Several processes, and several
    threads of one, may use the same wardrobe at once. `outfits` and `wears` hold the verbs for those.

    Example:
        >>> import tempfile
        >>> from ewardrobe.wardrobe import Wardrobe
        >>> with Wardrobe.open(tempfile.mkdtemp()) as wardrobe:
        ...     shirt = wardrobe.new(type="shirt", brand="Acme", price="39.90", currency="EUR")
        ...     [garment.brand for garment in wardrobe.find("acme")]
        ['Acme']
    """

    def __init__(self, folder: DataFolder, database: Database) -> None:
        self.folder = folder
        self.outfits = Outfits(self)
        self.wears = Wears(self)
        self._database = database
        self._segmenter: Segmenter | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Wardrobe:
        """Open the wardrobe in a folder (`home()` by default), making or upgrading it when needed.

        What an interrupted process left behind is cleared away here.

        Raises:
            StoreError: the folder cannot be written, or the database is damaged (`DamagedStoreError`).
            NewerStoreError: a newer eWardrobe wrote it.
        """
        folder = DataFolder(home() if path is None else Path(path).expanduser().absolute())
        wardrobe = cls(folder, Database.open(folder.database))
        for staging in folder.abandoned():
            wardrobe._recover(staging)
        return wardrobe

    @property
    def path(self) -> Path:
        """The data folder."""
        return self.folder.root

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Wardrobe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """How many garments `find()` finds."""
        with self.reading() as connection:
            return len(search.find_ids(connection, search.Filters()))

    def __iter__(self) -> Iterator[OwnedGarment]:
        return iter(self.find())

    # Adding

    def add(
        self,
        source: PhotoSource | Photo,
        *,
        segmenter: Segmenter | None = None,
        describe: Callable[[Segmentation, Garment], Attributes] | None = None,
    ) -> AddResult:
        """Find the garments in a photo and store them, the whole photo or nothing.

        A photo stored before (by its SHA-256) is skipped before any work is done on it. `segmenter` is the shipped
        model by default, `describe` `ewardrobe.attributes.describe`.

        Raises `PhotoError`, `ModelError`, `TaxonomyError` (the model's classes have no map to `wardrobe`),
        `StoreError`.
        """
        from ewardrobe.imaging import Photo, open_photo
        from ewardrobe.wardrobe.adding import segmented_items

        photo = source if isinstance(source, Photo) else open_photo(source)
        if (stored := self._stored(photo.sha256)) is not None:
            return stored
        if describe is None:
            from ewardrobe import attributes

            describe = attributes.describe
        segmentation = (segmenter or self._default_segmenter()).segment(photo)
        if segmentation.taxonomy.name != "wardrobe":
            segmentation = segmentation.remap("wardrobe")
        return self.add_segmented(photo, segmented_items(segmentation, describe), model=segmentation.model)

    def add_segmented(
        self, photo: Photo, items: Iterable[SegmentedItem], *, model: str | None = None
    ) -> AddResult:
        """Store a photo whose garments are known: the store's own half of `add`.

        `model` names what found them; embeddings are compared only within one. Without items nothing is stored.
        """
        from ewardrobe.wardrobe.adding import insert_photo, stage_photo

        if (stored := self._stored(photo.sha256)) is not None:
            return stored
        with self.folder.stage() as staging:
            staged = stage_photo(staging, photo, items, model)
            if not staged.items:
                return AddResult(None, ())
            with self._writing(staging) as connection:
                present = reading.photo_by_hash(connection, self.folder, photo.sha256)
                if present is None:
                    near = [
                        similarity.look_alikes(connection, item.embedding, model) for item in staged.items
                    ]
                    action = Action(connection, "add", staged.row["name"])
                    photo_id, garment_ids = insert_photo(action, staged)
                    action.close()
                else:
                    # Another process was faster; what is staged here is thrown away.
                    staging.keep_only(())
        if present is not None:
            return self._as_skipped(present)
        with self.reading() as connection:
            return AddResult(
                reading.load_photo(connection, self.folder, photo_id),
                tuple(reading.load_garments(connection, self.folder, garment_ids)),
                look_alikes=tuple(
                    LookAlike(garment_id, other_id, value)
                    for garment_id, found in zip(garment_ids, near, strict=True)
                    for other_id, value in found
                ),
            )

    def new(self, **fields: Any) -> OwnedGarment:
        """A garment without a photo; the fields are those of `edit`."""
        values = parse_fields(fields)
        with self.acting("new", values.get("name") or values.get("type")) as action:
            garment_id = writing.insert_garment(action, {})
            writing.set_by_owner(action, garment_id, values)
            writing.touch(action, garment_id)
        return self.get(garment_id)

    # Finding

    def find(
        self,
        text: str | None = None,
        *,
        type: str | None = None,
        label: str | None = None,
        colour: str | None = None,
        pattern: str | None = None,
        material: str | None = None,
        style: str | None = None,
        occasion: str | None = None,
        season: str | None = None,
        brand: str | None = None,
        tag: str | None = None,
        favourite: bool | None = None,
        status: str | None = None,
        like: int | None = None,
        near_colour: str | tuple[int, int, int] | None = None,
        limit: int | None = None,
        sort: str | None = None,
    ) -> list[OwnedGarment]:
        """Garments that fit everything asked for, newest first unless told otherwise.

        Args:
            text: words that must all occur somewhere in a garment's fields, tags or notes; case and accents
                do not matter.
            status: one status, "removed", or "any"; by default what can be worn now or soon (`fields.PRESENT`).
            like: a garment's number; the others, most alike first.
            near_colour: a name, hex code or sRGB triple; garments with a colour near it, nearest first.
            limit: at most so many.
            sort: one of `search.SORTS`, with "-" in front for descending; not with `like` or `near_colour`.

        The other arguments compare one field. Raises `UsageError` for values there are not, `NotFoundError` for
        `like`.
        """
        if sort is not None and (like is not None or near_colour is not None):
            raise UsageError("like and near_colour have their own order; leave out sort")
        filters = search.Filters(
            text,
            type,
            label,
            colour,
            pattern,
            material,
            style,
            occasion,
            season,
            brand,
            tag,
            favourite,
            status,
        )
        target = None if near_colour is None else _colour(near_colour)
        with self.reading() as connection:
            ids = search.find_ids(connection, filters, sort)
            distances: dict[int, float] = {}
            alike: dict[int, float] = {}
            if target is not None:
                distances = search.colour_distances(connection, target, ids)
                ids = list(distances)
            if like is not None:
                alike = self._alike(connection, like, set(ids) - {like})
                ids = sorted(alike, key=lambda key: (-alike[key], key))
            found = reading.load_garments(connection, self.folder, ids[:limit])
        return [
            reading.with_scores(garment, alike.get(garment.id), distances.get(garment.id))
            for garment in found
        ]

    def similar(self, garment_id: int, *, limit: int = 10) -> list[OwnedGarment]:
        """The garments most like this one, most alike first, with `similarity` set."""
        return self.find(like=garment_id, limit=limit)

    def get(self, garment_id: int) -> OwnedGarment:
        """One garment, also a removed one (`removed_at` says so); `NotFoundError` when there is none."""
        with self.reading() as connection:
            return reading.load_garment(connection, self.folder, garment_id)

    def photos(self) -> list[StoredPhoto]:
        """Every photo, newest first."""
        with self.reading() as connection:
            ids = connection.execute(select(photos.c.id).order_by(photos.c.id.desc())).scalars().all()
            return [reading.load_photo(connection, self.folder, photo_id) for photo_id in ids]

    def photo(self, photo_id: int) -> StoredPhoto:
        """One photo; `NotFoundError` when there is none."""
        with self.reading() as connection:
            return reading.load_photo(connection, self.folder, photo_id)

    # Changing

    def edit(self, garment_id: int, **fields: Any) -> OwnedGarment:
        """Set fields of a garment; they are the owner's from then on, and no model overwrites them.

        Values may be typed (a `date`, a `Decimal`, a list of tags) or text as a person types it; None or "" empties
        a field. Raises `UsageError`, which names the fields there are, and `NotFoundError`.
        """
        values = parse_fields(fields)
        with self.acting("edit", ", ".join(values)) as action:
            _must_be_here(action.connection, garment_id)
            writing.set_by_owner(action, garment_id, values)
        return self.get(garment_id)

    def describe_again(self, garment_id: int, attributes: Attributes) -> OwnedGarment:
        """Take over newly computed attributes, except where the owner has set a field."""
        with self.acting("describe") as action:
            _must_be_here(action.connection, garment_id)
            writing.set_automatic(action, garment_id, None, attributes)
        return self.get(garment_id)

    def merge(self, garment_id: int, other_id: int) -> OwnedGarment:
        """Say that `other_id` is the same garment: its photos, wears and outfits go over, and it is removed."""
        with self.acting("merge", f"{other_id} into {garment_id}") as action:
            _must_be_here(action.connection, garment_id)
            _must_be_here(action.connection, other_id)
            merge_garments(action, garment_id, other_id)
        return self.get(garment_id)

    def remove(self, garment_id: int, purge: bool = False) -> None:
        """Take a garment out of the wardrobe; `undo` brings it back.

        With `purge` it is deleted for good: its rows, files, wears and every trace in the history, and each photo
        that shows no other garment. That cannot be undone.
        """
        if not purge:
            with self.acting("remove") as action:
                _must_be_here(action.connection, garment_id)
                action.update(garments, garment_id, {"removed_at": action.at})
            return
        with self.folder.stage() as staging, self._writing(staging) as connection:
            reading.load_garment(connection, self.folder, garment_id)
            purge_garment(connection, staging, garment_id)
        self._database.wipe_log()

    def undo(self) -> HistoryEntry | None:
        """Take back the latest action and return it; None when there is none left."""
        with self.folder.stage() as staging, self._writing(staging) as connection:
            return history.undo(connection, staging)

    def history(self, limit: int = 50) -> list[HistoryEntry]:
        """The actions `undo` would take back, the next one first."""
        with self.reading() as connection:
            return history.entries(connection, limit)

    # The whole

    def stats(self) -> Statistics:
        """The wardrobe in numbers."""
        with self.reading() as connection:
            return compute_statistics(connection)

    def to_dataframe(self, **filters: Any) -> pd.DataFrame:
        """What `find(**filters)` finds as a pandas DataFrame, one row per garment; amounts are floats."""
        from ewardrobe.wardrobe.frames import garments_frame

        return garments_frame(self.find(**filters))

    def export(self, path: str | os.PathLike[str]) -> Path:
        """Write everything into a new folder, or a file ending in `.zip`, that anyone can read.

        `manifest.json` and images with readable names; photos without GPS and camera data. See the reference page.
        """
        from ewardrobe.wardrobe.transfer.exporting import export

        with self.folder.keeping(), self.reading() as connection:
            return export(connection, self.folder, Path(path))

    def import_(self, path: str | os.PathLike[str]) -> ImportResult:
        """Bring in an export (folder or ZIP), all of it or nothing; what is here already is left as it is."""
        from ewardrobe.wardrobe.transfer.importing import open_export, stage_files, take_over

        with open_export(Path(path)) as (source, export), self.folder.stage() as staging:
            stage_files(source, export, staging)
            with self._writing(staging) as connection:
                action = Action(connection, "import", Path(path).name)
                result = take_over(action, export, staging)
                action.close()
        return result

    def backup(self, file: str | os.PathLike[str]) -> Path:
        """Write one ZIP with the database and every file as they are at this moment, originals untouched."""
        from ewardrobe.wardrobe.transfer.backups import write_backup

        with self.folder.keeping(), self.folder.stage() as staging:
            return write_backup(self._database, self.folder, staging, Path(file))

    def restore(self, file: str | os.PathLike[str]) -> None:
        """Put a backup in the place of everything there is, all of it or nothing; this cannot be undone."""
        from ewardrobe.wardrobe.transfer.backups import open_backup, replace_rows

        with self.folder.stage() as staging, open_backup(Path(file), staging) as backup:
            backup.stage_files(staging)
            with self._writing(staging) as connection:
                staging.discard(replace_rows(connection, backup))

    def check(self) -> list[str]:
        """What is wrong with the wardrobe, one line each; none when it is whole."""
        lines = self._database.check()
        with self.reading() as connection:
            named = {name for column in FILE_COLUMNS for name in connection.execute(select(column)).scalars()}
        stored = set(self.folder.stored())
        lines += [f"{name} is missing" for name in sorted(named - stored)]
        return lines + [f"{name} belongs to nothing" for name in sorted(stored - named)]

    # Transactions, for this room

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A snapshot to read from."""
        with self._database.read() as connection:
            yield connection

    @contextmanager
    def acting(self, verb: str, detail: str | None = None) -> Iterator[Action]:
        """A transaction that goes into the history as one action."""
        with self._database.write() as connection:
            action = Action(connection, verb, detail)
            yield action
            action.close()

    @contextmanager
    def _writing(self, staging: Staging) -> Iterator[Connection]:
        """A transaction with files: they are put in place at its end, or nothing of it remains."""
        committed = False
        try:
            with self._database.write() as connection:
                yield connection
                staging.seal()
            committed = True
        finally:
            if not committed or staging.has_old:
                self._recover(staging)

    def _recover(self, staging: Staging) -> None:
        # Where this fails (a full disk, a lock) the staging folder stays, and the next start tries again.
        with contextlib.suppress(StoreError, OSError), self._database.write() as connection:
            staging.recover(lambda names: reading.unreferenced(connection, names))

    def _stored(self, sha256: str) -> AddResult | None:
        with self.reading() as connection:
            photo = reading.photo_by_hash(connection, self.folder, sha256)
        return None if photo is None else self._as_skipped(photo)

    def _as_skipped(self, photo: StoredPhoto) -> AddResult:
        query = (
            select(garments.c.id)
            .join(appearances, appearances.c.garment_id == garments.c.id)
            .where(appearances.c.photo_id == photo.id, garments.c.removed_at.is_(None))
            .order_by(appearances.c.number)
        )
        with self.reading() as connection:
            ids = list(dict.fromkeys(connection.execute(query).scalars()))
            return AddResult(photo, tuple(reading.load_garments(connection, self.folder, ids)), skipped=True)

    def _alike(self, connection: Connection, garment_id: int, among: set[int]) -> dict[int, float]:
        garment = reading.load_garment(connection, self.folder, garment_id)
        known = [item for item in garment.appearances if item.embedding is not None]
        if not known:
            raise UsageError(f"garment {garment_id} has no photo to compare")
        model = known[-1].embedding_model
        mine = [
            item.embedding for item in known if item.embedding_model == model and item.embedding is not None
        ]
        return similarity.similarities(connection, mine, model, among=among)

    def _default_segmenter(self) -> Segmenter:
        if self._segmenter is None:
            from ewardrobe.segmentation import Segmenter

            self._segmenter = Segmenter()
        return self._segmenter


def _colour(value: str | tuple[int, int, int]) -> Colour:
    try:
        return colour_from_text(value)
    except ValueError as error:
        raise UsageError(f"near_colour {error}, not {value!r}") from error


def _must_be_here(connection: Connection, garment_id: int) -> None:
    query = select(garments.c.id).where(garments.c.id == garment_id, garments.c.removed_at.is_(None))
    if connection.execute(query).first() is None:
        raise NotFoundError(f"there is no garment {garment_id}; see: ewardrobe find")
