"""COCO: one JSON file of photos and objects for each split, such as those of Fashionpedia and ModaNet.

`images`, `annotations` (`segmentation`: polygons, uncompressed or compressed RLE; `bbox`, `iscrowd`,
`keypoints`) and `categories`, as https://cocodataset.org/#format-data has it; Fashionpedia's `attributes`
and `attribute_ids` too. All other keys of an annotation are kept in `Instance.attributes`.

The files are `annotations/*.json` or `*.json` in the folder; a split's name is `train`, `val` or `test` where
the file's name says that, else the file's stem. Photos are looked for in `images/SPLIT`, `images`, `SPLIT`,
`photos` and the folder itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.class_lists import label_of, taxonomy_of
from ewardrobe.datasets.coco_index import CocoImage, CocoIndex, Span
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.instance import Annotation, Instance, Keypoints
from ewardrobe.datasets.json_stream import load_span
from ewardrobe.datasets.photo_size import photo_size
from ewardrobe.datasets.sample import Kind, Sample
from ewardrobe.datasets.segments import all_numbers, checked_box, checked_polygons, checked_rle
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Coco"]

_HEAD = 65536
_READ = frozenset(
    {"id", "image_id", "category_id", "segmentation", "bbox", "area", "iscrowd", "keypoints", "num_keypoints"}
)


@dataclass(frozen=True)
class _File:
    """What reading an annotation needs of its file; `labels` gives each category id its class or `None`."""

    path: Path
    labels: Mapping[int, str | None]
    names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    image: CocoImage
    part: int
    photo: Path


class Coco(Dataset):
    """Photos with objects, from COCO files.

    Args:
        path: the folder, or one COCO file.
        split: a split's name; `None` for all files together.
        taxonomy: name of the taxonomy that the categories are of. Otherwise it is the one that the file
            names (`info.taxonomy`), the one with just these classes, or one made from the categories.
        kind: `worn` or `flat`.
        photos: folder that `file_name` is relative to, or one above it named like the split; looked for
            when `None`.
    """

    format = "coco"
    layout = "annotations/*.json and images/"

    def __init__(
        self,
        path: Path,
        split: str | None = None,
        *,
        taxonomy: str | None = None,
        kind: Kind = "worn",
        photos: str | Path | None = None,
    ) -> None:
        super().__init__(path, split)
        self.kind = kind
        self.groups_in_annotations = True  # DeepFashion2's own converter writes `pair_id` there
        self._root = Path(photos) if photos is not None else None
        files = _split_files(path)
        if split is not None and split not in files:
            raise DatasetError(f"{path} has no split {split!r}: choose one of {', '.join(files)}")
        self._splits = [name for name in files if split in (None, name)]
        self._indices = [CocoIndex.read(files[name]) for name in self._splits]
        self.taxonomy = self._find_taxonomy(taxonomy)
        self.attribute_names = {
            int(row["id"]): str(row.get("name", row["id"])) for row in self._indices[0].attributes
        }
        self.keypoint_names = next(
            (
                tuple(map(str, row["keypoints"]))
                for row in self._indices[0].categories
                if isinstance(row.get("keypoints"), list)
            ),
            (),
        )
        self._files = [_file_of(index, self.taxonomy) for index in self._indices]
        for index in self._indices:
            self.broken.extend(index.broken)
        self._entries, missing = self._find_entries()
        self._keep([*self._entries, *missing], missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """A JSON file that begins as COCO's do, here or in `annotations`."""
        return any(map(_looks_like_coco, _json_files(path)))

    def _find_taxonomy(self, name: str | None) -> Taxonomy:
        said = self._indices[0].info.get("taxonomy")
        stated = name or (said if said in taxonomies.names() else None)
        names = list(dict.fromkeys(str(row["name"]) for index in self._indices for row in index.categories))
        try:
            return taxonomy_of(
                [item for item in names if item != "background"], stated=stated, own_name=self.path.stem
            )
        except DatasetError as error:
            raise DatasetError(f"{self._indices[0].path}: {error}") from error

    def _find_entries(self) -> tuple[dict[str, _Entry], dict[str, str]]:
        stems = Counter(
            PurePosixPath(image.file_name).stem for index in self._indices for image in index.images.values()
        )
        entries: dict[str, _Entry] = {}
        missing: dict[str, str] = {}
        for part, index in enumerate(self._indices):
            folders = _photo_folders(self.path, self._root, self._splits[part], index.path.stem)
            finder = _Finder(folders)
            for image in index.images.values():
                name = PurePosixPath(image.file_name)
                sample_id = name.stem if stems[name.stem] == 1 else f"{self._splits[part]}/{name.stem}"
                if sample_id in entries or sample_id in missing:
                    sample_id = f"{sample_id}-{image.id}"
                if name.is_absolute() or ".." in name.parts:
                    missing[sample_id] = f"its file name {image.file_name} leads out of the dataset"
                elif (photo := finder.find(image.file_name)) is None:
                    missing[sample_id] = f"there is no photo {image.file_name}"
                else:
                    entries[sample_id] = _Entry(image, part, photo)
        return entries, missing

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        entry = self._entries[sample_id]
        spans = self._indices[entry.part].spans(entry.image.id)
        load = partial(_read_annotation, self._files[entry.part], entry.image, spans, entry.photo)
        return sample_of_objects(
            sample_id,
            self.kind,
            entry.photo,
            self.taxonomy,
            load,
            split=self._splits[entry.part],
            group=entry.image.group,
        )


