"""DeepFashion2 as it is published: `train|validation/image/NNNNNN.jpg` and `train|validation/annos/NNNNNN.json`.

Each JSON has `source`, `pair_id` and `item1`, `item2`, ...: `category_id` 1..13, `style`, `bounding_box`
(x1, y1, x2, y2), `segmentation` (polygons, whose union is the item), `landmarks` (x, y, v), `scale`,
`occlusion`, `zoom_in`, `viewpoint`. Landmarks go into the 294 slots of all classes together.
Source: Ge et al., *DeepFashion2*, CVPR 2019, https://github.com/switchablenorms/DeepFashion2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.instance import Annotation, Instance, Keypoints
from ewardrobe.datasets.photo_size import photo_size
from ewardrobe.datasets.sample import Sample
from ewardrobe.datasets.segments import all_numbers, checked_box, checked_polygons
from ewardrobe.errors import DatasetError

__all__ = ["LANDMARKS", "DeepFashion2", "read_annotation"]

LANDMARKS: Mapping[int, int] = dict(enumerate((25, 33, 31, 39, 15, 15, 10, 14, 8, 29, 37, 19, 19), start=1))
"""How many landmarks each category has; their slots follow one another in this order, 294 in all."""

_SLOTS = sum(LANDMARKS.values())
_FIRST = dict(zip(LANDMARKS, accumulate(LANDMARKS.values(), initial=0), strict=False))
_ATTRIBUTES = ("style", "scale", "occlusion", "zoom_in", "viewpoint")
_SPLITS = ("train", "validation")


class DeepFashion2(Dataset):
    """Worn and shop photos in the taxonomy `deepfashion2`, splits `train` and `validation`.

    Ids are `SPLIT/NNNNNN`; where `path` is one split's own folder, `NNNNNN`.
    """

    format = "deepfashion2"
    layout = "train/image/, train/annos/ and the same in validation/"

    def __init__(self, path: Path, split: str | None = None) -> None:
        super().__init__(path, split)
        self.taxonomy = taxonomies.load("deepfashion2")
        self.groups_in_annotations = True
        self.keypoint_names = tuple(str(number) for number in range(1, _SLOTS + 1))
        if _is_split(path):
            folders = {"": path}
            if split not in (None, path.name):
                raise DatasetError(f"{path} is one split alone: open the folder above it for {split!r}")
        else:
            wanted = "validation" if split == "val" else split
            folders = {f"{name}/": path / name for name in _SPLITS if _is_split(path / name)}
            folders = {name: folder for name, folder in folders.items() if wanted in (None, folder.name)}
            if not folders:
                raise DatasetError(f"{path} has no split {split!r}: choose one of {', '.join(_SPLITS)}")
        self._places = {
            prefix.rstrip("/"): (folder.name, folder / "image", folder / "annos")
            for prefix, folder in folders.items()
        }
        listed: list[str] = []
        missing: dict[str, str] = {}
        for prefix, folder in folders.items():
            photos = {file.stem for file in (folder / "image").iterdir() if file.suffix == ".jpg"}
            labels = {file.stem for file in (folder / "annos").iterdir() if file.suffix == ".json"}
            listed.extend(prefix + stem for stem in sorted(photos | labels))
            missing |= {prefix + stem: "there is no annotation" for stem in photos - labels}
            missing |= {prefix + stem: "there is no photo" for stem in labels - photos}
        self._keep(listed, missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """`image` and `annos`, in a folder for each split or in this one."""
        return _is_split(path) or any(_is_split(path / name) for name in _SPLITS)

    def portion(self, ids: Sequence[str]) -> Iterable[Sample]:
        """A dataset of these alone: an id is all that a sample is made from."""
        part = self._with(tuple(ids))
        part.broken = []
        return part

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        prefix, _, stem = sample_id.rpartition("/")
        split, image, annos = self._places[prefix]
        photo = image / f"{stem}.jpg"
        load = partial(read_annotation, annos / f"{stem}.json", photo)
        return sample_of_objects(sample_id, self.kind, photo, self.taxonomy, load, split=split)


def _is_split(path: Path) -> bool:
    return (path / "image").is_dir() and (path / "annos").is_dir()


def read_annotation(path: Path, photo: Path) -> Annotation:
    """The items of one photo, whose size is read from the file `photo`.

    Raises:
        DatasetError: the file is missing, or no JSON object. PhotoError: so is the photo.
    """
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"cannot read {path}: it is no whole JSON object; restore it") from error
    if not isinstance(document, dict):
        raise DatasetError(f"{path} is no JSON object: it has source, pair_id and item1, item2, ...")
    names = [key for key in document if key.startswith("item")]
    size = photo_size(photo)
    faults: list[str] = []
    instances = [
        instance
        for name in sorted(names, key=lambda name: (len(name), name))
        if (instance := _read_item(name, document[name], size, faults)) is not None
    ]
    pair, source = document.get("pair_id"), document.get("source")
    return Annotation(
        tuple(instances),
        size,
        None if pair is None else str(pair),
        {} if source is None else {"source": source},
        tuple(faults),
        measured=True,
    )


def _read_item(name: str, item: Any, size: tuple[int, int], faults: list[str]) -> Instance | None:
    category = item.get("category_id") if isinstance(item, dict) else None
    if not isinstance(category, int) or category not in LANDMARKS:
        faults.append(f"{name}: there is no category {category}")
        return None
    count = len(faults)
    box = checked_box(_corners_to_box(item.get("bounding_box")), size, name, faults)
    polygons = checked_polygons(item.get("segmentation"), size, name, faults) if box else ()
    if not polygons:
        if len(faults) == count:
            faults.append(f"{name}: it has no polygons")
        return None
    label = taxonomies.load("deepfashion2")[category].name
    attributes = {key: item[key] for key in _ATTRIBUTES if key in item}
    return Instance(
        label,
        polygons=polygons,
        box=box,
        keypoints=_landmarks(item.get("landmarks"), category, name, faults),
        attributes=attributes,
    )


def _corners_to_box(corners: Any) -> Any:
    try:
        left, top, right, bottom = corners
        return left, top, right - left, bottom - top
    except (TypeError, ValueError):
        return corners


def _landmarks(values: Any, category: int, name: str, faults: list[str]) -> Keypoints | None:
    expected = 3 * LANDMARKS[category]
    if not isinstance(values, list) or len(values) != expected or not all_numbers(values):
        faults.append(f"{name}: it needs {expected} landmark numbers; they are left out")
        return None
    return Keypoints(values, _FIRST[category], _SLOTS)
