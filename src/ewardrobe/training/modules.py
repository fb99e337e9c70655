"""What Lightning trains: a network, its loss and its validation scores, for each of the three tasks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import lightning as L
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ewardrobe.errors import UsageError
from ewardrobe.evaluation.counts import confusion_matrix
from ewardrobe.evaluation.scores import Counts, mean_scores
from ewardrobe.taxonomy import IGNORE, Taxonomy
from ewardrobe.training.architectures.interface import Detections, InstanceNet, SemanticNet, Target
from ewardrobe.training.architectures.layers import freeze_norms
from ewardrobe.training.config import Config
from ewardrobe.training.criteria import Criterion, MattingCriterion
from ewardrobe.training.loading import Batch
from ewardrobe.training.targets import to_target

__all__ = ["InstanceModule", "MattingModule", "Module", "SemanticModule", "normalised", "quick_scores"]

QUICK = ("miou", "garment_miou", "foreground_iou", "pixel_accuracy")


def normalised(image: Tensor, net: SemanticNet | InstanceNet) -> Tensor:
    """uint8 (N, 3, H, W) -> float (N, 3, H, W) as the network wants it."""
    mean, std = (torch.tensor(values, device=image.device)[:, None, None] for values in (net.mean, net.std))
    scaled: Tensor = (image.float() / 255 - mean) / std
    return scaled


def quick_scores(confusions: list[NDArray[np.int64]], taxonomy: Taxonomy) -> dict[str, float]:
    """Scores of photos' confusion matrices, over every class in their labels, without intervals."""
    counts = Counts(np.stack(confusions), np.zeros((len(confusions), len(taxonomy) + 1, 2), np.int64))
    counted = counts.labelled_photos > 0
    scores = mean_scores(counts, taxonomy, counted=counted, names=QUICK, resamples=1)
    return {name: score.value for name, score in scores.items() if not math.isnan(score.value)}