def _json_files(path: Path) -> Iterator[Path]:
    for folder in (path / "annotations", path):
        if folder.is_dir():
            yield from sorted(file for file in folder.glob("*.json") if not file.name.startswith("."))


def _looks_like_coco(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return re.search(rb'"(images|annotations|image_id)"\s*:', head) is not None


def _split_files(path: Path) -> dict[str, Path]:
    if path.is_file():
        return {_split_name(path.stem): path}
    found = [file for file in _json_files(path) if _looks_like_coco(file)]
    if not found:
        raise DatasetError(f"{path} holds no COCO file: it is a JSON file with images and annotations")
    names = Counter(_split_name(file.stem) for file in found)
    files: dict[str, Path] = {}
    for file in found:
        short = _split_name(file.stem)
        files[short if names[short] == 1 else file.stem] = file
    return files


def _split_name(stem: str) -> str:
    """`instances_attributes_train2020` -> `train`; a stem that says no such word stands for itself."""
    words = re.findall(r"[a-z]+", stem.lower())
    for name, others in (("train", ("training",)), ("val", ("validation", "valid")), ("test", ())):
        if name in words or any(other in words for other in others):
            return name
    return stem.removeprefix("instances_")


def _photo_folders(path: Path, root: Path | None, split: str, stem: str) -> list[Path]:
    own = stem.removeprefix("instances_")
    if root is not None:
        return [root / name for name in (split, own, ".") if (root / name).is_dir()]
    base = path.parent if path.is_file() else path
    if base.name == "annotations":
        base = base.parent
    names = (f"images/{split}", f"images/{own}", "images", split, own, "photos", ".")
    return [base / name for name in names if (base / name).is_dir()]


class _Finder:
    """Looks for photos in several folders, reading each folder's names once."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders
        self._names: dict[Path, frozenset[str]] = {}

    def find(self, file_name: str) -> Path | None:
        """The photo's file in the first folder that has it."""
        for folder in self._folders:
            photo = folder / file_name
            parent = photo.parent
            if parent not in self._names:
                names = (item.name for item in parent.iterdir()) if parent.is_dir() else ()
                self._names[parent] = frozenset(names)
            if photo.name in self._names[parent]:
                return photo
        return None


def _file_of(index: CocoIndex, taxonomy: Taxonomy) -> _File:
    names: dict[int, str] = {}
    for row in index.categories:
        number = int(row["id"])
        if number in names:
            raise DatasetError(f"{index.path} has two categories with the id {number}")
        names[number] = str(row["name"])
    return _File(index.path, {number: label_of(name, taxonomy) for number, name in names.items()}, names)


def _read_annotation(file: _File, image: CocoImage, spans: tuple[Span, ...], photo: Path) -> Annotation:
    size = image.size or photo_size(photo)
    faults: list[str] = []
    instances: list[Instance] = []
    groups: list[str] = [] if image.group is None else [image.group]
    try:
        with file.path.open("rb") as stream:
            records = [load_span(stream, *span) for span in spans]
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file.path} was changed or taken away while it was being read") from error
    for record in records:
        instance = _read_record(file, record, size, faults)
        if instance is not None:
            instances.append(instance)
        if record.get("pair_id") is not None:
            groups.append(str(record["pair_id"]))
    return Annotation(tuple(instances), size, groups[0] if groups else None, image.attributes, tuple(faults))


def _read_record(
    file: _File, record: Mapping[str, Any], size: tuple[int, int], faults: list[str]
) -> Instance | None:
    who = f"annotation {record.get('id', 'without id')}"
    category = record.get("category_id")
    if not isinstance(category, int) or category not in file.names:
        faults.append(f"{who}: there is no category {category}")
        return None
    label = file.labels[category]
    if label is None:
        faults.append(f"{who}: its class {file.names[category]!r} is not in the taxonomy")
        return None
    shape = record.get("segmentation")
    count = len(faults)
    box = None if record.get("bbox") is None else checked_box(record["bbox"], size, who, faults)
    if len(faults) > count:
        return None
    rle = checked_rle(shape, size, who, faults) if isinstance(shape, dict) else None
    polygons = checked_polygons(shape, size, who, faults) if shape and not isinstance(shape, dict) else ()
    if rle is None and not polygons:
        if len(faults) == count:
            faults.append(f"{who}: it has no segmentation")
        return None
    area, number = record.get("area"), record.get("id")
    return Instance(
        label,
        polygons=polygons,
        rle=rle,
        box=box,
        area=area if isinstance(area, int | float) and all_numbers([area]) else None,
        keypoints=_keypoints(record.get("keypoints"), who, faults),
        attributes={key: value for key, value in record.items() if key not in _READ},
        crowd=bool(record.get("iscrowd")) and not _is_painted(record),
        id=number if isinstance(number, int) else None,
    )


def _is_painted(record: Mapping[str, Any]) -> bool:
    """Whether CVAT wrote the object: it calls each mask that was painted a crowd, whatever it is."""
    attributes = record.get("attributes")
    return isinstance(attributes, dict) and "occluded" in attributes and not attributes.get("is_crowd")


def _keypoints(values: Any, who: str, faults: list[str]) -> Keypoints | None:
    if not values:
        return None
    if not isinstance(values, list) or len(values) % 3 or not all_numbers(values):
        faults.append(f"{who}: its keypoints are no x, y, v triples and are left out")
        return None
    return Keypoints(values, 0, len(values) // 3)
