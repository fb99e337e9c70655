"""People Clothing as Kaggle has it (People Clothing Segmentation).

`png_images/IMAGES/img_NNNN.png` and `png_masks/MASKS/seg_NNNN.png` (pixel value = row of `labels.csv`, 0 =
null), with JPEG twins in `jpeg_images/IMAGES/img_NNNN.jpeg` and `jpeg_masks`. Photos may come from either;
labels never from the JPEG masks, whose compression makes up classes along every edge.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import find_photos, index_lut, load_photo, read_label_map
from ewardrobe.datasets.people_clothing import pair_of, twice_warning
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.tables import read_table
from ewardrobe.errors import DatasetError

__all__ = ["PeopleClothingKaggle"]

_PHOTOS, _MASKS = ("png_images/IMAGES", "jpeg_images/IMAGES"), "png_masks/MASKS"


class PeopleClothingKaggle(Dataset):
    """Worn photos with pixel labels in the taxonomy `people-clothing`; the set has no splits of its own."""

    format = "people-clothing-kaggle"
    layout = "png_images/IMAGES/, png_masks/MASKS/ and labels.csv"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        if split is not None:
            raise DatasetError(f"{path} has no split {split!r}: it comes without any; make one with `split`")
        if not (path / _MASKS).is_dir():
            raise DatasetError(
                f"{path} has no {_MASKS}: its JPEG masks are lossy and no label map, get the PNGs"
            )
        self.taxonomy = taxonomies.load("people-clothing")
        rows = read_table(path / "labels.csv", ("label_list",))
        # Tools that read the word null as a missing value leave the first cell empty.
        names = [row["label_list"].strip() or "null" for row in rows]
        self._classes, self._lut = len(names), index_lut(names, self.taxonomy)
        self._photos = {
            name.removeprefix("img_"): file
            for folder in reversed(_PHOTOS)
            if (path / folder).is_dir()
            for name, file in find_photos(path / folder).items()
        }
        self._masks = {name.removeprefix("seg_"): file for name, file in find_photos(path / _MASKS).items()}
        missing = {name: "there is no photo" for name in self._masks if name not in self._photos}
        missing |= {name: "there is no PNG mask" for name in self._photos if name not in self._masks}
        self._keep(sorted(self._photos.keys() | self._masks.keys()), missing)
        self.warnings = twice_warning(self.ids)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """Kaggle's folders beside the table of labels."""
        return (path / "labels.csv").is_file() and any((path / name).is_dir() for name in (*_PHOTOS, _MASKS))

    def _sample(self, sample_id: str) -> Sample:
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, self._photos[sample_id]),
            taxonomy="people-clothing",
            load_label_map=partial(read_label_map, self._masks[sample_id], self._classes, self._lut),
            path=self._photos[sample_id],
            group=pair_of(sample_id),
        )
