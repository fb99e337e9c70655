"""Single garments photographed at home, one a photo, each with a soft mask.

`photos/NAME.jpg`, `alpha/NAME.png` (8-bit soft mask of the garment), `items.csv` with the columns `image`,
`label`, `kids` and `split`. Photos and labels: the CC0 clothing dataset by A. Grigorev and contributors.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import find_photos, load_photo, read_alpha
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.datasets.tables import read_table, rows_by_id
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import Taxonomy

__all__ = ["ALPHA_THRESHOLD", "FlatLay"]

ALPHA_THRESHOLD = 128
"""A pixel whose soft mask is at least this (of 255) is garment in the label map, else background."""


def _label_map(path: Path, index: int) -> NDArray[np.uint8]:
    garment = read_alpha(path) >= np.float32(ALPHA_THRESHOLD / 255)
    return np.where(garment, index, 0).astype(np.uint8)


class FlatLay(Dataset):
    """Flat photos in the taxonomy `flat-lay`: background and one garment, whose class is `Sample.label`."""

    format = "flat-lay"
    layout = "photos/, alpha/ and items.csv"
    kind: Kind = "flat"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        self.taxonomy = taxonomies.load("flat-lay")
        rows = read_table(path / "items.csv", ("image", "label", "split"))
        splits = sorted({row["split"] for row in rows})
        if split is not None and split not in splits:
            raise DatasetError(f"{path} has no split {split!r}: choose one of {', '.join(splits)}")
        chosen = [row for row in rows if split in (None, row["split"])]
        self._rows, self.broken = rows_by_id(chosen, "image")
        self._photos = find_photos(path / "photos")
        self._keep(list(self._rows), self._missing(self.taxonomy))

    @classmethod
    def detect(cls, path: Path) -> bool:
        """Soft masks and a table of items beside the photos."""
        return all((path / name).exists() for name in ("photos", "alpha", "items.csv"))

    def _missing(self, taxonomy: Taxonomy) -> dict[str, str]:
        alphas = {file.stem for file in (self.path / "alpha").glob("*.png")}
        missing: dict[str, str] = {}
        for name, row in self._rows.items():
            if row["label"] not in taxonomy:
                missing[name] = f"unknown label {row['label']!r}"
            elif name not in self._photos:
                missing[name] = f"no photo of that name in {self.path / 'photos'}"
            elif name not in alphas:
                missing[name] = f"no soft mask of that name in {self.path / 'alpha'}"
        return missing

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        row = self._rows[sample_id]
        alpha = self.path / "alpha" / f"{sample_id}.png"
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, self._photos[sample_id]),
            taxonomy=self.format,
            split=row["split"],
            label=row["label"],
            attributes={key: value for key, value in row.items() if key not in {"image", "label", "split"}},
            load_label_map=partial(_label_map, alpha, self.taxonomy.index(row["label"])),
            load_alpha=partial(read_alpha, alpha),
            path=self._photos[sample_id],
        )
