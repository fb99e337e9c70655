"""`segment_photos`: label maps, overlays, cut-outs and records of many photos into one folder."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import UsageError
from ewardrobe.jobs.journal import Journal, JournalWriter
from ewardrobe.jobs.outcomes import Outcome, failed
from ewardrobe.jobs.pool import run, threads_for
from ewardrobe.jobs.sources import Source

if TYPE_CHECKING:
    from ewardrobe.imaging import Photo
    from ewardrobe.segmentation import Segmentation, Segmenter

__all__ = [
    "SAVED",
    "load_segmenter",
    "model_identity",
    "open_source",
    "run_into_folder",
    "segment_photos",
    "summary",
]

SAVED = ("labels", "overlay", "cutouts", "json", "mask")
"""What `segment` can write for a photo."""

Work = Callable[[Any, Source], Outcome]


def segment_photos(
    sources: Sequence[Source],
    out: Path,
    *,
    model: str = "default",
    description: Path | None = None,
    size: int | str | None = None,
    save: Collection[str] = ("labels", "overlay", "cutouts", "json"),
    jobs: int = 1,
    overwrite: bool = False,
) -> Iterator[Outcome]:
    """Segment photos and videos into `out` and yield each one's outcome as it is finished.

    A photo that an earlier run with the same settings finished is skipped unless `overwrite`. `save` names what is
    written, of `SAVED`; a video gives a labelled video. `description`: a JSON file that says what the model is.
    UsageError for an unknown name in `save`, ModelError when the model cannot be loaded.
    """
    unknown = [name for name in save if name not in SAVED]
    if unknown or not save:
        raise UsageError(f"cannot save {', '.join(unknown) or 'nothing'}; choose from {', '.join(SAVED)}")
    settings = {"verb": "segment", **model_identity(model, description), "size": size, "save": sorted(save)}
    setup = partial(load_segmenter, model, size, threads_for(jobs), description)
    work = partial(_segment, out, tuple(save))
    return run_into_folder(sources, out, settings, setup, work, jobs=jobs, overwrite=overwrite)


def run_into_folder(
    sources: Sequence[Source],
    out: Path,
    settings: dict[str, Any],
    setup: Callable[[], Any],
    work: Work,
    *,
    jobs: int,
    overwrite: bool,
) -> Iterator[Outcome]:
    """Do `work` on each source that the journal of `out` does not hold as finished, and note those that are."""
    out.mkdir(parents=True, exist_ok=True)
    journal = Journal(out, settings)
    todo: list[Source] = []
    for source in sources:
        files = None if overwrite else journal.files_of(source.path)
        if files is None:
            todo.append(source)
        else:
            yield Outcome(source, "skipped", "done in an earlier run", tuple(files))
    if not todo:
        return
    noted = partial(_work_and_note, journal.writer, work)
    for source, result in run(setup, noted, todo, jobs=min(jobs, len(todo))):
        yield failed(source, result) if isinstance(result, Exception) else result


def _work_and_note(writer: JournalWriter, work: Work, state: Any, source: Source) -> Outcome:
    outcome = work(state, source)
    writer.add(source.path, outcome.files)
    return outcome


def load_segmenter(
    model: str, size: int | str | None, threads: int | None, description: Path | None = None
) -> Segmenter:
    """A worker's own segmenter; OpenCV is held to the same number of threads."""
    import cv2

    from ewardrobe.segmentation import Segmenter, read_description_file

    if threads is not None:
        cv2.setNumThreads(threads)
    about = None if description is None else read_description_file(description)
    return Segmenter(model, size=size, threads=threads, description=about)


def model_identity(model: str, description: Path | None = None) -> dict[str, Any]:
    """What tells one model file, as described, from another; ModelError when there is no such model."""
    from ewardrobe.segmentation import read_description_file, resolve

    path = resolve(model)
    status = path.stat()
    identity = {"model": str(model), "bytes": status.st_size, "time": status.st_mtime_ns}
    if description is not None:
        identity["description"] = read_description_file(description).to_json()
    return identity


def open_source(source: Source) -> Photo:
    """The source's photo, named as its outputs are to be."""
    from ewardrobe.imaging import open_photo

    return replace(open_photo(source.path), name=source.stem)


def summary(segmentation: Segmentation) -> tuple[dict[str, Any], ...]:
    """One plain record per garment of a segmentation."""
    return tuple(
        {
            "number": garment.number,
            "class": garment.label,
            "score": round(float(garment.score), 3),
            "box": list(garment.box),
            "area": garment.area,
            "person": garment.person,
        }
        for garment in segmentation.garments
    )


def _segment(out: Path, save: tuple[str, ...], segmenter: Segmenter, source: Source) -> Outcome:
    folder = out / source.folder
    folder.mkdir(parents=True, exist_ok=True)
    if source.is_video:
        from ewardrobe.segmentation import segment_video

        video = segment_video(source.path, folder / f"{source.stem}.overlay.mp4", segmenter)
        return Outcome(source, "done", f"{video.frames} frames", (video.path,))
    segmentation = segmenter.segment(open_source(source))
    files = segmentation.save(folder, what=set(save))
    return Outcome(source, "done", files=tuple(files), items=summary(segmentation))
