"""The training loop: phases, AdamW, EMA, checkpoints that resume, a validation score now and then."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ewardrobe.training.architectures.layers import freeze_norms
from ewardrobe.training.batches import Batches, Phase, make_augmenter, make_loader
from ewardrobe.training.items import Item, TrainingSet
from ewardrobe.training.losses import class_weights, segmentation_loss

__all__ = ["Ema", "Recipe", "Trainer", "normalise", "quick_scores", "training_weights"]


@dataclass(frozen=True)
class Recipe:
    """What the loop needs to know; `phases` follow each other, learning rates fall linearly over all of them."""

    phases: tuple[Phase, ...]
    learning_rate: float = 1e-3
    encoder_rate: float = 4e-4
    weight_decay: float = 0.02
    warmup: int = 200
    ema: float = 0.998
    seed: int = 2026
    checkpoint_every: int = 250
    validate_every: int = 1000
    workers: int = 1
    freeze_norms: bool = False
    mix: float = 1.0
    """Trained further, the weights that are kept: this share of the new ones, the rest of those it started from."""


class Ema:
    """Exponential moving average of a model's parameters and buffers, itself a model."""

    def __init__(self, model: nn.Module, make: Callable[[], nn.Module], decay: float) -> None:
        self.model, self.decay, self.updates = make().eval().requires_grad_(False), decay, 0
        self.model.load_state_dict(model.state_dict())

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move towards `model`, faster while young."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def training_weights(data: TrainingSet, classes: int) -> Tensor:
    """The cross-entropy weights that fit `data`, float (classes,)."""
    counts = torch.zeros(classes, dtype=torch.int64)
    for item in (*data.worn, *data.flat):
        counts += torch.bincount(torch.from_numpy(item.labels.ravel()), minlength=256)[:classes]
    return class_weights(counts)


def normalise(images: Tensor, model: nn.Module) -> Tensor:
    """uint8 (N, H, W, 3) -> normalised float (N, 3, H, W) in channels-last memory."""
    mean, std = (torch.tensor(getattr(model.encoder, name)) for name in ("mean", "std"))
    return ((images.float() / 255 - mean) / std).permute(0, 3, 1, 2)


@torch.no_grad()
def predict(model: nn.Module, pixels: np.ndarray[Any, Any], side: int, *, flip: bool = False) -> Tensor:
    """Class probabilities of one photo at stride 4 of its fitted size, float (C, h, w), padding removed."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    rows, columns = (max(32, round(x * scale / 4) * 4) for x in (height, width))
    image = normalise(torch.from_numpy(pixels)[None], model)
    image = F.interpolate(image, size=(rows, columns), mode="bilinear", antialias=True, align_corners=False)
    image = F.pad(image, (0, -columns % 32, 0, -rows % 32)).contiguous(memory_format=torch.channels_last)
    scores = model(image)[0].float()
    if flip:
        # The content stays at the left, so that padding is where it was in training.
        mirrored = F.pad(image[..., :columns].flip(-1), (0, -columns % 32))
        turned = model(mirrored)[0].float()[..., : columns // 4].flip(-1)
        scores[..., : columns // 4] = (scores[..., : columns // 4] + turned) / 2
    return scores[0, :, : rows // 4, : columns // 4].softmax(0)


@torch.no_grad()
def quick_scores(model: nn.Module, items: list[Item], classes: int, side: int) -> dict[str, float]:
    """mIoU over the classes in the labels and foreground IoU, at the items' own resolution."""
    counts = np.zeros((classes, classes), np.int64)
    right = 0
    for item in items:
        probabilities = predict(model, item.pixels, side)
        size = item.labels.shape
        guess = F.interpolate(probabilities[None], size=size, mode="bilinear", align_corners=False)[0].argmax(
            0
        )
        valid = item.labels < classes
        pairs = item.labels[valid].astype(np.int64) * classes + guess.numpy()[valid]
        counts += np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
        garments = np.bincount(guess.numpy().ravel(), minlength=classes)[3:]
        right += (
            int(garments.argmax() + 3 == item.labels[(item.labels > 0) & valid].flat[0])
            if item.alpha is not None
            else 0
        )
    union = counts.sum(0) + counts.sum(1) - counts.diagonal()
    present = counts.sum(1) > 0
    iou = counts.diagonal() / np.maximum(union, 1)
    front = counts[1:, 1:].sum() / (counts.sum() - counts[0, 0])
    scores = {"miou": float(iou[present].mean()), "foreground": float(front)}
    if items[0].alpha is not None:
        scores["right_class"] = right / len(items)
    else:
        scores["garment_miou"] = float(iou[3:][present[3:]].mean())
    return scores


