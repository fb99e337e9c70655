"""People Clothing in the layout of its authors, Clothing Co-Parsing; needs the extra `matlab`.

`photos/NNNN.jpg`, `annotations/pixel-level/NNNN.mat` (`groundtruth`, uint8 (H, W)), `label_list.mat`
(`label_list`, 59 names, the first `null`) and `annotations/image-level/NNNN.mat` (tags only, not read).
Source: https://github.com/bearpaw/clothing-co-parsing.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import checked_indices, find_photos, index_lut, load_photo
from ewardrobe.datasets.matlab import read_matrix, read_names
from ewardrobe.datasets.people_clothing import pair_of, twice_warning
from ewardrobe.datasets.sample import Sample
from ewardrobe.errors import DatasetError

__all__ = ["PeopleClothingOriginal"]


class PeopleClothingOriginal(Dataset):
    """Worn photos with pixel labels in the taxonomy `people-clothing`; the set has no splits of its own."""

    format = "people-clothing-original"
    layout = "photos/, annotations/pixel-level/ and label_list.mat"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        if split is not None:
            raise DatasetError(f"{path} has no split {split!r}: it comes without any; make one with `split`")
        self.taxonomy = taxonomies.load("people-clothing")
        names = read_names(path / "label_list.mat", "label_list")
        self._classes, self._lut = len(names), index_lut(names, self.taxonomy)
        self._photos = find_photos(path / "photos")
        labels = sorted(file.stem for file in (path / "annotations" / "pixel-level").glob("*.mat"))
        self._keep(labels, {name: "there is no photo" for name in labels if name not in self._photos})
        self.warnings = twice_warning(self.ids)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """Pixel labels as MATLAB files."""
        return (path / "annotations" / "pixel-level").is_dir() and (path / "label_list.mat").is_file()

    def _sample(self, sample_id: str) -> Sample:
        file = self.path / "annotations" / "pixel-level" / f"{sample_id}.mat"
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, self._photos[sample_id]),
            taxonomy="people-clothing",
            load_label_map=partial(_read_label_map, file, self._classes, self._lut),
            path=self._photos[sample_id],
            group=pair_of(sample_id),
        )


def _read_label_map(path: Path, classes: int, lut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return lut[checked_indices(read_matrix(path, "groundtruth"), classes, path)]