class Module(L.LightningModule):
    """What the three tasks share: the optimiser, its schedule, logging.

    `scores` holds those of the last validation; `predictions` the label maps of its first photos, for the pictures.
    """

    watched = ""

    def __init__(self, net: nn.Module, config: Config, taxonomy: Taxonomy) -> None:
        super().__init__()
        self.net, self.config, self.taxonomy = net, config, taxonomy
        self.scores: dict[str, float] = {}
        self.confusion: NDArray[np.int64] | None = None
        self.pictures: list[tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]] = []

    def on_train_epoch_start(self) -> None:
        """Seed anew, so that a run that goes on draws what it would have; frozen norms stay frozen."""
        torch.manual_seed(self.config.training.seed + self.global_step)
        if self.config.training.freeze_norms:
            freeze_norms(self.net)
        self.net.train()  # Lightning does not, and held norms are held from then on

    def configure_optimizers(self) -> Any:
        """The config's optimiser over encoder and other parameters, and its schedule, a step at a time."""
        about = self.config.optimiser
        encoder = [p for p in self.net.encoder_parameters() if p.requires_grad]  # type: ignore[operator]
        known = {id(p) for p in encoder}
        others = [p for p in self.net.parameters() if p.requires_grad and id(p) not in known]
        groups = [
            {"params": encoder, "lr": about.encoder_rate or about.learning_rate},
            {"params": others, "lr": about.learning_rate},
        ]
        groups = [group for group in groups if group["params"]]
        optimizer: torch.optim.Optimizer
        if about.name in ("adam", "adamw"):
            kind = torch.optim.AdamW if about.name == "adamw" else torch.optim.Adam
            optimizer = kind(groups, weight_decay=about.weight_decay)
        elif about.name == "sgd":
            optimizer = torch.optim.SGD(
                groups, momentum=about.momentum, weight_decay=about.weight_decay, nesterov=about.momentum > 0
            )
        else:
            optimizer = torch.optim.RMSprop(groups, momentum=about.momentum, weight_decay=about.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _rate(self, step: int) -> float:
        about, total = self.config.schedule, self.config.training.steps
        warm = about.warmup * total
        rise = min(1.0, (step + 1) / warm) if warm >= 1 else 1.0
        left = 1 - min(step, total) / total
        if about.name == "cosine":
            return rise * 0.5 * (1 + math.cos(math.pi * (1 - left)))
        return rise * (left**about.power if about.name == "poly" else 1.0)

    def _input(self, batch: Batch) -> Tensor:
        """The batch's images as the network wants them, in the memory layout of the config."""
        layout = torch.channels_last if self.config.training.channels_last else torch.contiguous_format
        images: Tensor = normalised(batch["image"], self.net).contiguous(memory_format=layout)  # type: ignore[arg-type]
        return images

    def _sum(self, terms: Mapping[str, Tensor], photos: int) -> Tensor:
        loss = torch.stack(list(terms.values())).sum()
        if not torch.isfinite(loss):
            raise UsageError(
                f"the loss is {loss.item()} at step {self.global_step}: lower optimiser.learning_rate, set "
                "training.clip, or train with training.precision=32-true"
            )
        self.log("loss", loss.detach(), prog_bar=True, batch_size=photos, sync_dist=True)
        if len(terms) > 1:
            self.log_dict(
                {f"loss/{name}": value.detach() for name, value in terms.items()},
                batch_size=photos,
                sync_dist=True,
            )
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the last validation."""
        self.pictures = []

    def _report(self, scores: dict[str, float]) -> None:
        self.scores = scores
        if self.watch not in scores:
            raise UsageError(f"watch: there is no score {self.watch!r}; there are: {', '.join(scores)}")
        self.log_dict({f"val/{name}": value for name, value in scores.items()}, batch_size=1)
        self.log("watched", scores[self.watch], prog_bar=True, batch_size=1)

    @property
    def watch(self) -> str:
        """The validation score by which weights are chosen."""
        return self.config.watch or self.watched


def _uint8(values: Tensor) -> NDArray[np.uint8]:
    return np.asarray(values.to(torch.uint8).cpu().numpy(), np.uint8)


class SemanticModule(Module):
    """Semantic segmentation: `Criterion` on the logits and on the auxiliary ones; mIoU and its kin.

    Args:
        weights: of the classes in cross-entropy, float (classes,).
    """

    net: SemanticNet
    watched = "garment_miou"

    def __init__(
        self, net: SemanticNet, config: Config, taxonomy: Taxonomy, weights: Tensor | None = None
    ) -> None:
        super().__init__(net, config, taxonomy)
        about = config.loss
        self.criterion = Criterion(
            len(taxonomy),
            about.by_name,
            activation=net.activation,
            weights=weights,
            presence=about.presence,
            auxiliary=about.auxiliary,
            stride=about.stride,
        )
        self.confusions: list[NDArray[np.int64]] = []

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch."""
        names = self.net.outputs
        outputs = self.net(self._input(batch))
        presence = outputs[names.index("presence")] if "presence" in names else None
        terms = self.criterion(
            outputs[names.index("logits")],
            batch["labels"].long(),
            auxiliary=outputs[len(names) :],
            presence=presence,
        )
        return self._sum(terms, len(batch["image"]))

    def on_validation_epoch_start(self) -> None:
        """Start counting anew."""
        super().on_validation_epoch_start()
        self.confusions = []

    def validation_step(self, batch: Batch, index: int) -> None:
        """Count one photo's pixels."""
        logits = self.net(self._input(batch))[self.net.outputs.index("logits")]
        size = batch["labels"].shape[-2:]
        scores = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)
        for number, (guess, labels) in enumerate(zip(scores.argmax(1), batch["labels"], strict=True)):
            labelled, found = _uint8(labels), _uint8(guess)
            self.confusions.append(
                confusion_matrix(labelled, np.where(labelled == IGNORE, labelled, found), len(self.taxonomy))
            )
            if len(self.pictures) < 6:
                self.pictures.append((_uint8(batch["image"][number].permute(1, 2, 0)), labelled, found))

    def on_validation_epoch_end(self) -> None:
        """Report the scores."""
        self.confusion = np.sum(self.confusions, axis=0)
        self._report(quick_scores(self.confusions, self.taxonomy))

    @property
    def watch(self) -> str:
        """Garment mIoU where the taxonomy has more than garments, else mIoU."""
        if self.config.watch:
            return self.config.watch
        return self.watched if "garment_miou" in self.scores or not self.scores else "miou"


