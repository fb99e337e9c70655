"""`cut_out_photos`: clean pictures of the person, the garments, or the classic parts, background gone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import UsageError
from ewardrobe.jobs.outcomes import Outcome
from ewardrobe.jobs.pool import threads_for
from ewardrobe.jobs.segmenting import load_segmenter, model_identity, open_source, run_into_folder, summary
from ewardrobe.jobs.sources import Source

if TYPE_CHECKING:
    from ewardrobe.segmentation import Cutout, Segmenter

__all__ = ["cut_out_photos"]

_GROUPS = ("person", "garments", "parts")
_HEX = re.compile(r"#([0-9a-fA-F]{6})")


def cut_out_photos(
    sources: Sequence[Source],
    out: Path,
    *,
    of: str = "garments",
    background: str = "transparent",
    crop: bool = False,
    model: str = "default",
    description: Path | None = None,
    size: int | str | None = None,
    jobs: int = 1,
    overwrite: bool = False,
) -> Iterator[Outcome]:
    """Cut photos out into `out` and yield each one's outcome as it is finished.

    `of`: "person" (everything but the background, one picture), "garments" (one each), "parts" (the person, and top,
    bottom and dress as far as they are there), or a class of the model's taxonomy. `background`: "transparent",
    "#rrggbb" or the path of a picture. Without `crop` a picture has the photo's size. `description`: a JSON file that
    says what the model is.
    """
    _check_background(background)
    settings = {
        "verb": "cutout",
        **model_identity(model, description),
        "size": size,
        "of": of,
        "background": background,
        "crop": crop,
    }
    setup = partial(_load, model, size, threads_for(jobs), of, description)
    work = partial(_cut_out, out, of, background, crop)
    return run_into_folder(sources, out, settings, setup, work, jobs=jobs, overwrite=overwrite)


def _check_background(background: str) -> None:
    if background == "transparent" or _HEX.fullmatch(background):
        return
    if background.startswith("#"):
        raise UsageError(f"{background!r} is no colour: give six hexadecimal digits, such as #ffffff")
    if not Path(background).is_file():
        raise UsageError(
            f"the background {background!r} is neither 'transparent', a colour such as #ffffff, nor a file"
        )


def _load(
    model: str, size: int | str | None, threads: int, of: str, description: Path | None = None
) -> Segmenter:
    segmenter = load_segmenter(model, size, threads, description)
    garments = [segmenter.taxonomy[index].name for index in segmenter.taxonomy.garments]
    if of not in (*_GROUPS, *garments):
        raise UsageError(f"cannot cut out {of!r}; choose from: {', '.join((*_GROUPS, *garments))}")
    return segmenter


def _cut_out(
    out: Path, of: str, background: str, crop: bool, segmenter: Segmenter, source: Source
) -> Outcome:
    if source.is_video:
        raise UsageError(f"{source.path} is a video: segment it instead")
    segmentation = segmenter.segment(open_source(source))
    folder = out / source.folder
    folder.mkdir(parents=True, exist_ok=True)
    cutouts = segmentation.cutouts(of, background=_ground(background), crop=crop)
    names = _names(cutouts, numbered=of not in ("person", "parts"))
    files = tuple(
        cutout.save(folder / f"{source.stem}.{name}.png") for cutout, name in zip(cutouts, names, strict=True)
    )
    return Outcome(source, "done", "" if files else f"no {of} in it", files, summary(segmentation))


def _names(cutouts: Sequence[Cutout], *, numbered: bool) -> Iterator[str]:
    """Names for the files: `3-top` as in `segment`, or plainly `top`, and `top-2` for the second."""
    seen: Counter[str] = Counter()
    for cutout in cutouts:
        seen[cutout.name] += 1
        if numbered and cutout.garment is not None:
            yield f"{cutout.garment.number}-{cutout.name}"
        else:
            yield cutout.name if seen[cutout.name] == 1 else f"{cutout.name}-{seen[cutout.name]}"


def _ground(background: str) -> Any:
    """The background as `Segmentation.cutouts` takes it."""
    if background == "transparent":
        return None
    if match := _HEX.fullmatch(background):
        return tuple(bytes.fromhex(match[1]))
    from PIL import Image

    from ewardrobe.imaging import open_photo

    return Image.fromarray(open_photo(background).pixels)
