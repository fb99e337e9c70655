"""What each garment looks like as numbers, for FiftyOne Brain's similarity search and map of embeddings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import fiftyone.brain as fob

import fiftyone as fo
from ewardrobe.attributes import embed_garment
from ewardrobe.errors import DatasetError, MaskError, UsageError
from ewardrobe.fiftyone.labels import mask_of
from ewardrobe.fiftyone.segmenting import DETECTIONS
from ewardrobe.fiftyone.work import LeftOut, Step, Summary, Work, left_out, photos_of, samples_in_batches
from ewardrobe.imaging import open_photo

__all__ = ["ATTRIBUTE", "METHODS", "compute_garment_embeddings"]

ATTRIBUTE = "embedding"
METHODS = ("pca", "tsne", "umap")
"""Of the map; umap needs the package umap-learn."""
_LEAST = 3
"""Garments below which there is nothing to map."""


def compute_garment_embeddings(
    view: Any,
    *,
    field: str = DETECTIONS,
    similarity: str | None = None,
    visualization: str | None = None,
    method: str = "pca",
    batch_size: int = 16,
    overwrite: bool = False,
) -> Work:
    """Give each detection with a mask the attribute `embedding`, float32 (D,) of length 1.

    With `similarity` and `visualization`, brain keys, the garments of the view can then be sorted by likeness and shown
    as a map in the App; an index of that key is replaced where `overwrite` says so.

    Raises:
        UsageError: no such field of detections, a key that is taken, too few garments for a map.
    """
    photos = photos_of(view)
    dataset = view._root_dataset
    if getattr(dataset.get_field(field), "document_type", None) is not fo.Detections:
        raise UsageError(f"{field!r} is no field of detections: segment the clothes into one first")
    if method not in METHODS:
        raise UsageError(f"the map's method is one of {', '.join(METHODS)}, not {method!r}")
    _declare(dataset, f"{field}.detections.{ATTRIBUTE}")
    _check_keys(dataset, (similarity, visualization), overwrite)
    missed: list[LeftOut] = []
    done = count = 0
    for sample, save in samples_in_batches(dataset, [found for found, _ in photos], batch_size):
        try:
            count += _embed(sample, field)
        except Exception as error:
            missed.append(left_out(sample.filepath, error))
        else:
            save()
            done += 1
        yield Step(done + len(missed), len(photos))
    if not count:
        raise UsageError(f"no garment in {field!r} has a mask" + (f"; {missed[0].reason}" if missed else ""))
    said = f"{count} garments of {done} photos have embeddings in {field}.{ATTRIBUTE}"
    embedded = view.filter_labels(field, fo.ViewField(ATTRIBUTE) != None)  # noqa: E711 (an expression of the database)
    if similarity:
        fob.compute_similarity(
            embedded, patches_field=field, embeddings=ATTRIBUTE, brain_key=similarity, backend="sklearn"
        )
        said += f"; sort by likeness: {similarity}"
    if visualization:
        if count < _LEAST:
            raise UsageError(f"{count} garments are too few for a map; the embeddings are kept")
        fob.compute_visualization(
            embedded, patches_field=field, embeddings=ATTRIBUTE, brain_key=visualization, method=method
        )
        said += f"; panel Embeddings: {visualization}"
    return Summary(said, done, tuple(missed), tuple(found for found, _ in photos))


def _declare(dataset: fo.Dataset, path: str) -> None:
    """Brain reads an attribute only where the dataset knows it."""
    field = dataset.get_field(path)
    if field is None:
        dataset.add_sample_field(path, fo.VectorField)
    elif not isinstance(field, fo.VectorField):
        raise UsageError(f"the attribute {path!r} holds {type(field).__name__}: rename it first")


def _check_keys(dataset: fo.Dataset, keys: Iterable[str | None], overwrite: bool) -> None:
    for key in filter(None, keys):
        if not key.isidentifier():
            raise UsageError(f"{key!r} cannot be a brain key: use letters, digits and _")
        if dataset.has_brain_run(key):
            if not overwrite:
                raise UsageError(f"there is a brain run {key!r} already: choose another key, or overwrite it")
            dataset.delete_brain_run(key)


def _embed(sample: fo.Sample, field: str) -> int:
    """How many garments of a sample got one."""
    label = sample[field]
    if label is None or not label.detections:
        return 0
    photo = open_photo(sample.filepath)
    count = 0
    for detection in label.detections:
        try:
            detection[ATTRIBUTE] = embed_garment(photo.pixels, mask_of(detection, photo.size))
        except (DatasetError, MaskError):
            continue
        count += 1
    return count
