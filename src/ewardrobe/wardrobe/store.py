"""`Wardrobe`: one owner's garments, photos, outfits and wears, in one folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from ewardrobe.attributes.values import Attributes
from ewardrobe.errors import NotFoundError
from ewardrobe.wardrobe import history, reading, writing
from ewardrobe.wardrobe.appearances import Appearances
from ewardrobe.wardrobe.browsing import Page, browse_garments
from ewardrobe.wardrobe.columns import ColumnCache
from ewardrobe.wardrobe.fields import parse_fields
from ewardrobe.wardrobe.finding import find_garments
from ewardrobe.wardrobe.history import Action
from ewardrobe.wardrobe.many import Many
from ewardrobe.wardrobe.merging import merge_garments
from ewardrobe.wardrobe.outfits import Outfits, Wears
from ewardrobe.wardrobe.records import (
    AddResult,
    HistoryEntry,
    ImportResult,
    OwnedGarment,
    SegmentedItem,
    Statistics,
    StoredPhoto,
)
from ewardrobe.wardrobe.removal import purge_garment
from ewardrobe.wardrobe.schema import garments
from ewardrobe.wardrobe.search import Filters, find_ids
from ewardrobe.wardrobe.settings import SettingsFile, usual_describe
from ewardrobe.wardrobe.statistics import compute_statistics
from ewardrobe.wardrobe.storage import Storage

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
    threads of one, may use the same wardrobe at once. `outfits`, `wears`, `appearances` (cut-outs) and `many` (several
    garments at once) hold the verbs for those.

    Examples:
        >>> import tempfile
        >>> from ewardrobe.wardrobe import Wardrobe
        >>> with Wardrobe.open(tempfile.mkdtemp()) as wardrobe:
        ...     shirt = wardrobe.new(type="shirt", brand="Acme", price="39.90", currency="EUR")
        ...     [garment.brand for garment in wardrobe.find("acme")]
        ['Acme']
    """

    def __init__(self, storage: Storage) -> None:
        self.appearances = Appearances(storage)
        self.many = Many(storage)
        self.outfits = Outfits(storage)
        self.wears = Wears(storage)
        self.settings = SettingsFile(storage.folder.root)
        self._storage = storage
        self._columns = ColumnCache()
        self._segmenter: Segmenter | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str] | None = None) -> Wardrobe:
        """Open the wardrobe in a folder (`home()` by default), making or upgrading it when needed.

        What an interrupted process left behind is cleared away here.

        Raises:
            StoreError: the folder cannot be written, or the database is damaged (`DamagedStoreError`).
            NewerStoreError: a newer eWardrobe wrote it.
        """
        return cls(Storage.open(home() if path is None else Path(path).expanduser().absolute()))

    @property
    def path(self) -> Path:
        """The data folder."""
        return self._storage.folder.root

    def close(self) -> None:
        """Close the database."""
        self._storage.close()

    def __enter__(self) -> Wardrobe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """How many garments `find()` finds."""
        with self._storage.reading() as connection:
            return len(find_ids(connection, Filters()))

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
        model by default, `describe` `ewardrobe.attributes.describe`; where the settings turn tagging off, garments get
        neither class nor attributes, unless `describe` is given.

        Raises `PhotoError`, `ModelError`, `TaxonomyError` (the model's classes have no map to `wardrobe`),
        `StoreError`.
        """
        from ewardrobe.imaging import Photo, open_photo
        from ewardrobe.wardrobe.adding import already_stored, segmented_items

        photo = source if isinstance(source, Photo) else open_photo(source)
        if (stored := already_stored(self._storage, photo.sha256)) is not None:
            return stored
        tagged = describe is not None or self.settings.read().tagging
        if describe is None:
            describe = usual_describe(self.path)
        segmentation = (segmenter or self._default_segmenter()).segment(photo)
        if segmentation.taxonomy.name != "wardrobe":
            segmentation = segmentation.remap("wardrobe")
        items = segmented_items(segmentation, describe, tagged=tagged)
        return self.add_segmented(photo, items, model=segmentation.model)

    def add_segmented(
        self, photo: Photo, items: Iterable[SegmentedItem], *, model: str | None = None
    ) -> AddResult:
        """Store a photo whose garments are known: the store's own half of `add`.

        `model` names what found them, and made the embeddings of attributes that do not say so themselves; only
        embeddings of one model are compared. Without items nothing is stored.
        """
        from ewardrobe.wardrobe.adding import already_stored, store_photo

        return already_stored(self._storage, photo.sha256) or store_photo(self._storage, photo, items, model)

    def stored(self, photo: Photo) -> AddResult | None:
        """The result of having added this photo before, with those of its garments still here; None if it is new."""
        from ewardrobe.wardrobe.adding import already_stored

        return already_stored(self._storage, photo.sha256)

    def new(self, **fields: Any) -> OwnedGarment:
        """A garment without a photo; the fields are those of `edit`."""
        values = parse_fields(fields)
        with self._storage.acting("new", values.get("name") or values.get("type")) as action:
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
        filters = Filters(
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
        with self._storage.reading() as connection:
            return find_garments(
                connection,
                self._storage.folder,
                filters,
                like=like,
                near_colour=near_colour,
                limit=limit,
                sort=sort,
            )

    def browse(
        self,
        text: str | None = None,
        *,
        offset: int = 0,
        limit: int = 60,
        sort: str | None = None,
        **fields: Any,
    ) -> Page:
        """A part of what `find` finds, from `offset` on, with how many there are in all and per value of a field.

        `fields`: those that `find` compares, and `favourite` and `status`. Raises `UsageError`.
        """
        with self._storage.reading() as connection:
            return browse_garments(
                connection,
                self._storage.folder,
                self._columns.current(connection),
                Filters(text, **fields),
                offset=offset,
                limit=limit,
                sort=sort,
            )

    def similar(self, garment_id: int, *, limit: int = 10) -> list[OwnedGarment]:
        """The garments most like this one, most alike first, with `similarity` set."""
        return self.find(like=garment_id, limit=limit)

    def get(self, garment_id: int) -> OwnedGarment:
        """One garment, also a removed one (`removed_at` says so); `NotFoundError` when there is none."""
        with self._storage.reading() as connection:
            return reading.load_garment(connection, self._storage.folder, garment_id)

    def get_all(self, garment_ids: Iterable[int]) -> dict[int, OwnedGarment]:
        """The garments of these numbers, also removed ones; numbers there are not are left out."""
        with self._storage.reading() as connection:
            ids = list(dict.fromkeys(garment_ids))
            found = reading.load_garments(connection, self._storage.folder, ids)
        return {garment.id: garment for garment in found}

    def photos(self) -> list[StoredPhoto]:
        """Every photo, newest first."""
        with self._storage.reading() as connection:
            return reading.load_photos(connection, self._storage.folder)

    def photo(self, photo_id: int) -> StoredPhoto:
        """One photo; `NotFoundError` when there is none."""
        with self._storage.reading() as connection:
            return reading.load_photo(connection, self._storage.folder, photo_id)

    # Changing

    def edit(self, garment_id: int, **fields: Any) -> OwnedGarment:
        """Set fields of a garment; they are the owner's from then on, and no model overwrites them.

        Values may be typed (a `date`, a `Decimal`, a list of tags) or text as a person types it; None or "" empties
        a field. Raises `UsageError`, which names the fields there are, and `NotFoundError`.
        """
        values = parse_fields(fields)
        with self._storage.acting("edit", ", ".join(values)) as action:
            _must_be_here(action.connection, garment_id)
            writing.set_by_owner(action, garment_id, values)
        return self.get(garment_id)

    def describe_again(self, garment_id: int, attributes: Attributes) -> OwnedGarment:
        """Take over newly computed attributes, except where the owner has set a field."""
        with self._storage.acting("describe") as action:
            _must_be_here(action.connection, garment_id)
            writing.set_automatic(action, garment_id, None, attributes)
        return self.get(garment_id)

    def merge(self, garment_id: int, other_id: int) -> OwnedGarment:
        """Say that `other_id` is the same garment: its photos, wears and outfits go over, and it is removed."""
        with self._storage.acting("merge", f"{other_id} into {garment_id}") as action:
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
            with self._storage.acting("remove") as action:
                _must_be_here(action.connection, garment_id)
                action.update(garments, garment_id, {"removed_at": action.at})
            return
        with self._storage.folder.stage() as staging, self._storage.writing(staging) as connection:
            reading.load_garment(connection, self._storage.folder, garment_id)
            purge_garment(connection, staging, garment_id)
        self._storage.database.wipe_log()

    def undo(self) -> HistoryEntry | None:
        """Take back the latest action and return it; None when there is none left."""
        with self._storage.folder.stage() as staging, self._storage.writing(staging) as connection:
            return history.undo(connection, staging)

    def history(self, limit: int = 50) -> list[HistoryEntry]:
        """The actions `undo` would take back, the next one first."""
        with self._storage.reading() as connection:
            return history.entries(connection, limit)

    # The whole

    def stats(self) -> Statistics:
        """The wardrobe in numbers."""
        with self._storage.reading() as connection:
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

        with self._storage.folder.keeping(), self._storage.reading() as connection:
            return export(connection, self._storage.folder, Path(path))

    def import_(self, path: str | os.PathLike[str]) -> ImportResult:
        """Bring in an export (folder or ZIP) or a plain `wardrobe.json`, all of it or nothing.

        What is here already, by an earlier import too, is left as it is.
        """
        if Path(path).suffix.lower() == ".json" and Path(path).name != "manifest.json":
            from ewardrobe.wardrobe.transfer.plain import import_items

            return import_items(self._storage, Path(path))
        from ewardrobe.wardrobe.transfer.importing import open_export, stage_files, take_over

        with open_export(Path(path)) as (source, export), self._storage.folder.stage() as staging:
            stage_files(source, export, staging)
            with self._storage.writing(staging) as connection:
                action = Action(connection, "import", Path(path).name)
                result = take_over(action, export, staging)
                action.close()
        return result

    def backup(self, file: str | os.PathLike[str]) -> Path:
        """Write one ZIP with the database and every file as they are at this moment, originals untouched."""
        from ewardrobe.wardrobe.transfer.backups import write_backup

        with self._storage.folder.keeping(), self._storage.folder.stage() as staging:
            return write_backup(self._storage.database, self._storage.folder, staging, Path(file))

    def restore(self, file: str | os.PathLike[str]) -> None:
        """Put a backup in the place of everything there is, all of it or nothing; this cannot be undone.

        Raises `BackupError` for a file that is no backup, or a damaged one.
        """
        from ewardrobe.wardrobe.transfer.backups import open_backup, put_beside, replace_rows

        with self._storage.folder.stage() as staging, open_backup(Path(file), staging) as backup:
            backup.stage_files(staging)
            beside = backup.beside()
            with self._storage.writing(staging) as connection:
                staging.discard(replace_rows(connection, backup))
            put_beside(self._storage.folder, beside)
        self._columns.forget()

    def check(self) -> list[str]:
        """What is wrong with the wardrobe, one line each; none when it is whole."""
        return self._storage.check()

    def _default_segmenter(self) -> Segmenter:
        if self._segmenter is None:
            from ewardrobe.segmentation import Segmenter

            self._segmenter = Segmenter()
        return self._segmenter


def _must_be_here(connection: Connection, garment_id: int) -> None:
    query = select(garments.c.id).where(garments.c.id == garment_id, garments.c.removed_at.is_(None))
    if connection.execute(query).first() is None:
        raise NotFoundError(f"there is no garment {garment_id}; see: ewardrobe find")
