"""A person's own labelled photos: a folder of photos, a folder of palette PNGs, and the name of the taxonomy.

`photos/NAME.jpg`, `labels/NAME.png` or `labels/NAME.labels.png` (as `ewardrobe segment` writes them),
and `dataset.json`, such as `{"taxonomy": "wardrobe", "kind": "worn"}`, not needed when both are given to
`open_dataset`. In the place of `taxonomy` it may list `classes`, the background first. `<split>.txt` lists
the ids of a split, if there are any; ids and files may lie in folders below.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.class_lists import own_taxonomy
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import find_photos, load_photo, read_label_map
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.datasets.tables import read_lines
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import Taxonomy

__all__ = ["LabelMaps"]

LABEL_SUFFIX = ".labels"  # `ewardrobe segment` names its label maps <stem>.labels.png


class LabelMaps(Dataset):
    """Photos with label maps in any taxonomy that eWardrobe knows.

    Args:
        path: the folder.
        split: name of a list `<split>.txt` of ids; `None` for every photo that has a label map.
        taxonomy: name of the label maps' taxonomy; read from `dataset.json` when `None`.
        kind: `worn` or `flat`; read from `dataset.json`, else `worn`, when `None`.
    """

    format = "label-maps"
    layout = "photos/, labels/ and dataset.json"

    def __init__(
        self, path: Path, split: str | None = None, *, taxonomy: str | None = None, kind: Kind | None = None
    ) -> None:
        super().__init__(path, split)
        stated = self._stated()
        self.taxonomy = self._find_taxonomy(taxonomy or stated.get("taxonomy"), stated.get("classes"))
        self.kind = self._valid_kind(kind or stated.get("kind", "worn"))
        self._photos = find_photos(path / "photos", below=True)
        labels = find_photos(path / "labels", below=True)
        self._labels = {
            name.removesuffix(LABEL_SUFFIX): file for name, file in labels.items() if file.suffix == ".png"
        }
        self._split_of: dict[str, str] = {}
        self._keep(*self._listed())

    @classmethod
    def detect(cls, path: Path) -> bool:
        """A `dataset.json` beside photos and labels."""
        return all((path / name).exists() for name in ("photos", "labels", "dataset.json"))

    def _find_taxonomy(self, name: object, classes: object) -> Taxonomy:
        if isinstance(name, str) and name:
            return taxonomies.load(name)
        if isinstance(classes, list) and len(classes) > 1:
            return own_taxonomy([str(item) for item in classes[1:]], self.path.name, str(classes[0]))
        raise DatasetError(
            f"{self.path} does not say its taxonomy: pass taxonomy=..., or write it to dataset.json"
        )

    def _stated(self) -> dict[str, Any]:
        file = self.path / "dataset.json"
        if not file.exists():
            return {}
        try:
            return dict(json.loads(file.read_text("utf-8")).items())
        except (OSError, ValueError, AttributeError) as error:
            raise DatasetError(
                f"cannot read {file}: it is a JSON object with 'taxonomy' and 'kind'"
            ) from error

    def _valid_kind(self, kind: object) -> Kind:
        if kind == "worn":
            return "worn"
        if kind == "flat":
            return "flat"
        raise DatasetError(f"{self.path} says kind {kind!r}: it is 'worn' or 'flat'")

    def _listed(self) -> tuple[list[str], dict[str, str]]:
        lists = {file.stem: file for file in sorted(self.path.glob("*.txt"))}
        if self.split is None:
            self._split_of = {name: split for split, file in lists.items() for name in read_lines(file)}
            listed = sorted(self._photos.keys() | self._labels.keys())
        else:
            listed = list(dict.fromkeys(read_lines(self.path / f"{self.split}.txt")))
            self._split_of = dict.fromkeys(listed, self.split)
        missing = {name: "there is no label map" for name in listed if name not in self._labels}
        missing |= {name: "there is no photo" for name in listed if name not in self._photos}
        return listed, missing

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, self._photos[sample_id]),
            taxonomy=self.taxonomy.name,
            split=self._split_of.get(sample_id),
            load_label_map=partial(read_label_map, self._labels[sample_id], len(self.taxonomy)),
            path=self._photos[sample_id],
        )
