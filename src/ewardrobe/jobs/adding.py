"""`add_photos`: many photos into the wardrobe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import PhotoError
from ewardrobe.jobs.outcomes import Outcome, failed
from ewardrobe.jobs.pool import run, threads_for
from ewardrobe.jobs.segmenting import load_segmenter, model_identity
from ewardrobe.jobs.sources import Source

if TYPE_CHECKING:
    from ewardrobe.segmentation import Segmenter
    from ewardrobe.wardrobe import AddResult, Wardrobe

__all__ = ["add_photos", "garment_records", "open_wardrobe"]


def add_photos(
    sources: Sequence[Source], home: Path | None = None, *, model: str = "default", jobs: int = 1
) -> Iterator[Outcome]:
    """Add photos to the wardrobe at `home` and yield each one's outcome as it is stored.

    A photo whose content is stored already is skipped. Each photo is stored whole or not at all; a run that is
    stopped goes on where it was when it is started again.
    """
    from ewardrobe.wardrobe import Wardrobe

    model_identity(model)
    # Made (and brought up to date) once, before several workers open it at the same time.
    with Wardrobe.open(home):
        pass
    setup = partial(open_wardrobe, home, model, threads_for(jobs))
    for source, result in run(setup, _add, sources, jobs=min(jobs, max(1, len(sources)))):
        yield failed(source, result) if isinstance(result, Exception) else result


def open_wardrobe(home: Path | None, model: str, threads: int) -> tuple[Wardrobe, Segmenter]:
    """What a worker keeps: the wardrobe, and its own segmenter."""
    from ewardrobe.wardrobe import Wardrobe

    return Wardrobe.open(home), load_segmenter(model, None, threads)


def _add(state: tuple[Wardrobe, Segmenter], source: Source) -> Outcome:
    wardrobe, segmenter = state
    if source.is_video:
        raise PhotoError(f"{source.path.name} is a video: only photos go into the wardrobe")
    result = wardrobe.add(source.path, segmenter=segmenter)
    items = tuple(garment_records(result))
    if result.skipped:
        return Outcome(source, "skipped", "already in the wardrobe", items=items)
    return Outcome(source, "done", "" if items else "no garment found, not stored", items=items)


def garment_records(result: AddResult) -> Iterator[dict[str, Any]]:
    """One plain record per garment of a photo, with what it looks like of those owned before."""
    alike: dict[int, list[dict[str, Any]]] = {}
    for pair in result.look_alikes:
        alike.setdefault(pair.garment_id, []).append(
            {"id": pair.other_id, "similarity": round(pair.similarity, 3)}
        )
    for garment in result.garments:
        kind = garment.provenance.get("type")
        seen = next(
            (item for item in garment.appearances if result.photo and item.photo_id == result.photo.id), None
        )
        yield {
            "id": garment.id,
            "title": garment.title,
            "class": garment.label,
            "score": None if seen is None else round(seen.score, 3),
            "type": garment.type,
            "colour": garment.colour,
            "pattern": garment.pattern,
            "type_confidence": None if kind is None else round(kind.confidence, 3),
            "runner_up": None if kind is None else kind.runner_up,
            "look_alikes": alike.get(garment.id, []),
        }
