"""Shop photos with human attributes and no pixel labels.

`photos.zip` (stored, `ID.jpg`, 60x80 pixels) and `styles.csv`: `id`, `gender`, `masterCategory`,
`subCategory`, `articleType`, `baseColour`, `season`, `year`, `usage`. Source: Fashion Product Images (Small),
MIT.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.datasets.splits import hashed_split
from ewardrobe.datasets.tables import read_table, rows_by_id
from ewardrobe.errors import DatasetError

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo

__all__ = ["Products"]

VAL_SHARE = 0.1


@lru_cache(maxsize=4)
def _opened(archive: Path, process: int) -> zipfile.ZipFile:
    """The archive with its directory read once; one per process, since a fork shares the file's position."""
    del process
    return zipfile.ZipFile(archive)


def _photo_from_zip(archive: Path, name: str) -> Photo:
    from ewardrobe.imaging import open_photo  # as in `load_photo`

    try:
        data = _opened(archive, os.getpid()).read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"cannot read {name} in {archive}: restore the archive from its source") from error
    return replace(open_photo(data), name=Path(name).stem)


class Products(Dataset):
    """Flat photos with attributes: `Sample.label` is the article type, `Sample.attributes` every column.

    The table knows no splits; `train` and `val` (a tenth) are made from a hash of the id, so they never
    change.
    """

    format = "products"
    layout = "photos.zip and styles.csv"
    kind: Kind = "flat"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        if split not in (None, "train", "val"):
            raise DatasetError(f"{path} has no split {split!r}: choose train or val")
        rows, self.broken = rows_by_id(read_table(path / "styles.csv", ("id", "articleType")), "id")
        self._split_of = {name: hashed_split(name, val_share=VAL_SHARE) for name in rows}
        self._rows = {name: row for name, row in rows.items() if split in (None, self._split_of[name])}
        self._archive = path / "photos.zip"
        try:
            with zipfile.ZipFile(self._archive) as photos:
                held = {Path(name).stem: name for name in photos.namelist()}
        except (OSError, zipfile.BadZipFile) as error:
            raise DatasetError(f"cannot read {self._archive}: restore it from its source") from error
        self._names = held
        self._keep(list(self._rows), {name: "not in photos.zip" for name in self._rows if name not in held})

    @classmethod
    def detect(cls, path: Path) -> bool:
        """The table and the archive."""
        return all((path / name).exists() for name in ("photos.zip", "styles.csv"))

    def _sample(self, sample_id: str) -> Sample:
        row = self._rows[sample_id]
        return Sample(
            sample_id,
            self.kind,
            partial(_photo_from_zip, self._archive, self._names[sample_id]),
            split=self._split_of[sample_id],
            label=row["articleType"],
            attributes={key: value for key, value in row.items() if key != "id"},
        )
