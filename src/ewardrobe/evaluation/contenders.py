"""The models of a comparison: named, loaded, described, and brought into one taxonomy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import TaxonomyError, UsageError
from ewardrobe.evaluation.running import Predictor, between
from ewardrobe.taxonomy import IGNORE, Taxonomy, TaxonomyMap

if TYPE_CHECKING:
    from ewardrobe.segmentation import Segmenter

__all__ = ["Contender", "load_contenders", "shared_taxonomy", "split_size"]


@dataclass
class Contender:
    """A model that takes part; `milliseconds` grows with each timing."""

    name: str
    predictor: Predictor
    task: str = "semantic"
    licence: str = ""
    megabytes: float | None = None
    size: str = ""
    milliseconds: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, name: str, segmenter: Segmenter) -> Contender:
        """A model of the catalogue or of a file, with what its description says."""
        from ewardrobe.segmentation import ModelInfo

        about = segmenter.description
        info = ModelInfo(
            about.name, about.title, about.about, about.licence, about.commercial_use, segmenter.path
        )
        side = segmenter.size
        return cls(
            name=name,
            predictor=segmenter,
            task=about.task,
            licence=info.licence_note,
            megabytes=segmenter.path.stat().st_size / 1e6,
            size=str(side) if isinstance(side, int) else f"{side[1]}x{side[0]}",
        )

    @property
    def latency(self) -> float:
        """Median milliseconds for a photo; NaN before anything was timed."""
        return float(np.median(self.milliseconds)) if self.milliseconds else float("nan")


def split_size(text: str) -> tuple[str, int | str | None]:
    """A model's name or file, and the inference size after an `@`: `default@live`, `mine.onnx@512`.

    A file whose name has an `@` in it is taken as it is.
    """
    name, at, size = text.rpartition("@")
    if not at or not name or not size or Path(text).is_file():
        return text, None
    return name, int(size) if size.isdigit() else size


def load_contenders(texts: Iterable[str]) -> list[Contender]:
    """Load each model, named `NAME`, `FILE`, or either with `@SIZE`.

    Raises:
        UsageError: none is named, or one twice.
        ModelError: a model is unknown, unreadable, or does not know the size.
    """
    from ewardrobe.segmentation import Segmenter

    wanted = [text.strip() for text in texts if text.strip()]
    if not wanted:
        raise UsageError("there is no model to compare: name some, such as default,default@live")
    twice = next((text for text in wanted if wanted.count(text) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice} is named twice: name each model once")
    short = [_short(text) for text in wanted]
    names = short if len(set(short)) == len(short) else wanted
    loaded = []
    for name, text in zip(names, wanted, strict=True):
        model, size = split_size(text)
        loaded.append(Contender.of(name, Segmenter(model, size=size)))
    return loaded


def _short(text: str) -> str:
    """A file by its stem, a name as it is; with the size."""
    model, size = split_size(text)
    stem = Path(model).stem if model.endswith(".onnx") else model
    return stem if size is None else f"{stem}@{size}"


def shared_taxonomy(models: Sequence[Taxonomy], labels: Taxonomy | None, name: str | None) -> Taxonomy:
    """The taxonomy in which models and labels are shown and scored together.

    The one named; else that of all models, if it is one and the labels can be written in it; else the finest each of
    whose classes every model can find, as a score of a class that one does not know would say nothing of how well it
    finds what it does know.

    Raises:
        TaxonomyError: there is none that all reach.
    """
    known = {taxonomy.name: taxonomy for taxonomy in (*models, *((labels,) if labels else ()))}
    if name is not None:
        target = known.get(name) or taxonomies.load(name)
        for taxonomy in known.values():
            between(taxonomy, target)
        return target
    candidates: dict[str, Taxonomy] = {
        **known,
        **{each: taxonomies.load(each) for each in taxonomies.names()},
    }
    finest_first = sorted(candidates.values(), key=lambda taxonomy: -len(taxonomy))
    if all(taxonomy.labels == models[0].labels for taxonomy in models):
        finest_first.insert(0, models[0])
    reached = [target for target in finest_first if _reach([*known.values()], target)]
    for target in reached:
        if all(_finds_all(taxonomy, target) for taxonomy in models):
            return target
    if reached:
        return reached[0]
    raise TaxonomyError(
        f"{', '.join(known)} have no map onto one taxonomy: name one that all reach, such as parts"
    )


def _reach(sources: Iterable[Taxonomy], target: Taxonomy) -> bool:
    return all(_map(source, target) is not None for source in sources)


def _finds_all(source: Taxonomy, target: Taxonomy) -> bool:
    found = _map(source, target)
    ends = set() if found is None else set(found.lut[: len(source)].tolist()) - {IGNORE}
    return ends | {0} == set(range(len(target)))


def _map(source: Taxonomy, target: Taxonomy) -> TaxonomyMap | None:
    try:
        return between(source, target)
    except TaxonomyError:
        return None
