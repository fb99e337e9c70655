"""`RestyledDataset`: the labelled photos of a dataset in other outfits, their labels unchanged; a dataset like any."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ewardrobe.datasets import Annotation, Dataset, Sample
from ewardrobe.errors import DatasetError, UsageError
from ewardrobe.taxonomy import Taxonomy

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo
    from ewardrobe.restyling.engines import Engine

__all__ = ["PIECE", "RestyledDataset"]

PIECE = 16
"""Photos that are done, and noted as done, together: restyling one takes about as long as converting a hundred."""

_MARK = ".outfit"


class RestyledDataset(Dataset):
    """Each photo `per_photo` times, as `ID.outfit1` and so on, in outfits drawn for it; made when they are asked for.

    What is drawn depends on `seed`, the photo's id and the outfit's number alone. The outfits of a photo are one group,
    so that no split tears them apart.

    Args:
        inner: a dataset with pixel labels.
        per_photo: outfits for each photo.
        seed: another seed draws other outfits.
        engine: name of the engine that makes them.
        settings: the engine's own.
        originals: whether the photos as they are belong to it too, before their outfits.

    Raises:
        DatasetError: the dataset has no pixel labels.
        UsageError: there is no such engine, or a setting of it is wrong.
    """

    format = "restyled"
    layout = "made in memory"

    def __init__(
        self,
        inner: Dataset,
        per_photo: int,
        *,
        seed: int = 0,
        engine: str = "recolour",
        settings: Mapping[str, object] | None = None,
        originals: bool = False,
    ) -> None:
        super().__init__(inner.path, inner.split)
        if inner.taxonomy is None:
            raise DatasetError(f"{inner.path} has no pixel labels: nothing says where its garments are")
        if per_photo < 1:
            raise UsageError(f"{per_photo} outfits for each photo are none: ask for at least one")
        self.inner, self.seed = inner, seed
        self._engine = engine, tuple(sorted((settings or {}).items()))
        _made(*self._engine)
        self.kind, self.taxonomy, self.warnings = inner.kind, inner.taxonomy, inner.warnings
        self.attribute_names, self.keypoint_names = inner.attribute_names, inner.keypoint_names
        self.groups_in_annotations = inner.groups_in_annotations
        self.broken = list(inner.broken)
        outfits = [f"{_MARK}{number}" for number in range(1, per_photo + 1)]
        self.ids = tuple(
            f"{name}{end}" for name in inner.ids for end in ([""] if originals else []) + outfits
        )

    @classmethod
    def detect(cls, path: Path) -> bool:
        """No folder has this layout."""
        return False

    @property
    def identity(self) -> str:
        """The seed and the engine as well."""
        return f"{self.inner.identity}; restyled {json.dumps([self.seed, *self._engine], default=str)}"

    def _sample(self, sample_id: str) -> Sample:
        name, mark, number = sample_id.rpartition(_MARK)
        sample = self.inner._sample(name if mark else sample_id)
        load = sample.load_annotation
        group = sample.group or sample.id
        shared = replace(
            sample, group=group, load_annotation=None if load is None else partial(_grouped, load, group)
        )
        if not mark:
            return shared
        assert self.taxonomy is not None
        outfit = _Outfit(sample, self.taxonomy, _seed_of(self.seed, name, int(number)), *self._engine)
        # It is no file: what it is made from must not be taken for it.
        return replace(shared, id=sample_id, path=None, load_photo=partial(_photo_of, outfit))


@dataclass(frozen=True, eq=False)
class _Outfit:
    """What an outfit is made from; it pickles."""

    sample: Sample
    taxonomy: Taxonomy
    seed: int
    engine: str
    settings: tuple[tuple[str, object], ...]


def _seed_of(seed: int, name: str, number: int) -> int:
    digest = hashlib.sha256(f"{seed}:{number}:{name}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")


@lru_cache(maxsize=1)
def _made(engine: str, settings: tuple[tuple[str, object], ...]) -> Engine:
    from ewardrobe.restyling.engines import Options, create_engine
    from ewardrobe.restyling.inpainting import OpenCVInpainter

    return create_engine(engine, Options(OpenCVInpainter(), dict(settings)))


@lru_cache(maxsize=1)  # writers ask for the size and then for the photo
def _photo_of(outfit: _Outfit) -> Photo:
    import numpy as np

    from ewardrobe.imaging import open_photo
    from ewardrobe.restyling.outfits import restyle_labelled

    photo, label_map = outfit.sample.read()
    engine = _made(outfit.engine, outfit.settings)
    rng = np.random.default_rng(outfit.seed)
    worn = outfit.sample.kind == "worn"
    pixels, _ = restyle_labelled(photo.pixels, label_map, outfit.taxonomy, engine, rng, worn=worn)
    return open_photo(pixels)


def _grouped(load: Callable[[], Annotation], group: str) -> Annotation:
    annotation = load()
    return annotation if annotation.group is not None else replace(annotation, group=group)
