"""The objects of a sample as an instance network learns them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ewardrobe import taxonomy as taxonomies
from ewardrobe.datasets import Sample
from ewardrobe.datasets.drawn import find_instances
from ewardrobe.datasets.instance import Instance
from ewardrobe.errors import DatasetError
from ewardrobe.taxonomy import Taxonomy, TaxonomyMap
from ewardrobe.training.architectures.interface import Target

__all__ = ["ObjectReader", "to_target"]


class ObjectReader:
    """Reads the objects of samples in `taxonomy`: those that the dataset lists, or those that a label map shows.

    Label maps are mapped to the taxonomy before objects are looked for, so that regions of classes which become one
    are one object. It pickles.

    Attributes:
        left_out: how many listed objects were no use, by reason: "crowd" (several objects in one mask), "empty" (no
            pixel), "unmapped" (a class that the taxonomy has no place for).
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.left_out: Counter[str] = Counter()
        self._maps: dict[str, TaxonomyMap] = {}

    def __call__(self, sample: Sample) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Masks, uint8 (n, H, W), 1 inside, and taxonomy indices, int64 (n,), from 1, of the photo's objects.

        Raises:
            DatasetError: the sample has no pixel labels, or a mask is not of the photo's size.
            TaxonomyError: there is no map from its taxonomy.
        """
        to = self._map(sample)
        instances = sample.instances
        if instances is None:
            label_map = sample.label_map
            if label_map is None:
                raise DatasetError(f"{sample.id} has no pixel labels: choose a split that has them")
            instances = find_instances(label_map if to is None else to.apply(label_map), self.taxonomy)
            size, to = (label_map.shape[1], label_map.shape[0]), None
        else:
            size = sample.size
        masks, labels = [], []
        for instance in instances:
            index = self._index(instance, to)
            if index is None:
                continue
            mask = instance.mask(size)
            if mask.shape != size[::-1]:
                height, width = mask.shape
                raise DatasetError(
                    f"a mask of {sample.id} is {width}x{height}, its photo {size[0]}x{size[1]}: make them one size"
                )
            if not mask.any():
                self.left_out["empty"] += 1
                continue
            masks.append(mask.astype(np.uint8))
            labels.append(index)
        stacked = np.stack(masks) if masks else np.zeros((0, size[1], size[0]), np.uint8)
        return stacked, np.array(labels, np.int64)

    def _map(self, sample: Sample) -> TaxonomyMap | None:
        name = sample.taxonomy
        if name is None or name == self.taxonomy.name:
            return None
        if name not in self._maps:
            self._maps[name] = taxonomies.load_map(name, self.taxonomy.name)
        return self._maps[name]

    def _index(self, instance: Instance, to: TaxonomyMap | None) -> int | None:
        """The taxonomy index of a listed object; None, and counted, where it is no use."""
        label = instance.label if to is None else to.target_of(instance.label)
        reason = ""
        if instance.crowd:
            reason = "crowd"
        elif label is None or label not in self.taxonomy or self.taxonomy.index(label) == 0:
            reason = "unmapped"
        if reason:
            self.left_out[reason] += 1
            return None
        assert label is not None
        return self.taxonomy.index(label)


def to_target(objects: Tensor, classes: Tensor) -> Target:
    """Masks (n, H, W), any number type, and classes int64 (n,) as a target; boxes span the pixels' outer edges.

    Masks without a pixel, such as a crop leaves behind, are left out.
    """
    masks = objects.bool()
    seen = masks.flatten(1).any(1)
    masks, classes = masks[seen], classes[seen]
    boxes = torch.zeros(len(masks), 4, device=objects.device)
    for row, mask in zip(boxes, masks, strict=True):
        ys, xs = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
        row[:] = torch.stack([xs[0], ys[0], xs[-1] + 1, ys[-1] + 1])
    return Target(boxes=boxes, labels=classes, masks=masks)
