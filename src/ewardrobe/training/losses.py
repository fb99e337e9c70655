"""Losses of semantic segmentation with an ignore index."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ewardrobe.taxonomy import IGNORE

__all__ = ["class_weights", "dice_loss", "presence_loss", "segmentation_loss", "unweighted"]


def class_weights(counts: Tensor, power: float = 0.3) -> Tensor:
    """Cross-entropy weights from pixel counts per class: (median / count) ** power, float (classes,)."""
    present = counts.double().clamp(min=1)
    return ((present.median() / present) ** power).clamp(0.2, 3.0).float()


def unweighted(model: nn.Module, weights: Tensor) -> nn.Module:
    """A copy of `model` whose `head` no longer favours the classes that the cross-entropy weighed up.

    Weighted cross-entropy is smallest where the scores are the classes' probabilities times their weights; taking
    log(weight) off the head's bias gives the probabilities back (logit adjustment, Menon et al., arXiv 2007.07314).
    """
    fair = copy.deepcopy(model)
    with torch.no_grad():
        fair.head.bias -= weights.log()
    return fair


def dice_loss(probabilities: Tensor, labels: Tensor, valid: Tensor) -> Tensor:
    """1 - soft Dice over the batch, mean over the classes in the labels (Milletari et al., arXiv 1606.04797).

    Args:
        probabilities: float (N, C, H, W).
        labels: int64 (N, H, W), below C everywhere.
        valid: bool (N, H, W).
    """
    classes = probabilities.shape[1]
    masked = probabilities * valid[:, None]
    index = labels.masked_fill(~valid, 0)
    at_label = masked.gather(1, index[:, None])[:, 0]
    flat = index[valid]
    hit = torch.zeros(classes).index_add_(0, flat, at_label[valid])
    label_sum = torch.bincount(flat, minlength=classes).float()
    present = label_sum > 0
    dice = (2 * hit + 1) / (masked.sum((0, 2, 3)) + label_sum + 1)
    return 1 - dice[present].mean()


def presence_loss(presence: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy of which classes the photo holds; a class of under 0.05 % of the pixels is left open."""
    classes = presence.shape[1]
    shares = torch.stack(
        [torch.bincount(photo[photo != IGNORE], minlength=classes)[:classes] for photo in labels]
    )
    shares = shares / max(1, labels[0].numel())
    target = (shares > 0).float()
    certain = (shares == 0) | (shares > 5e-4)
    loss = F.binary_cross_entropy_with_logits(presence, target, reduction="none")
    return (loss * certain).sum() / certain.sum().clamp(min=1)


def segmentation_loss(logits: Tensor, presence: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Weighted cross-entropy + Dice + 0.2 presence.

    Args:
        logits: float (N, C, h, w), resized to the labels before they are scored.
        presence: float (N, C).
        labels: int64 (N, H, W), 255 = ignore.
        weights: float (C,).
    """
    scores = F.interpolate(logits.float(), size=labels.shape[-2:], mode="bilinear", align_corners=False)
    valid = labels != IGNORE
    log_p = scores.log_softmax(1)
    entropy = F.nll_loss(log_p, labels, weight=weights, ignore_index=IGNORE)
    return entropy + dice_loss(log_p.exp(), labels, valid) + 0.2 * presence_loss(presence.float(), labels)
