"""`Prelabelled`: photos with a model's garments as their objects, a dataset like any other, to be corrected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ewardrobe.datasets import Annotation, Dataset, Instance, Kind, Sample
from ewardrobe.datasets.drawn import sample_of_objects
from ewardrobe.datasets.images import load_photo
from ewardrobe.errors import UsageError
from ewardrobe.jobs.sources import Source

if TYPE_CHECKING:
    from ewardrobe.segmentation import Segmenter

__all__ = ["Prelabelled"]


class Prelabelled(Dataset):
    """Photos whose objects are what a model finds in them; the model runs when they are asked for.

    Each object's `attributes` are its `score` and its `person` (see `Garment`). In each process the model is
    loaded once.

    Args:
        sources: the photos; videos are no photos.
        model: a model's name or file.
        kind: `worn` or `flat`.
        threads: threads that the model may use in each process.
    """

    format = "prelabelled"
    layout = "photos"

    def __init__(
        self,
        sources: Sequence[Source],
        model: str = "default",
        *,
        kind: Kind = "worn",
        threads: int | None = None,
    ) -> None:
        photos = [source for source in sources if not source.is_video]
        if not photos:
            raise UsageError("there is no photo to label: name photos or folders of them")
        super().__init__(photos[0].path.parent)
        self.kind = kind
        self._photos = {(source.folder / source.stem).as_posix(): source.path for source in photos}
        self.ids = tuple(self._photos)
        self._model, self._threads = model, threads
        self.taxonomy = _segmenter(model, threads).taxonomy

    @classmethod
    def detect(cls, path: Path) -> bool:
        """No folder has this layout."""
        return False

    @property
    def identity(self) -> str:
        """The model's file as well."""
        from ewardrobe.jobs.segmenting import model_identity

        return f"{super().identity} {model_identity(self._model)}"

    def _sample(self, sample_id: str) -> Sample:
        assert self.taxonomy is not None
        photo = self._photos[sample_id]
        load = partial(_predict, photo, self._model, self._threads)
        return sample_of_objects(sample_id, self.kind, photo, self.taxonomy, load)


@lru_cache(maxsize=1)
def _segmenter(model: str, threads: int | None) -> Segmenter:
    from ewardrobe.jobs.segmenting import load_segmenter

    return load_segmenter(model, None, threads)


def _predict(path: Path, model: str, threads: int | None) -> Annotation:
    from ewardrobe.imaging import encode_rle

    found = _segmenter(model, threads).segment(load_photo(path))
    instances = tuple(
        Instance(
            garment.label,
            rle=encode_rle(garment.mask),
            box=garment.box,
            area=garment.area,
            attributes={"score": round(float(garment.score), 4), "person": garment.person},
        )
        for garment in found.garments
    )
    return Annotation(instances, found.photo.size, measured=True)
