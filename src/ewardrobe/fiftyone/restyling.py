"""Outfits changed by prompt: each picture a new file, and a new sample that says what it was made of."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import fiftyone.core.media as fom
import numpy as np

import fiftyone as fo
from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.fiftyone.work import LeftOut, Step, Summary, Work, every_sample, left_out, photos_of
from ewardrobe.imaging import open_photo
from ewardrobe.jobs.restyling import name_of
from ewardrobe.jobs.segmenting import load_segmenter
from ewardrobe.restyling import Restyled, Restyler
from ewardrobe.restyling.choosing import AUTO

__all__ = ["MASK", "PREFIX", "TAG", "change_outfit", "default_folder"]

TAG = "restyled"
PREFIX = "restyle_"
"""Of the fields that say how a sample was made: source, prompt, changes, engine, seed, mask."""
MASK = f"{PREFIX}mask"
_FIELDS = {
    "source": fo.StringField,
    "prompt": fo.StringField,
    "changes": fo.StringField,
    "engine": fo.StringField,
    "seed": fo.IntField,
}


def default_folder(dataset: fo.Dataset) -> Path:
    """Where new pictures go unless told otherwise: below FiftyOne's folder of datasets."""
    return Path(fo.config.default_dataset_dir) / dataset.name / TAG


def change_outfit(
    view: Any,
    prompt: str,
    *,
    garment: str | None = None,
    engine: str = AUTO,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    number: int = 1,
    folder: str | Path | None = None,
    inpainter: str | Path | None = None,
    model: str = "default",
) -> Work:
    """Change clothes in each photo of a view by `prompt` and add the pictures to the dataset as new samples.

    Each photo gives `number` pictures, of `seed` and the seeds after it, or none where the garment is not in it. A new
    sample carries the tag `restyled`, the id of its source, prompt, what was changed, engine, seed, and the mask of it
    (1 where pixels are others); in a grouped dataset it joins its source's group as the next free slice
    `outfit-1`, `outfit-2` ... A picture that the dataset has already is left as it is.

    `engine`: a name, or `auto`; `settings` are the engine's own, as `Restyler` takes them.

    Raises:
        UsageError: the prompt is not understood, or the engine cannot meet it.
        ModelError: model or inpainter cannot be loaded.
    """
    photos = photos_of(view)
    dataset = view._root_dataset
    restyler = Restyler(
        prompt, garment=garment, engine=engine, inpainter=inpainter or None, settings=settings
    )
    segmenter = load_segmenter(model, None, None)
    target = Path(folder).expanduser().absolute() if folder else default_folder(dataset)
    _declare(dataset)
    present = set(every_sample(dataset).values("filepath"))
    missed: list[LeftOut] = []
    ids: list[str] = []
    pictures = 0
    for place, (source, file) in enumerate(photos, start=1):
        stem = f"{Path(file).stem}-{source[-6:]}.{name_of(prompt, garment)}.{engine}"
        paths = {chosen: str(target / f"{stem}.{chosen}.png") for chosen in range(seed, seed + number)}
        todo = {chosen: path for chosen, path in paths.items() if path not in present}
        try:
            made = _pictures(restyler, segmenter, file, list(todo))
        except Exception as error:
            missed.append(left_out(file, error))
        else:
            found = [_add(dataset, source, path, chosen, made[chosen]) for chosen, path in todo.items()]
            pictures += len(found)
            ids += [source, *found]
        yield Step(place, len(photos))
    if not ids and missed:
        raise UsageError(f"no photo could be changed; {missed[0].photo}: {missed[0].reason}")
    changes = "; ".join(map(str, restyler.changes))
    return Summary(f"{pictures} new pictures ({changes})", pictures, tuple(missed), tuple(ids))


def _declare(dataset: fo.Dataset) -> None:
    """Make the fields; UsageError when one of the names is taken by something else."""
    for name, kind in _FIELDS.items():
        field = dataset.get_field(PREFIX + name)
        if field is None:
            dataset.add_sample_field(PREFIX + name, kind)
        elif not isinstance(field, kind):
            raise UsageError(f"the field {PREFIX + name!r} holds {type(field).__name__}: rename it first")
    field = dataset.get_field(MASK)
    if field is None:
        dataset.add_sample_field(MASK, fo.EmbeddedDocumentField, embedded_doc_type=fo.Segmentation)
        dataset.mask_targets[MASK] = {0: "as it was", 1: "changed"}
        dataset.save()
    elif getattr(field, "document_type", None) is not fo.Segmentation:
        raise UsageError(f"the field {MASK!r} holds something else: rename it first")


def _pictures(restyler: Restyler, segmenter: Any, file: str, seeds: list[int]) -> dict[int, Restyled]:
    """All pictures of a photo, before any is written."""
    if not seeds:
        return {}
    segmentation = segmenter.segment(open_photo(file))
    return dict(zip(seeds, restyler.restyle_many(segmentation, seeds), strict=True))


def _add(dataset: fo.Dataset, source: str, path: str, seed: int, made: Restyled) -> str:
    """The file, then the sample; without the sample there is no file either."""
    told = {
        "source": source,
        "prompt": made.provenance["prompt"],
        "changes": "; ".join(made.done),
        "engine": made.provenance["engine"],
        "seed": seed,
    }
    sample = fo.Sample(filepath=path, tags=[TAG], **{PREFIX + name: value for name, value in told.items()})
    sample[MASK] = fo.Segmentation(mask=(made.mask > 0).astype(np.uint8))
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EwardrobeError(f"{Path(path).parent} cannot be made: {error.strerror}") from error
    made.save(path)
    try:
        _join_group(dataset, source, sample)
        dataset.add_sample(sample)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(path).unlink()
        raise
    return str(sample.id)


def _join_group(dataset: fo.Dataset, source: str, sample: fo.Sample) -> None:
    if dataset.media_type != fom.GROUP:
        return
    group = every_sample(dataset)[source][dataset.group_field]
    taken = set(dataset.get_group(group.id))
    place = next(f"outfit-{number}" for number in range(1, len(taken) + 2) if f"outfit-{number}" not in taken)
    sample[dataset.group_field] = group.element(place)
