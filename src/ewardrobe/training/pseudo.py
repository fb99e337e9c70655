"""Pseudo-labels for photos that carry tags only: what the model sees, limited to what the tags allow.

Self-training after Xie et al. (arXiv 1911.04252), with one thing more: a person has said which garments the photo
holds, so the teacher only decides where they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ewardrobe.taxonomy import IGNORE
from ewardrobe.training.items import Item
from ewardrobe.training.loop import predict

__all__ = ["label_tagged", "label_tagged_once"]


@torch.no_grad()
def label_tagged(model: nn.Module, items: list[Item], *, side: int, certain: float = 0.5) -> float:
    """Give each tagged item its pseudo-labels, in place; a pixel less certain than `certain` is ignored.

    Returns:
        The share of pixels that got a label.
    """
    kept = 0.0
    for item in items:
        assert item.allowed is not None
        probabilities = predict(model, item.pixels, side, flip=True)
        probabilities = probabilities * torch.from_numpy(item.allowed).float()[:, None, None]
        probabilities = probabilities / probabilities.sum(0, keepdim=True).clamp(min=1e-6)
        size = item.labels.shape
        fine = F.interpolate(probabilities[None], size=size, mode="bilinear", align_corners=False)[0]
        best, index = fine.max(0)
        labels = index.numpy().astype(np.uint8)
        labels[best.numpy() < certain] = IGNORE
        item.labels = labels
        kept += float((labels != IGNORE).mean())
    return kept / max(1, len(items))


def label_tagged_once(model: nn.Module, items: list[Item], file: Path, *, side: int) -> None:
    """As `label_tagged`, kept in `file` (.npz): a run that was stopped goes on with the labels it had."""
    if not file.exists():
        share = label_tagged(model, items, side=side)
        print(f"pseudo-labels on {share:.0%} of the tagged photos' pixels", flush=True)
        half_written = file.with_suffix(".tmp.npz")
        labelled = {item.id: item.labels for item in items}
        np.savez_compressed(half_written, **labelled)  # type: ignore[arg-type]
        half_written.replace(file)
    with np.load(file) as labels:
        for item in items:
            item.labels = labels[item.id]
