"""People Clothing, the Clothing Co-Parsing (CCP) photos, as photos beside palette PNGs.

`photos/NNNN.jpg`, `labels/NNNN.png` (pixel value = line number in `labels.txt`, 0 = null), `train.txt`,
`val.txt`, and optionally `unlabelled/NNNN.jpg` with `unlabelled_tags.json` (image tags only).
Source: Yang, Luo, Lin, *Clothing Co-Parsing by Joint Image Segmentation and Labeling*, CVPR 2014.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.images import find_photos, index_lut, load_photo, read_label_map
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.tables import read_lines, rows_by_id
from ewardrobe.errors import DatasetError

__all__ = ["CCP_PAIRS", "PeopleClothing", "pair_of", "twice_warning"]

CCP_PAIRS: tuple[tuple[str, str], ...] = (
    ("0183", "0730"),
    ("0197", "0671"),
    ("0594", "0722"),
    ("0692", "0732"),
    ("0907", "0990"),
)
"""Photos that are in the set twice, annotated twice: both belong on the same side of any split."""

_PAIR_OF = {name: "/".join(pair) for pair in CCP_PAIRS for name in pair}

NULL = "null"  # what the dataset calls its background
UNLABELLED = "unlabelled"


def pair_of(sample_id: str) -> str | None:
    """The group of a photo that is in the set twice, such as `0183/0730`; `None` for all others."""
    return _PAIR_OF.get(sample_id)


def twice_warning(ids: Iterable[str]) -> tuple[str, ...]:
    """One line that names the photos which are among `ids` twice, if there are any."""
    here = set(ids)
    pairs = ["/".join(pair) for pair in CCP_PAIRS if here.issuperset(pair)]
    return (f"photos that are in the set twice, annotated twice: {', '.join(pairs)}",) if pairs else ()


class PeopleClothing(Dataset):
    """Worn photos in the taxonomy `people-clothing`; splits `train`, `val` and, with tags only, `unlabelled`.

    Without a split, all labelled photos: the lists `train.txt` and `val.txt`, one after the other.
    """

    format = "people-clothing"
    layout = "photos/, labels/, labels.txt, train.txt and val.txt"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        self.taxonomy = taxonomies.load("people-clothing")
        if split == UNLABELLED:
            self._open_unlabelled()
        else:
            self._open_labelled()

    @classmethod
    def detect(cls, path: Path) -> bool:
        """A list of classes beside photos and labels."""
        return all((path / name).exists() for name in ("photos", "labels", "labels.txt"))

    def _open_labelled(self) -> None:
        assert self.taxonomy is not None
        names = read_lines(self.path / "labels.txt")
        self._classes = len(names)
        self._lut = index_lut(names, self.taxonomy)
        lists = {file.stem: file for file in sorted(self.path.glob("*.txt")) if file.name != "labels.txt"}
        if self.split is not None and self.split not in lists:
            known = ", ".join([*lists, UNLABELLED])
            raise DatasetError(f"{self.path} has no split {self.split!r}: choose one of {known}")
        chosen = [self.split] if self.split is not None else list(lists)
        listed = [{"id": name, "split": split} for split in chosen for name in read_lines(lists[split])]
        rows, self.broken = rows_by_id(listed, "id")
        self._split_of = {name: row["split"] for name, row in rows.items()}
        self._photos = find_photos(self.path / "photos")
        labels = {file.stem for file in (self.path / "labels").glob("*.png")}
        missing: dict[str, str] = {}
        for name in self._split_of:
            if name not in self._photos:
                missing[name] = f"no photo of that name in {self.path / 'photos'}"
            elif name not in labels:
                missing[name] = f"no label map of that name in {self.path / 'labels'}"
        self._tags: Mapping[str, list[str]] = {}
        self._keep(list(self._split_of), missing)
        self.warnings = twice_warning(self.ids)

    def _open_unlabelled(self) -> None:
        file = self.path / "unlabelled_tags.json"
        try:
            self._tags = json.loads(file.read_text(encoding="utf-8"))
            self._photos = find_photos(self.path / UNLABELLED)
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"{self.path} has no split 'unlabelled': it needs {UNLABELLED}/ and {file.name}"
            ) from error
        self._split_of = dict.fromkeys(self._tags, UNLABELLED)
        missing = {name: "tagged, but there is no photo" for name in self._tags if name not in self._photos}
        self._keep(list(self._tags), missing)

    def _sample(self, sample_id: str) -> Sample:
        split = self._split_of[sample_id]
        photo = partial(load_photo, self._photos[sample_id])
        if split == UNLABELLED:
            tags = tuple(tag for tag in self._tags[sample_id] if tag != NULL)
            path = self._photos[sample_id]
            return Sample(sample_id, self.kind, photo, split=split, tags=tags, path=path)
        return Sample(
            sample_id,
            self.kind,
            photo,
            taxonomy=self.format,
            split=split,
            load_label_map=partial(
                read_label_map, self.path / "labels" / f"{sample_id}.png", self._classes, self._lut
            ),
            path=self._photos[sample_id],
            group=pair_of(sample_id),
        )
