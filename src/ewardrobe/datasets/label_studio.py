"""Label Studio's JSON export: photos that were labelled, or pre-labelled and corrected.

A JSON file that is a list of tasks: `data.image`, an address whose last part is the photo's name, and
`annotations`, each with `result`: regions of the type `polygonlabels`, `points` in percent of the photo, or
`brushlabels`, run lengths (see `brush`). The last annotation that was not cancelled counts; a task without one is
reported. Source: https://labelstud.io/guide/export, https://labelstud.io/tags/polygonlabels and
https://labelstud.io/tags/brushlabels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ewardrobe.datasets.brush import decode_brush
from ewardrobe.datasets.class_lists import label_of, taxonomy_of
from ewardrobe.datasets.dataset import Dataset
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.images import find_photos
from ewardrobe.datasets.instance import Annotation, Instance
from ewardrobe.datasets.photo_size import photo_size
from ewardrobe.datasets.sample import BrokenSample, Kind, Sample
from ewardrobe.datasets.segments import ring_fault
from ewardrobe.errors import DatasetError, MaskError

__all__ = ["LabelStudio", "looks_like_tasks"]

Region = Mapping[str, Any]
_POLYGON, _BRUSH = "polygonlabels", "brushlabels"
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # Label Studio puts this before the names of uploaded files


class LabelStudio(Dataset):
    """Photos with polygons and brush masks, from an export of the kind "JSON".

    Args:
        path: the export, or the folder that it lies in.
        split: must be `None`: an export has no splits.
        taxonomy: name of the taxonomy that the labels are of, where they are not recognised as one.
        kind: `worn` or `flat`.
        photos: folder of the photos, looked through with all below it; the export's own when `None`.
    """

    format = "label-studio"
    layout = "an export of Label Studio (JSON) and the photos"

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
        if split is not None:
            raise DatasetError(f"{path} has no split {split!r}: an export has none")
        self.kind = kind
        file = path if path.is_file() else next(_exports(path), path / "export.json")
        found = find_photos(Path(photos) if photos is not None else file.parent, below=True)
        self._photos = {PurePosixPath(name).name: photo for name, photo in found.items()}
        self._results: dict[str, tuple[Region, ...]] = {}
        missing: dict[str, str] = {}
        for task in _read_tasks(file):
            self._take(task, missing)
        names = sorted({name for result in self._results.values() for name in map(_label, result) if name})
        self.taxonomy = taxonomy_of(names, stated=taxonomy, own_name=file.stem)
        self._labels = {name: label_of(name, self.taxonomy) for name in names}
        self._keep([*self._results, *missing], missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """A JSON file that begins as a list of tasks."""
        return next(_exports(path), None) is not None

    def _take(self, task: Any, missing: dict[str, str]) -> None:
        try:
            name = _photo_name(str(task["data"]["image"]))
            done = [item for item in task.get("annotations") or () if not item.get("was_cancelled")]
            result = tuple(dict(region) for region in done[-1]["result"]) if done else None
        except (KeyError, TypeError, ValueError, AttributeError):
            self.broken.append(
                BrokenSample("a task", f"it needs data.image and annotations: {str(task)[:80]}")
            )
            return
        if name not in self._photos:
            name = _UPLOADED.sub("", name)
        if name in self._results:
            self.broken.append(BrokenSample(name, "there are two tasks for it; the first counts"))
        elif result is None:
            missing[name] = "nobody has labelled it"
        elif name not in self._photos:
            missing[name] = "there is no photo of that name"
        else:
            self._results[name] = result

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        photo = self._photos[sample_id]
        load = partial(_read_result, self._results[sample_id], photo, self._labels)
        return sample_of_objects(sample_id, self.kind, photo, self.taxonomy, load)


def looks_like_tasks(path: Path) -> bool:
    """Whether a JSON file begins as a list, which COCO's do not."""
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"["
    except OSError:
        return False


def _exports(path: Path) -> Iterator[Path]:
    return (file for file in sorted(path.glob("*.json")) if looks_like_tasks(file))


def _read_tasks(path: Path) -> list[Any]:
    try:
        tasks = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"cannot read {path}: it is no whole JSON file; export it again") from error
    if not isinstance(tasks, list):
        raise DatasetError(f"{path} is no list of tasks: export as JSON from Label Studio")
    return tasks


def _photo_name(address: str) -> str:
    """The stem of the photo behind an address such as `/data/local-files/?d=folder/photo.jpg`."""
    parts = urlsplit(address)
    path = parse_qs(parts.query).get("d", [unquote(parts.path)])[0]
    return PurePosixPath(path).stem


def _label(region: Region) -> str | None:
    value, kind = region.get("value"), region.get("type")
    labels = value.get(kind) if isinstance(value, dict) and kind in (_POLYGON, _BRUSH) else None
    return str(labels[0]) if isinstance(labels, list) and labels else None


def _read_result(result: tuple[Region, ...], photo: Path, labels: Mapping[str, str | None]) -> Annotation:
    size = photo_size(photo)
    faults: list[str] = []
    found = [
        _read_region(region, f"region {number}", size, labels, faults)
        for number, region in enumerate(result, start=1)
    ]
    return Annotation(
        tuple(item for item in found if item is not None), size, faults=tuple(faults), measured=True
    )


def _read_region(
    region: Region, who: str, size: tuple[int, int], labels: Mapping[str, str | None], faults: list[str]
) -> Instance | None:
    name = _label(region)
    if name is None:
        faults.append(
            f"{who}: it is {region.get('type')!r}, only polygons and brush masks with a label are read"
        )
        return None
    label = labels.get(name)
    if label is None:
        faults.append(f"{who}: its class {name!r} is not in the taxonomy")
        return None
    read = _painted if region["type"] == _BRUSH else _outlined
    return read(region, label, who, size, faults)


def _painted(
    region: Region, label: str, who: str, size: tuple[int, int], faults: list[str]
) -> Instance | None:
    from ewardrobe.imaging import encode_rle

    try:
        mask = decode_brush(region["value"].get("rle"), size)
    except MaskError as error:
        faults.append(f"{who}: {error}")
        return None
    if not mask.any():
        faults.append(f"{who}: its brush mask is empty")
        return None
    return Instance(label, rle=encode_rle(mask))


def _outlined(
    region: Region, label: str, who: str, size: tuple[int, int], faults: list[str]
) -> Instance | None:
    width, height = size
    try:
        ring = [value for x, y in region["value"]["points"] for value in (x * width / 100, y * height / 100)]
    except (KeyError, TypeError, ValueError):
        faults.append(f"{who}: it has no points")
        return None
    fault = ring_fault(ring, size)
    if fault is not None:
        faults.append(f"{who}: its polygon {fault}")
        return None
    return Instance(label, polygons=(ring,))
