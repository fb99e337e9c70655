"""Fashionista photos with coarse labels, for measuring a model on photos unlike those it was trained on.

`photos/NNNN.jpg`, `labels/NNNN.png` (index PNG, 255 = ignore) and `spec.json`, whose `classes` are the names
in index order. How the classes of `wardrobe` land on them is the map `wardrobe` -> `fashionista`.
Source: Yamaguchi, Kiapour, Ortiz, Berg, *Parsing Clothing in Fashion Photographs*, CVPR 2012.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import find_photos, index_lut, load_photo, read_label_map
from ewardrobe.datasets.sample import Sample
from ewardrobe.errors import DatasetError

__all__ = ["Fashionista"]


class Fashionista(Dataset):
    """Worn photos in the taxonomy `fashionista`; the one split is `val`: never for training."""

    format = "fashionista"
    layout = "photos/, labels/ and spec.json"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        if split not in (None, "val"):
            raise DatasetError(f"{path} has no split {split!r}: it is for measuring, its only split is val")
        self.taxonomy = taxonomies.load("fashionista")
        classes = self._classes()
        self._count, self._lut = len(classes), index_lut(classes, self.taxonomy)
        self._photos = find_photos(path / "photos")
        labels = {file.stem for file in (path / "labels").glob("*.png")}
        missing = {name: "there is no label map" for name in self._photos if name not in labels}
        missing |= {name: "there is no photo" for name in labels if name not in self._photos}
        self._keep(sorted(self._photos.keys() | labels), missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """A specification beside photos and labels."""
        return all((path / name).exists() for name in ("photos", "labels", "spec.json"))

    def _classes(self) -> list[str]:
        file = self.path / "spec.json"
        try:
            return [str(name) for name in json.loads(file.read_text(encoding="utf-8"))["classes"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"cannot read {file}: it needs a list 'classes'") from error

    def _sample(self, sample_id: str) -> Sample:
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, self._photos[sample_id]),
            taxonomy=self.format,
            split="val",
            load_label_map=partial(
                read_label_map, self.path / "labels" / f"{sample_id}.png", self._count, self._lut
            ),
            path=self._photos[sample_id],
        )
