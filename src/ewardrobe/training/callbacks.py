"""What a run leaves behind besides its weights: averaged weights, curves, pictures, a confusion matrix."""

from __future__ import annotations

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image
from torch import Tensor

from ewardrobe.imaging import draw_overlay, to_jpeg_bytes, write_atomically
from ewardrobe.taxonomy import Taxonomy
from ewardrobe.training.modules import Module

__all__ = ["Averaging", "MetricsLog", "RunPictures", "draw_confusion", "draw_curves"]

_GAP = 6


class Averaging(WeightAveraging):
    """Exponential moving average of weights and buffers, faster while young; it is what is validated and kept.

    Args:
        decay: share of the old average that stays at each step, once it is older than 10 / (1 - decay) steps.
    """

    def __init__(self, decay: float) -> None:
        super().__init__(avg_fn=self._average)
        self.decay = decay

    def _average(self, averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        decay = min(self.decay, (1 + int(count)) / (10 + int(count)))
        if not averaged.dtype.is_floating_point:
            return current
        return torch.lerp(averaged, current, 1 - decay)


class MetricsLog(Logger):
    """`metrics.csv`: one row per step that something was logged at; a run that goes on adds to it.

    Args:
        path: of the file. Rows beyond the step that the run goes on from are replaced.
        module: whose `global_step` counts; Lightning's own count is one off after a run went on.
    """

    def __init__(self, path: Path, module: L.LightningModule) -> None:
        super().__init__()
        self.path, self.module = path, module
        self.rows: dict[int, dict[str, float]] = {}
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    step = int(row.pop("step"))
                    self.rows[step] = {name: float(value) for name, value in row.items() if value}

    @property
    def name(self) -> str:
        """Of the logger."""
        return ""

    @property
    def version(self) -> str:
        """A run folder holds one run."""
        return ""

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """They are in `config.yaml`."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Add to the row of `step`."""
        at = self.module.global_step
        self.rows = {old: row for old, row in self.rows.items() if old <= at}
        self.rows.setdefault(at, {}).update({name: float(value) for name, value in metrics.items()})

    @rank_zero_only
    def save(self) -> None:
        """Write the file, whole."""
        names = sorted({name for row in self.rows.values() for name in row})
        buffer = StringIO()
        writer = csv.DictWriter(buffer, ["step", *names], lineterminator="\n")
        writer.writeheader()
        for step in sorted(self.rows):
            writer.writerow(
                {"step": step, **{name: f"{value:.6g}" for name, value in self.rows[step].items()}}
            )
        write_atomically(self.path, buffer.getvalue().encode())

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """The last rows."""
        if self.rows:
            self.save()


class RunPictures(L.Callback):
    """After each validation: `samples/epoch-NNN.jpg` (photo, labels, prediction), `curves.png`, `confusion.png`.

    Args:
        folder: of the run; its `metrics.csv` gives the curves.
        taxonomy: for the colours.
    """

    def __init__(self, folder: Path, taxonomy: Taxonomy) -> None:
        self.folder, self.taxonomy = folder, taxonomy

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Draw, in the first process only."""
        if trainer.sanity_checking or not trainer.is_global_zero or not isinstance(module, Module):
            return
        if module.pictures:
            (self.folder / "samples").mkdir(parents=True, exist_ok=True)
            sheet = _sheet(module.pictures, self.taxonomy)
            path = self.folder / "samples" / f"epoch-{trainer.current_epoch + 1:03d}.jpg"
            write_atomically(path, to_jpeg_bytes(sheet))
        if module.confusion is not None:
            draw_confusion(module.confusion, self.taxonomy, self.folder / "confusion.png")

    def on_train_epoch_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """The curves so far."""
        if trainer.is_global_zero:
            for logger in trainer.loggers:
                if isinstance(logger, MetricsLog):
                    logger.save()
                    draw_curves(logger.path, self.folder / "curves.png")


def _sheet(pictures: list[tuple[Any, Any, Any]], taxonomy: Taxonomy) -> Image.Image:
    """Rows of photo, labels, prediction."""
    rows = []
    for pixels, labelled, found in pictures:
        overlays = [
            np.asarray(draw_overlay(pixels, np.where(labels == 255, 0, labels).astype(np.uint8), taxonomy))
            for labels in (labelled, found)
        ]
        gap = np.full((len(pixels), _GAP, 3), 255, np.uint8)
        rows.append(np.hstack([pixels, gap, overlays[0], gap, overlays[1]]))
    width, height = max(row.shape[1] for row in rows), sum(len(row) + _GAP for row in rows)
    sheet = np.full((height, width, 3), 255, np.uint8)
    top = 0
    for row in rows:
        sheet[top : top + len(row), : row.shape[1]] = row
        top += len(row) + _GAP
    return Image.fromarray(sheet)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", dpi=100)


# Of an instance run's scores by size, of recall, and of boxes at one overlap: in metrics.csv, too many for a picture.
_DETAIL = re.compile(r"^val/.*(_small|_medium|_large|_?ar\d*|box_ap\d+|box_garment_\w+)$")


def draw_curves(metrics: Path, path: Path) -> None:
    """Draw a run's `metrics.csv` to a PNG: losses on the left, validation scores on the right."""
    with metrics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    series: dict[str, tuple[list[float], list[float]]] = {}
    for row in rows:
        for name, value in row.items():
            if value and (name == "loss" or name.startswith(("loss/", "val/"))):
                steps, values = series.setdefault(name, ([], []))
                steps.append(float(row["step"]))
                values.append(float(value))
    figure = _figure(11, 4)
    left, right = figure.subplots(1, 2)
    for name, (steps, values) in sorted(series.items()):
        if _DETAIL.search(name):
            continue
        axis = right if name.startswith("val/") else left
        axis.plot(steps, values, label=name.removeprefix("val/"), marker="o" if axis is right else None, ms=3)
    for axis, title in ((left, "training loss"), (right, "validation")):
        axis.set(title=title, xlabel="step")
        axis.grid(alpha=0.3)
        if axis.lines:
            axis.legend(fontsize="small")
    _save(figure, path)


def draw_confusion(confusion: np.ndarray[Any, Any], taxonomy: Taxonomy, path: Path) -> None:
    """Draw a confusion matrix (rows: labels), each row in shares of its labelled pixels, to a PNG."""
    held = np.flatnonzero((confusion.sum(1) > 0) | (confusion.sum(0) > 0))
    part = confusion[np.ix_(held, held)].astype(float)
    shares = part / np.maximum(part.sum(1, keepdims=True), 1)
    names = [taxonomy[int(index)].name for index in held]
    side = max(4.0, 0.45 * len(names) + 2)
    figure = _figure(side, side)
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(len(names)), names, rotation=90)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="predicted", ylabel="labelled")
    for row, column in np.argwhere(shares >= 0.005):
        colour = "white" if shares[row, column] > 0.5 else "black"
        text = f"{100 * shares[row, column]:.0f}"
        axis.text(column, row, text, ha="center", va="center", color=colour, fontsize="x-small")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    write_atomically(path, buffer.getvalue())
