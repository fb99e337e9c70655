"""The data of a run as Lightning asks for it."""

from __future__ import annotations

from pathlib import Path

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import UsageError
from ewardrobe.training.config import Config
from ewardrobe.training.loading import Batch, TrainBatches, ValidationPhotos, make_loader, rarity
from ewardrobe.training.losses import class_weights
from ewardrobe.training.photos import Photos, open_sources, shared
from ewardrobe.training.targets import ObjectReader
from ewardrobe.training.transforms import Augmenter, flip_table

__all__ = ["Feed"]


class Feed(L.LightningDataModule):
    """Training batches and validation photos of a config.

    Args:
        config: of the run.
        task: "semantic", "matting" or "instance".
        root: folder that the sources' paths start from.
        divisor: of the network's input sides.
        fixed: the network takes the canvas's size only.

    Raises:
        UsageError: the canvas does not fit the network.
        DatasetError, TaxonomyError: see `open_sources`.
    """

    def __init__(
        self, config: Config, task: str, root: Path | None, *, divisor: int, fixed: bool = False
    ) -> None:
        super().__init__()
        self.config, self.task, self.divisor = config, task, divisor
        data = config.data
        for name, side in (("height", data.height), ("width", data.width)):
            if side % divisor:
                near = max(divisor, round(side / divisor) * divisor)
                raise UsageError(
                    f"data.{name} is {side}, {config.architecture} needs multiples of {divisor}: try {near}"
                )
        self.fixed = (data.height, data.width) if fixed else None
        seed = config.training.seed
        # What is learned for matting is the foreground of any taxonomy.
        wanted = config.taxonomy
        train = open_sources(data.train, root, wanted, seed)
        validation = open_sources(data.validation, root, wanted, seed)
        if data.share < 1:
            train = [shared(dataset, data.share, seed + number) for number, dataset in enumerate(train)]
        side = round(max(data.height, data.width) * max(1.0, config.augmentation.scale[1]))
        self.taxonomy = taxonomies.load(wanted)
        find = ObjectReader(self.taxonomy) if task == "instance" else None
        matting = task == "matting"
        self.photos = Photos(train, side=side, objects=find, matting=matting, cache=data.cache)
        self.validation = Photos(
            validation, side=max(data.height, data.width), objects=find, matting=matting, cache=data.cache
        )
        self.source_weights = np.concatenate(
            [np.full(len(dataset), source.weight) for dataset, source in zip(train, data.train, strict=True)]
        )

    def setup(self, stage: str) -> None:
        """Read what is kept in memory, once; photos that cannot be read are told of and left out."""
        for photos in (self.photos, self.validation):
            photos.drop_broken(quiet=self.trainer is not None and not self.trainer.is_global_zero)
        kept = self.photos.kept
        self.shapes = self.photos.shapes()
        weights = self.source_weights[kept]
        if self.config.data.balanced:
            weights = weights * rarity(self.photos, len(self.taxonomy))
        self.weights: NDArray[np.float64] = weights

    def train_dataloader(self) -> DataLoader[Batch]:
        """The batches of the stretch that the trainer is in."""
        trainer, config = self.trainer, self.config
        assert trainer is not None
        batches = TrainBatches(
            self.photos,
            self.shapes,
            config,
            Augmenter(config.augmentation, flip_table(self.taxonomy)),
            self.weights,
            rank=trainer.global_rank,
            world=trainer.world_size,
        )
        done = trainer.global_step * config.training.accumulate
        each = -(-config.training.steps // config.training.epochs) * config.training.accumulate
        return make_loader(batches, range(done, min(done + each, len(batches))), config.data.workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Every validation photo, in every process."""
        photos = ValidationPhotos(
            self.validation, max(self.config.data.height, self.config.data.width), self.divisor, self.fixed
        )
        return make_loader(photos, range(len(photos)), min(1, self.config.data.workers))

    def class_weights(self, classes: int) -> Tensor:
        """Cross-entropy weights (median pixels / own pixels) ** p of the config, float (classes,)."""
        counts = torch.zeros(classes, dtype=torch.int64)
        for photo in self.photos:
            counts += torch.bincount(torch.from_numpy(photo.labels.ravel()), minlength=256)[:classes]
        return class_weights(counts, self.config.loss.class_weights)