class Trainer:
    """Trains one model by one recipe in one run folder, going on from its last checkpoint if there is one.

    Args:
        make: makes the model, initialised as it should start.
        folder: of the run: `checkpoint.pt`, `log.jsonl`, `recipe.json`.
        before_phase: called with the phase's number and the EMA model before each phase (pseudo-labels are made here).
    """

    def __init__(
        self,
        make: Callable[[], nn.Module],
        data: TrainingSet,
        validation: TrainingSet,
        recipe: Recipe,
        folder: Path,
        classes: int,
        before_phase: Callable[[int, nn.Module], None],
    ) -> None:
        self.make, self.data, self.validation = make, data, validation
        self.recipe, self.folder, self.classes, self.before_phase = recipe, folder, classes, before_phase
        torch.manual_seed(recipe.seed)
        self.model = make().to(memory_format=torch.channels_last)
        if recipe.freeze_norms:
            freeze_norms(self.model)
        self.ema = Ema(self.model, make, recipe.ema)
        encoder = list(self.model.encoder.parameters())  # type: ignore[union-attr, operator]
        known = {id(p) for p in encoder}
        others = [p for p in self.model.parameters() if id(p) not in known]
        self.rates = (recipe.encoder_rate, recipe.learning_rate)
        self.optimizer = torch.optim.AdamW(
            [{"params": encoder}, {"params": others}], lr=1.0, weight_decay=recipe.weight_decay
        )
        self.step = 0
        self.weights = training_weights(data, classes)
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / "checkpoint.pt").exists():
            self._resume()

    def _resume(self) -> None:
        state = torch.load(self.folder / "checkpoint.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        self.ema.model.load_state_dict(state["ema"])
        self.ema.updates = state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def save(self) -> None:
        """Write the checkpoint, atomically."""
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema.model.state_dict(),
            "updates": self.ema.updates,
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        torch.save(state, self.folder / "checkpoint.tmp")
        (self.folder / "checkpoint.tmp").replace(self.folder / "checkpoint.pt")

    def _log(self, **values: Any) -> None:
        line = json.dumps({"step": self.step, **values})
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")

    def _set_rate(self) -> None:
        total = sum(phase.steps for phase in self.recipe.phases)
        factor = min(1.0, (self.step + 1) / self.recipe.warmup) * max(0.01, 1 - self.step / total)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor

    def validate(self, side: int) -> None:
        """Score the EMA model on worn and flat validation photos, apart."""
        for name, items in (("worn", self.validation.worn), ("flat", self.validation.flat)):
            self._log(val=name, side=side, **quick_scores(self.ema.model, items, self.classes, side))

    def run(self) -> nn.Module:
        """Train to the end of the last phase; returns the EMA model."""
        augmenter = make_augmenter(self.data)
        done = 0
        for number, phase in enumerate(self.recipe.phases):
            if self.step < done + phase.steps:
                self.before_phase(number, self.ema.model)
                batches = Batches(self.data, augmenter, phase, self.classes, self.recipe.seed)
                self._run_phase(phase, batches, done)
            done += phase.steps
        return self.ema.model

    def _run_phase(self, phase: Phase, batches: Batches, before: int) -> None:
        self.model.train()
        started, losses, first = time.monotonic(), [], self.step
        for images, labels in make_loader(batches, self.step - before, self.recipe.workers):
            self._set_rate()
            with torch.autocast("cpu", torch.bfloat16):
                logits, _, presence = self.model(normalise(images, self.model))
            loss = segmentation_loss(logits, presence, labels.long(), self.weights)
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            self.ema.update(self.model)
            self.step += 1
            losses.append(loss.item())
            if self.step % 50 == 0:
                pace = (time.monotonic() - started) / (self.step - first)
                self._log(loss=round(float(np.mean(losses)), 4), seconds_per_step=round(pace, 3))
                losses.clear()
            if self.step % self.recipe.checkpoint_every == 0:
                self.save()
            if self.step % self.recipe.validate_every == 0:
                self.validate(round(phase.height * 1.1 / 32) * 32)
        self.save()
