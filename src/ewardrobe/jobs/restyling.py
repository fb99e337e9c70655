"""`restyle_photos`: garments of many photos changed by one prompt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import UsageError
from ewardrobe.jobs.outcomes import Outcome
from ewardrobe.jobs.pool import threads_for
from ewardrobe.jobs.segmenting import load_segmenter, model_identity, open_source, run_into_folder
from ewardrobe.jobs.sources import Source

if TYPE_CHECKING:
    from ewardrobe.restyling import Restyler
    from ewardrobe.restyling.engines import OnStep
    from ewardrobe.segmentation import Segmenter

__all__ = ["name_of", "restyle_photos"]

_LONGEST_NAME = 40


def restyle_photos(
    sources: Sequence[Source],
    out: Path,
    *,
    prompt: str,
    garment: str | None = None,
    engine: str = "auto",
    seed: int = 0,
    count: int = 1,
    inpainter: Path | None = None,
    engine_settings: Mapping[str, object] | None = None,
    on_step: OnStep | None = None,
    model: str = "default",
    description: Path | None = None,
    size: int | str | None = None,
    jobs: int = 1,
    overwrite: bool = False,
) -> Iterator[Outcome]:
    """Change the photos by `prompt` into `out` and yield each one's outcome as it is finished.

    Each photo gives `count` pictures, of the seeds `seed` and those after it, or none where the garment is not in it.
    `engine_settings` are the `settings` of `restyle`; `on_step` hears of an engine's steps where there is one job only.
    The other arguments are those of `restyle` and `segment_photos`. UsageError, before anything is done, for a prompt
    that is not understood or that no engine can meet.
    """
    asked: dict[str, object] = {
        "garment": garment,
        "engine": engine,
        "inpainter": inpainter,
        "settings": engine_settings,
    }
    hears = {"on_step": on_step} if jobs == 1 else {}
    setup = partial(_load, prompt, asked | hears, model, size, threads_for(jobs), description)
    _restyler(prompt, asked)
    settings = {
        "verb": "restyle",
        **model_identity(model, description),
        "size": size,
        "prompt": prompt,
        "garment": garment,
        "engine": engine,
        "seeds": [seed, count],
        "inpainter": None if inpainter is None else str(inpainter),
        **({"engine_settings": dict(engine_settings)} if engine_settings else {}),
    }
    work = partial(_restyle, out, name_of(prompt, garment), range(seed, seed + count))
    return run_into_folder(sources, out, settings, setup, work, jobs=jobs, overwrite=overwrite)


def _restyler(prompt: str, asked: Mapping[str, Any]) -> Restyler:
    from ewardrobe.restyling import Restyler

    return Restyler(prompt, **asked)


def _load(
    prompt: str,
    asked: Mapping[str, Any],
    model: str,
    size: int | str | None,
    threads: int,
    description: Path | None,
) -> tuple[Restyler, Segmenter]:
    restyler = _restyler(prompt, asked)
    restyler.load()
    return restyler, load_segmenter(model, size, threads, description)


def name_of(prompt: str, garment: str | None) -> str:
    """What files of this prompt are called after their photo's stem: its words, and a digest where they do not fit."""
    said = prompt if garment is None else f"{garment} {prompt}"
    name = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(said.encode()).hexdigest()[:6]
        name = f"{name[: _LONGEST_NAME - 7].rstrip('-')}-{digest}"
    return name


def _restyle(
    out: Path, name: str, seeds: range, state: tuple[Restyler, Segmenter], source: Source
) -> Outcome:
    restyler, segmenter = state
    if source.is_video:
        raise UsageError(f"{source.path} is a video: restyle takes photos")
    segmentation = segmenter.segment(open_source(source))
    # All before any is written: a photo gives all its pictures or none.
    pictures = restyler.restyle_many(segmentation, seeds)
    folder = out / source.folder
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{source.stem}.{name}"
    files = tuple(
        picture.save(folder / (f"{stem}.png" if len(seeds) == 1 else f"{stem}.{seed}.png"))
        for picture, seed in zip(pictures, seeds, strict=True)
    )
    return Outcome(source, "done", "; ".join(pictures[0].done), files)
