"""Photos and labels as tensors, for any architecture: read, fitted, mapped to the taxonomy that is learned.

A photo keeps its shape: it is laid on a canvas, and what it does not cover is ignored. Batch number n of a run is the
same whenever it is made, in whatever process: a run that was killed goes on with the batches it would have had.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from torch.utils.data import Dataset as TorchDataset

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import Dataset, Sample, open_dataset, split_units
from ewardrobe.datasets.views import Remapped
from ewardrobe.errors import DatasetError, EwardrobeError
from ewardrobe.taxonomy import IGNORE
from ewardrobe.training.config import Source

__all__ = ["Photo", "Photos", "fit", "open_sources", "shared"]

Pixels = NDArray[np.uint8]


@dataclass
class Photo:
    """One photo to learn from.

    Attributes:
        pixels: uint8 (H, W, 3) RGB.
        labels: uint8 (H, W) indices of the taxonomy that is learned, 255 = ignore.
        objects: uint8 (n, H, W) masks, 1 inside, of the objects, for instance tasks; else None.
        classes: int64 (n,), their taxonomy indices.
        alpha: uint8 (H, W) soft mask of the foreground, for matting; else None.
    """

    id: str
    pixels: Pixels
    labels: Pixels
    objects: Pixels | None = None
    classes: NDArray[np.int64] | None = None
    alpha: Pixels | None = None


def open_sources(sources: Sequence[Source], root: Path | None, taxonomy: str, seed: int) -> list[Dataset]:
    """The datasets of a config's sources, in `taxonomy`, each cut to its share.

    Raises:
        DatasetError: a folder is missing, in no known layout, or without pixel labels.
        TaxonomyError: there is no map from a dataset's taxonomy to `taxonomy`.
    """
    opened: list[Dataset] = []
    for source in sources:
        path = Path(source.path) if root is None else root / source.path
        dataset = open_dataset(path, format=source.format, split=source.split)
        written = dataset.taxonomy
        if written is None:
            raise DatasetError(f"{path} has no pixel labels: choose a split that has them")
        if source.held_out:
            dataset = _held_out(dataset, source)
        if written.name != taxonomy:
            dataset = Remapped(dataset, taxonomies.load_map(written.name, taxonomy))
        opened.append(shared(dataset, source.share, seed + len(opened)))
    return opened


def _held_out(dataset: Dataset, source: Source) -> Dataset:
    """The share that is held out, or the rest: what `ewardrobe dataset split --share val=SHARE` lists."""
    groups: dict[str, str | None] = {}
    for sample in dataset:
        try:
            groups[sample.id] = sample.read_group() if dataset.groups_in_annotations else sample.group
        except EwardrobeError:
            groups[sample.id] = None  # it is told of when it is read to learn from
    shares = {"train": 1 - source.held_out, "val": source.held_out}
    chosen = split_units(dict.fromkeys(groups, ()), shares, groups=groups)["val" if source.held else "train"]
    if not chosen:
        what = "holds out no" if source.held else "leaves no"
        raise DatasetError(f"held_out: {source.held_out} {what} photo of {len(dataset)} in {dataset.path}")
    return dataset.select(chosen)


def shared(dataset: Dataset, share: float, seed: int) -> Dataset:
    """A random part of `dataset`, the same for the same seed, at least one photo."""
    if share >= 1:
        return dataset
    count = max(1, round(share * len(dataset)))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(dataset))[:count])
    return dataset.select([dataset.ids[i] for i in chosen])


def fit(image: Pixels, size: tuple[int, int], interpolation: int) -> Pixels:
    """`image` (H, W) or (H, W, 3) resized to `size` (height, width)."""
    if image.shape[:2] == size:
        return image
    return np.asarray(cv2.resize(image, size[::-1], interpolation=interpolation), np.uint8)


class Photos(TorchDataset[Photo]):
    """The photos of several datasets as one sequence, read on demand.

    Args:
        datasets: in one taxonomy.
        side: photos are brought down to this many pixels of their long side at most; None keeps their size.
        objects: reads a sample's objects, masks uint8 (n, H, W) and classes int64 (n,), for instance tasks.
        matting: also read soft masks; where there is none, the foreground of the labels stands in.
        cache: keep what was read.
    """

    def __init__(
        self,
        datasets: Sequence[Dataset],
        *,
        side: int | None,
        objects: Callable[[Sample], tuple[Pixels, NDArray[np.int64]]] | None = None,
        matting: bool = False,
        cache: bool = False,
    ) -> None:
        self.datasets, self.side, self.objects, self.matting = list(datasets), side, objects, matting
        self.owners = [(d, i) for d, dataset in enumerate(self.datasets) for i in range(len(dataset))]
        if not self.owners:
            raise DatasetError("there is no photo to learn from: check the config's data")
        self.cached = cache
        self.cache: dict[tuple[int, int], Photo] = {}
        self.kept = np.arange(len(self.owners))

    def __len__(self) -> int:
        return len(self.owners)

    def __iter__(self) -> Iterator[Photo]:
        for index in range(len(self)):
            yield self[index]

    def __getitem__(self, index: int) -> Photo:
        owner, number = self.owners[index]
        if (owner, number) in self.cache:
            return self.cache[owner, number]
        photo = self._read(self.datasets[owner][number])
        if self.cached:
            self.cache[owner, number] = photo
        return photo

    def shapes(self) -> list[tuple[int, int]]:
        """(height, width) of every photo."""
        if self.cached:
            return [photo.labels.shape for photo in self]  # type: ignore[misc]
        sizes = [self.datasets[owner][number].size for owner, number in self.owners]
        return [(height, width) for width, height in sizes]

    def drop_broken(self, *, quiet: bool = False) -> None:
        """Read every photo that is to be kept in memory, or at least its size; leave out, and tell of, those that fail.

        Raises:
            DatasetError: none is left.
        """
        good, reasons = [], []
        for index in track(
            range(len(self)), "Reading photos", disable=quiet or len(self) < 100, transient=True
        ):
            try:
                if self.cached:
                    self[index]
                else:
                    owner, number = self.owners[index]
                    _ = self.datasets[owner][number].size
                good.append(index)
            except EwardrobeError as error:
                reasons.append(str(error))
        if not quiet:
            for reason in reasons[:10]:
                print(f"left out: {reason}", file=sys.stderr)
            if len(reasons) > 10:
                print(f"left out: {len(reasons) - 10} more", file=sys.stderr)
        if not good:
            raise DatasetError(f"no photo can be learned from; the first: {reasons[0]}")
        self.kept = np.asarray(good)
        self.owners = [self.owners[index] for index in good]

    def _read(self, sample: Sample) -> Photo:
        opened, labels = sample.read()
        pixels = opened.pixels.copy()  # the photo's own are read-only, which tensors cannot be
        height, width = labels.shape
        scale = 1.0 if self.side is None else min(1.0, self.side / max(height, width))
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        small = Photo(sample.id, fit(pixels, size, cv2.INTER_AREA), fit(labels, size, cv2.INTER_NEAREST))
        if self.objects is not None:
            masks, classes = self.objects(sample)
            small.objects = (
                np.stack([fit(mask, size, cv2.INTER_NEAREST) for mask in masks])
                if len(masks)
                else (np.zeros((0, *size), np.uint8))
            )
            small.classes = classes
        if self.matting:
            alpha = sample.alpha
            soft = (
                np.where((labels > 0) & (labels != IGNORE), 255, 0).astype(np.uint8)
                if alpha is None
                else (alpha * 255).round().astype(np.uint8)
            )
            small.alpha = fit(soft, size, cv2.INTER_AREA)
        return small
