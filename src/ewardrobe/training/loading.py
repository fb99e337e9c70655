"""Batches for the trainer: number n of a run is the same whenever and wherever it is made.

Photos are drawn with replacement, by weight. Every photo of a batch has a generator of its own, seeded by the run's
seed, the batch and its place in it: processes that share a batch make together what one would have made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from ewardrobe.training.config import Config
from ewardrobe.training.photos import Photos
from ewardrobe.training.transforms import Augmenter, Frame, fitted, to_frame

__all__ = ["Batch", "TrainBatches", "ValidationPhotos", "collate", "make_loader", "rarity"]


class Batch(TypedDict):
    """image uint8 (N, 3, H, W); labels uint8 (N, H, W), 255 = ignore; alpha uint8 (N, H, W); per photo objects uint8
    (n, H, W) and classes int64 (n,); ids."""

    image: Tensor
    labels: Tensor
    alpha: Tensor
    objects: list[Tensor]
    classes: list[Tensor]
    ids: list[str]


def collate(frames: Sequence[Frame], ids: Sequence[str]) -> Batch:
    """One batch of frames of one size."""
    return Batch(
        image=torch.stack([frame.image for frame in frames]),
        labels=torch.stack([frame.labels for frame in frames]),
        alpha=torch.stack([frame.alpha for frame in frames]),
        objects=[frame.objects for frame in frames],
        classes=[frame.classes for frame in frames],
        ids=list(ids),
    )


def rarity(photos: Photos, classes: int) -> NDArray[np.float64]:
    """Sampling weight of each photo by its rarest class: that class's photo count to the power -0.4, float (N,)."""
    held = np.zeros((len(photos), classes), bool)
    for row, photo in zip(held, photos, strict=True):
        counts = np.bincount(photo.labels.ravel(), minlength=256)[:classes]
        row[:] = counts > 0.001 * photo.labels.size
    rare = 1 / np.maximum(held.sum(0), 5) ** 0.4
    return np.asarray((held * rare).max(1, initial=float(rare.min())))


class TrainBatches(TorchDataset[Batch]):
    """All batches of a run.

    Args:
        photos: to learn from.
        shapes: (height, width) of each photo, to choose the canvas by.
        config: its `data`, `augmentation` and `training` are used.
        augmenter: of the config.
        weights: how often each photo is drawn, float (N,).
        rank, world: this process and how many share each batch; each makes `batch_size` photos of it.
    """

    def __init__(
        self,
        photos: Photos,
        shapes: Sequence[tuple[int, int]],
        config: Config,
        augmenter: Augmenter,
        weights: NDArray[np.float64],
        *,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.photos, self.config, self.augmenter = photos, config, augmenter
        self.rank, self.world = rank, world
        data = config.data
        upright = (data.height, data.width)
        wide = np.array([width > height for height, width in shapes]) & data.turn
        wide &= data.height != data.width
        if data.height < data.width:
            wide = ~wide if data.turn else wide
        self.canvases = [upright, upright[::-1]]
        self.pools = [np.flatnonzero(~wide), np.flatnonzero(wide)]
        self.weights = [weights[pool] / max(weights[pool].sum(), 1e-12) for pool in self.pools]
        self.turned = float(weights[wide].sum() / weights.sum())

    def __len__(self) -> int:
        about = self.config.training
        return about.steps * about.accumulate

    def __getitem__(self, number: int) -> Batch:
        seed, size = self.config.training.seed, self.config.data.batch_size
        rng = np.random.default_rng([seed, number])
        side = int(rng.random() < self.turned)
        frames, ids = [], []
        for place in range(self.rank * size, (self.rank + 1) * size):
            own = np.random.default_rng([seed, number, place])
            count = 4 if self.config.augmentation.mosaic else 2 if self.config.augmentation.copy_paste else 1
            picked = own.choice(self.pools[side], size=4, p=self.weights[side])[:count]
            several = [self.photos[int(index)] for index in picked]
            ids.append(several[0].id)
            frames.append(self.augmenter(own, [to_frame(photo) for photo in several], self.canvases[side]))
        return collate(frames, ids)


class ValidationPhotos(TorchDataset[Batch]):
    """Validation photos, one a batch: their long side is the canvas's, padded to multiples of `divisor`."""

    def __init__(self, photos: Photos, side: int, divisor: int, fixed: tuple[int, int] | None = None) -> None:
        self.photos, self.side, self.divisor, self.fixed = photos, side, divisor, fixed

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, index: int) -> Batch:
        photo = self.photos[index]
        frame = to_frame(photo)
        if self.fixed is not None:
            return collate([fitted(frame, self.fixed)], [photo.id])
        scale = self.side / max(frame.size)
        canvas = tuple(max(1, -(-round(side * scale) // self.divisor)) * self.divisor for side in frame.size)
        return collate([fitted(frame, (canvas[0], canvas[1]))], [photo.id])


def make_loader(batches: TorchDataset[Batch], numbers: range, workers: int) -> DataLoader[Batch]:
    """Loader of the batches of these numbers, in order."""
    return DataLoader(
        batches,
        batch_size=None,
        sampler=numbers,  # type: ignore[arg-type]
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        # OpenCV and the photos held in memory are shared with the workers.
        multiprocessing_context="fork" if workers else None,
        pin_memory=torch.cuda.is_available(),
    )
