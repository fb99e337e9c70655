"""Batches of augmented photos; batch number n is the same whenever and wherever it is made."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ewardrobe.training.augment import Augmenter, photometric
from ewardrobe.training.items import Item, TrainingSet
from ewardrobe.training.scenery import emptied

__all__ = ["Batches", "Phase", "make_augmenter", "make_loader"]


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one resolution.

    Attributes:
        steps: number of batches.
        height, width: of the portrait canvas, multiples of 32; a share of batches is square, of the same area.
        batch: photos a batch.
        flat, tagged: share of flat photos, and of tagged ones with pseudo-labels; the rest is worn.
    """

    steps: int
    height: int
    width: int
    batch: int
    flat: float = 0.35
    tagged: float = 0.0


def _balanced(items: list[Item], classes: int) -> NDArray[np.float64]:
    """Sampling weights by each photo's rarest class: its inverse photo count to the power 0.4."""
    held = np.zeros((len(items), classes), bool)
    for row, item in zip(held, items, strict=True):
        counts = np.bincount(item.labels.ravel(), minlength=256)[:classes]
        row[:] = counts > 0.001 * item.labels.size
    rarity = 1 / np.maximum(held.sum(0), 5) ** 0.4
    weights = (held * rarity).max(1, initial=rarity.min()) if len(items) else np.zeros(0)
    total = weights.sum()
    return np.asarray(weights / total if total else weights)


def make_augmenter(data: TrainingSet) -> Augmenter:
    """The augmenter with the grounds that the training photos themselves give."""
    grounds = [emptied(item.pixels, item.labels > 0) for item in data.flat]
    streets = [
        emptied(item.pixels, cv2.dilate((item.labels > 0).astype(np.uint8), np.ones((9, 9))) > 0)
        for item in data.worn[::4]
    ]
    return Augmenter(grounds, streets)


class Batches(Dataset[tuple[Tensor, Tensor]]):
    """Map-style dataset of whole batches: images uint8 (N, H, W, 3), labels uint8 (N, H / 2, W / 2)."""

    def __init__(
        self, data: TrainingSet, augmenter: Augmenter, phase: Phase, classes: int, seed: int
    ) -> None:
        self.pools = {"worn": data.worn, "flat": data.flat, "tagged": data.tagged}
        self.weights = {name: _balanced(items, classes) for name, items in self.pools.items()}
        self.augmenter, self.phase, self.seed = augmenter, phase, seed

    def __len__(self) -> int:
        return self.phase.steps

    def _pick(self, rng: np.random.Generator, pool: str) -> Item:
        return self.pools[pool][rng.choice(len(self.pools[pool]), p=self.weights[pool])]

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        phase = self.phase
        rng = np.random.default_rng([self.seed, phase.height, number])
        canvas = (phase.height, phase.width)
        shape = rng.random()
        if shape < 0.2:
            canvas = (round((phase.height * phase.width) ** 0.5 / 32) * 32,) * 2
        elif shape < 0.32:
            canvas = canvas[::-1]
        images, labels = [], []
        for _ in range(phase.batch):
            draw = rng.random()
            if draw < phase.flat:
                item, other = self._pick(rng, "flat"), self._pick(rng, "flat")
                image, label = self.augmenter.flat(rng, item, other, canvas)
            else:
                pool = "tagged" if draw < phase.flat + phase.tagged and self.pools["tagged"] else "worn"
                image, label = self.augmenter.worn(rng, self._pick(rng, pool), canvas)
            images.append(photometric(rng, image))
            labels.append(label)
        return torch.from_numpy(np.stack(images)), torch.from_numpy(np.stack(labels))


def make_loader(batches: Batches, start: int, workers: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Loader of the batches from number `start` on."""
    return DataLoader(
        batches,
        batch_size=None,
        sampler=range(start, len(batches)),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
