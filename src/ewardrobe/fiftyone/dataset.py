"""A field of a FiftyOne view as a `Dataset`, so that whatever takes one (scoring, export, training) takes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import fiftyone as fo
from ewardrobe.datasets import Annotation, Dataset, Kind, Sample
from ewardrobe.datasets.class_lists import known_name
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.images import load_photo
from ewardrobe.datasets.photo_size import photo_size
from ewardrobe.errors import UsageError
from ewardrobe.fiftyone.labels import annotation_of, field_taxonomy, label_map_of
from ewardrobe.fiftyone.work import photos_of
from ewardrobe.taxonomy import Taxonomy

__all__ = ["FieldDataset"]

SPLITS = ("train", "val", "validation", "test")
"""Tags that are splits."""


class FieldDataset(Dataset):
    """The samples of a view that have labels in a field of segmentations, or of detections with masks.

    Ids are the photos' stems where they differ, else with the end of the sample's id; `sample_ids` gives the samples'
    own. A tag `train`, `val` or `test` is the split. Samples without labels are in `broken`.

    Raises:
        UsageError: the view has no photos, or the field no labels of these kinds.
    """

    format = "fiftyone"
    layout = "a field of a FiftyOne dataset"

    def __init__(
        self, view: Any, field: str, *, taxonomy: Taxonomy | str | None = None, kind: Kind = "worn"
    ) -> None:
        dataset = view._root_dataset
        super().__init__(Path(dataset.name))
        document = getattr(dataset.get_field(field), "document_type", None)
        if document not in (fo.Segmentation, fo.Detections):
            raise UsageError(f"{field!r} is no field of segmentations or detections of this dataset")
        photos = photos_of(view)
        self.kind = kind
        self.field = field
        self.taxonomy = (
            taxonomy if isinstance(taxonomy, Taxonomy) else field_taxonomy(dataset, field, taxonomy)
        )
        self._view = view
        stems = Counter(Path(file).stem for _, file in photos)
        names = {
            found: Path(file).stem if stems[Path(file).stem] == 1 else f"{Path(file).stem}-{found[-6:]}"
            for found, file in photos
        }
        self.sample_ids: Mapping[str, str] = {name: found for found, name in names.items()}
        self._names = {Path(file): names[found] for found, file in photos}
        labelled = set(view.exists(field).values("id"))
        missing = {names[found]: f"no labels in {field}" for found, _ in photos if found not in labelled}
        self._keep(list(names.values()), missing)

    @classmethod
    def detect(cls, path: Path) -> bool:
        """No folder has this layout."""
        return False

    @property
    def identity(self) -> str:
        """That of the field, and when the dataset was last changed."""
        return f"{super().identity} {self.field} {self._view._root_dataset.last_modified_at}"

    def sample_of(self, path: Path | None) -> Sample:
        """The sample of a photo's file; KeyError when it is none of the view's."""
        return self._sample(self._names[path] if path is not None else "")

    def _sample(self, sample_id: str) -> Sample:
        found = self._view[self.sample_ids[sample_id]]
        assert self.taxonomy is not None
        path = Path(found.filepath)
        split = next((tag for tag in SPLITS if tag in found.tags), None)
        label = found[self.field]
        if isinstance(label, fo.Detections):
            load = partial(_annotation, label, path)
            return sample_of_objects(sample_id, self.kind, path, self.taxonomy, load, split=split)
        return Sample(
            sample_id,
            self.kind,
            partial(load_photo, path),
            taxonomy=known_name(self.taxonomy),
            split=split,
            load_label_map=partial(label_map_of, label, len(self.taxonomy)),
            path=path,
        )


def _annotation(label: fo.Detections, path: Path) -> Annotation:
    return annotation_of(label, photo_size(path))
