"""The losses a config can name, and their sum.

Each is worked out photo by photo and then averaged, so that every photo counts the same however much of it is ignored,
and the mean over processes is the mean over the whole batch. Pixels labelled 255 enter none.

- `cross_entropy`: softmax cross-entropy, with class weights; over soft masks, `bce`.
- `dice`: 1 - soft Dice, mean over the classes in the photo's labels (Milletari et al., arXiv 1606.04797).
- `bce`: binary cross-entropy of every class's own mask.
- `focal`: (1 - p)² times cross-entropy (Lin et al., arXiv 1708.02002).
- `lovasz`: Lovász-softmax over the classes in the photo (Berman et al., arXiv 1705.08790), from
  segmentation_models_pytorch.
- `boundary`: probabilities times the signed distance to the class's outline, in shares of the diagonal (Kervadec
  et al., arXiv 1812.07032); to be added to another loss.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ewardrobe.errors import UsageError
from ewardrobe.taxonomy import IGNORE
from ewardrobe.training.losses import presence_loss

__all__ = ["DEFAULT_TERMS", "Criterion", "MattingCriterion", "signed_distance"]

DEFAULT_TERMS: Mapping[str, Mapping[str, float]] = {
    "softmax": {"cross_entropy": 1.0, "dice": 1.0},
    "sigmoid": {"bce": 1.0, "dice": 1.0},
    "matting": {"bce": 1.0, "dice": 1.0},
}
_GAMMA = 2.0


class Criterion(nn.Module):
    """The loss of a semantic network.

    Args:
        classes: channels of the logits.
        terms: losses and their weights.
        activation: "softmax", or "sigmoid" where every class has a mask of its own.
        weights: of the classes in cross-entropy, float (classes,); None: 1 each.
        presence: weight of the loss on which classes the photo holds.
        auxiliary: weight of each auxiliary output's loss.
        stride: scores are compared at one pixel in `stride` of each row and column.

    Raises:
        UsageError: a loss that this activation does not have.
    """

    def __init__(
        self,
        classes: int,
        terms: Mapping[str, float] | None = None,
        *,
        activation: str = "softmax",
        weights: Tensor | None = None,
        presence: float = 0.2,
        auxiliary: float = 1.0,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.classes, self.activation, self.stride = classes, activation, stride
        self.terms = dict(terms or DEFAULT_TERMS[activation])
        if activation == "sigmoid" and {"cross_entropy", "lovasz"} & set(self.terms):
            raise UsageError(
                "loss.terms: cross_entropy and lovasz are of softmax; with masks of their own take bce"
            )
        self.presence, self.auxiliary = presence, auxiliary
        self.register_buffer("weights", torch.ones(classes) if weights is None else weights.clone())
        if "lovasz" in self.terms:
            from segmentation_models_pytorch.losses import LovaszLoss

            self.lovasz = LovaszLoss("multiclass", per_image=True, ignore_index=IGNORE, from_logits=False)

    def forward(
        self,
        logits: Tensor,
        labels: Tensor,
        *,
        auxiliary: tuple[Tensor, ...] = (),
        presence: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """The weighted terms by name, each a scalar; their sum is the loss.

        Args:
            logits: float (N, C, h, w), enlarged to the labels before they are scored.
            labels: int64 (N, H, W), 255 = ignore.
            auxiliary: further logits, scored alike and summed under the name `auxiliary`.
            presence: logits (N, C) of which classes the photo holds.
        """
        labels = labels[:, self.stride // 2 :: self.stride, self.stride // 2 :: self.stride]
        found = self._terms(logits, labels)
        if auxiliary and self.auxiliary:
            sides = [torch.stack(list(self._terms(side, labels).values())).sum() for side in auxiliary]
            found["auxiliary"] = self.auxiliary * torch.stack(sides).sum()
        if presence is not None and self.presence:
            each = [
                presence_loss(p[None], photo[None]) for p, photo in zip(presence.float(), labels, strict=True)
            ]
            found["presence"] = self.presence * torch.stack(each).mean()
        return found

    def _terms(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        scores = F.interpolate(logits.float(), size=labels.shape[-2:], mode="bilinear", align_corners=False)
        valid = labels != IGNORE
        index = labels.masked_fill(~valid, 0)
        log_p = scores.log_softmax(1) if self.activation == "softmax" else F.logsigmoid(scores)
        return {
            name: weight * getattr(self, f"_{name}")(scores, log_p, index, valid)
            for name, weight in self.terms.items()
        }

    def _cross_entropy(self, scores: Tensor, log_p: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        return self._weighted(-log_p.gather(1, index[:, None])[:, 0], index, valid)

    def _focal(self, scores: Tensor, log_p: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        if self.activation == "sigmoid":
            target = self._one_hot(index)
            entropy = F.binary_cross_entropy_with_logits(scores, target, reduction="none")
            return _mean(((1 - torch.exp(-entropy)) ** _GAMMA * entropy).mean(1), valid)
        own = log_p.gather(1, index[:, None])[:, 0]
        return self._weighted(-((1 - own.exp()) ** _GAMMA) * own, index, valid)

    def _bce(self, scores: Tensor, log_p: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        entropy = F.binary_cross_entropy_with_logits(scores, self._one_hot(index), reduction="none")
        return _mean(entropy.mean(1), valid)

    def _dice(self, scores: Tensor, log_p: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        p, at = log_p.exp(), index.flatten(1)
        seen = valid.flatten(1).float()
        own = p.gather(1, index[:, None]).flatten(1) * seen
        empty = torch.zeros(len(at), self.classes, device=at.device)
        hit, area = empty.scatter_add(1, at, own), empty.scatter_add(1, at, seen)
        found = torch.einsum("nchw,nhw->nc", p, valid.float())
        dice = (1 - (2 * hit + 1) / (found + area + 1)) * (area > 0)
        return (dice.sum(1) / (area > 0).sum(1).clamp(min=1)).mean()

    def _lovasz(self, scores: Tensor, log_p: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        loss: Tensor = self.lovasz(log_p.exp(), index.masked_fill(~valid, IGNORE))
        return loss

    def _boundary(self, scores: Tensor, log_p: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        distance = torch.stack([signed_distance(photo, self.classes) for photo in index.cpu()])
        held = (distance != 0).any(-1).any(-1)
        terms = (log_p.exp() * distance.to(scores.device)).sum(1) / held.sum(1).clamp(min=1)[
            :, None, None
        ].to(scores.device)
        return _mean(terms, valid)

    def _weighted(self, loss: Tensor, index: Tensor, valid: Tensor) -> Tensor:
        weight = self.weights[index] * valid  # type: ignore[index]
        return ((loss * weight).sum((1, 2)) / weight.sum((1, 2)).clamp(min=1e-6)).mean()

    def _one_hot(self, index: Tensor) -> Tensor:
        return F.one_hot(index, self.classes).permute(0, 3, 1, 2).float()


class MattingCriterion(nn.Module):
    """The loss of a network with one soft mask: binary cross-entropy with soft targets, and soft Dice.

    Args:
        terms: "bce" and "dice" and their weights.
        auxiliary: weight of each side output's loss (1 each in the U²-Net paper, arXiv 2005.09007).
    """

    def __init__(self, terms: Mapping[str, float] | None = None, *, auxiliary: float = 1.0) -> None:
        super().__init__()
        self.terms, self.auxiliary = dict(terms or DEFAULT_TERMS["matting"]), auxiliary
        unfit = sorted(set(self.terms) - {"bce", "dice"})
        if unfit:
            raise UsageError(f"loss.terms: {unfit[0]} is not for matting; take bce and dice")

    def forward(
        self, logits: Tensor, alpha: Tensor, valid: Tensor, *, auxiliary: tuple[Tensor, ...] = ()
    ) -> dict[str, Tensor]:
        """The weighted terms by name; logits float (N, 1, h, w), alpha float (N, H, W) 0..1, valid bool (N, H, W)."""
        found = self._terms(logits, alpha, valid)
        if auxiliary and self.auxiliary:
            sides = [torch.stack(list(self._terms(side, alpha, valid).values())).sum() for side in auxiliary]
            found["auxiliary"] = self.auxiliary * torch.stack(sides).sum()
        return found

    def _terms(self, logits: Tensor, alpha: Tensor, valid: Tensor) -> dict[str, Tensor]:
        scores = F.interpolate(logits.float(), size=alpha.shape[-2:], mode="bilinear", align_corners=False)[
            :, 0
        ]
        found = {}
        if "bce" in self.terms:
            entropy = F.binary_cross_entropy_with_logits(scores, alpha, reduction="none")
            found["bce"] = self.terms["bce"] * _mean(entropy, valid)
        if "dice" in self.terms:
            p, target = scores.sigmoid() * valid, alpha * valid
            dice = (2 * (p * target).sum((1, 2)) + 1) / (p.sum((1, 2)) + target.sum((1, 2)) + 1)
            found["dice"] = self.terms["dice"] * (1 - dice).mean()
        return found


def _mean(loss: Tensor, valid: Tensor) -> Tensor:
    """The mean over photos of each one's mean over its valid pixels; float (N, H, W) -> scalar."""
    return ((loss * valid).sum((1, 2)) / valid.sum((1, 2)).clamp(min=1)).mean()


def signed_distance(labels: Tensor, classes: int) -> Tensor:
    """Distance to each class's outline over the diagonal, negative inside, float32 (classes, H, W).

    A class that is not in `labels`, int64 (H, W), is 0 everywhere.
    """
    index = labels.numpy().astype(np.uint8)
    height, width = index.shape
    found = np.zeros((classes, height, width), np.float32)
    for number in np.unique(index):
        inside = (index == number).astype(np.uint8)
        if inside.all():
            continue
        outer = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
        inner = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
        found[number] = (outer - inner) / np.hypot(height, width)
    return torch.from_numpy(found)