class MattingModule(Module):
    """A soft mask of the foreground: `MattingCriterion`; IoU at one half and mean absolute error."""

    net: SemanticNet
    watched = "foreground_iou"

    def __init__(self, net: SemanticNet, config: Config, taxonomy: Taxonomy) -> None:
        super().__init__(net, config, taxonomy)
        self.criterion = MattingCriterion(config.loss.by_name, auxiliary=config.loss.auxiliary)
        self.counts = np.zeros(2)
        self.errors: list[float] = []

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch."""
        outputs = self.net(self._input(batch))
        terms = self.criterion(
            outputs[0],
            batch["alpha"].float() / 255,
            batch["labels"] != IGNORE,
            auxiliary=outputs[len(self.net.outputs) :],
        )
        return self._sum(terms, len(batch["image"]))

    def on_validation_epoch_start(self) -> None:
        """Start counting anew."""
        super().on_validation_epoch_start()
        self.counts, self.errors = np.zeros(2), []

    def validation_step(self, batch: Batch, index: int) -> None:
        """Compare one photo's soft mask."""
        logits = self.net(self._input(batch))[0]
        size = batch["labels"].shape[-2:]
        soft = F.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)[:, 0].sigmoid()
        for number, (guess, alpha, labels) in enumerate(
            zip(soft, batch["alpha"], batch["labels"], strict=True)
        ):
            valid = labels != IGNORE
            found, wanted = guess[valid], alpha[valid].float() / 255
            inside, here = found >= 0.5, wanted >= 0.5
            self.counts += [int((inside & here).sum()), int((inside | here).sum())]
            self.errors.append(float((found - wanted).abs().mean()))
            if len(self.pictures) < 6:
                self.pictures.append(
                    (
                        _uint8(batch["image"][number].permute(1, 2, 0)),
                        _uint8((alpha >= 128) & valid),
                        _uint8(guess >= 0.5),
                    )
                )

    def on_validation_epoch_end(self) -> None:
        """Report the scores."""
        self._report(
            {
                "foreground_iou": float(self.counts[0] / max(1, self.counts[1])),
                "mae": float(np.mean(self.errors)),
            }
        )


class InstanceModule(Module):
    """Objects with boxes and masks: the network's own losses; COCO's average precision."""

    net: InstanceNet
    watched = "ap50"

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """The loss of one batch."""
        targets = [to_target(o, c) for o, c in zip(batch["objects"], batch["classes"], strict=True)]
        return self._sum(self.net.losses(self._input(batch), targets), len(targets))

    def on_validation_epoch_start(self) -> None:
        """Start counting anew."""
        from ewardrobe.evaluation import InstanceScorer

        super().on_validation_epoch_start()
        self.scorer = InstanceScorer(self.taxonomy)

    def validation_step(self, batch: Batch, index: int) -> None:
        """Match one photo's objects."""
        found = self.net.predict(self._input(batch))
        for number, detections in enumerate(found):
            target = to_target(batch["objects"][number], batch["classes"][number])
            self.scorer.add(f"{index}-{number}", _arrays(target), _arrays(detections))
            if len(self.pictures) < 6:
                size, sure = batch["labels"].shape[-2:], detections["scores"] >= 0.5
                self.pictures.append(
                    (
                        _uint8(batch["image"][number].permute(1, 2, 0)),
                        _drawn(target["masks"], target["labels"], size),
                        _drawn(detections["masks"][sure], detections["labels"][sure], size),
                    )
                )

    def on_validation_epoch_end(self) -> None:
        """Report the scores."""
        self._report(self.scorer.scores())


def _arrays(values: Target | Detections) -> dict[str, Any]:
    """As NumPy arrays, floats as float32."""
    tensors: dict[str, Tensor] = dict(values)  # type: ignore[arg-type]
    return {
        name: (value.float() if value.is_floating_point() else value).cpu().numpy()
        for name, value in tensors.items()
    }


def _drawn(masks: Tensor, labels: Tensor, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A label map of masks (n, H, W), the smaller on top."""
    drawn = np.zeros(size, np.uint8)
    order = masks.flatten(1).sum(1).argsort(descending=True).tolist() if len(masks) else []
    for number in order:
        drawn[masks[number].cpu().numpy()] = int(labels[number])
    return drawn
