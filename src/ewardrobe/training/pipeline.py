"""Two trainings from one command, and one file of both: background removal, and the garments in what it leaves.

A pipeline is a YAML file that names two configs beside it:

    pipeline:
      background: background-removal-u2net.yaml    # task: matting
      garments: parts-u2net.yaml                   # semantic

The file that comes out is a semantic model like any other. Within it both networks see the photo; each garment's
probability is multiplied by the foreground's, and the background takes what that leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import yaml
from torch import Tensor

from ewardrobe.errors import ModelError, UsageError
from ewardrobe.training.architectures.interface import SemanticNet
from ewardrobe.training.config import Config, load_config
from ewardrobe.training.exporting import Exported, describe_run, validation_photos, write_checked
from ewardrobe.training.running import task_of, train
from ewardrobe.training.saving import SavedModel, load_model

__all__ = ["PARTS", "GatedNet", "export_pipeline", "load_pipeline", "train_pipeline"]

PARTS = ("background", "garments")
"""The two configs of a pipeline, in the order in which they are trained; also the names of their run folders."""

_LEAST = 1e-6  # probability, so that its logarithm is a number


class GatedNet(SemanticNet):
    """A semantic network and a matting network as one semantic network.

    Args:
        garments: its softmax says which garment.
        background: its one channel says how much of a pixel is foreground.
        reduction: the matting network sees the photo so many times smaller, a whole number.
    """

    def __init__(self, garments: SemanticNet, background: SemanticNet, reduction: int = 1) -> None:
        super().__init__(garments.classes)
        self.garments, self.background, self.reduction = garments, background, reduction
        self.mean, self.std = garments.mean, garments.std
        self.divisor = max(garments.divisor, background.divisor * reduction)
        scale = torch.tensor(garments.std) / torch.tensor(background.std)
        shift = (torch.tensor(garments.mean) - torch.tensor(background.mean)) / torch.tensor(background.std)
        self.register_buffer("scale", scale.view(1, 3, 1, 1))
        self.register_buffer("shift", shift.view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Image normalised as `garments` wants it, float (N, 3, H, W) -> log-probabilities (N, classes, h, w)."""
        logits = self.garments(image)[self.garments.outputs.index("logits")]
        small = F.avg_pool2d(image, self.reduction) if self.reduction > 1 else image
        alpha = self.background(small * self.scale + self.shift)[0].sigmoid()
        if alpha.shape[-2:] != logits.shape[-2:]:
            alpha = F.interpolate(alpha, size=logits.shape[-2:], mode="bilinear", align_corners=False)
        shown = logits.softmax(1)[:, 1:] * alpha
        together = torch.cat([1 - shown.sum(1, keepdim=True), shown], 1)
        return (together.clamp_min(_LEAST).log(),)


def load_pipeline(path: Path, overrides: Iterable[str] = ()) -> dict[str, Config] | None:
    """The two configs of the pipeline in the YAML file `path`; None where the file is no pipeline.

    `overrides` are `key=value` texts that begin with the part they are for: `garments.training.steps=500`.

    Raises:
        UsageError: a part is missing or unknown, or its config is wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None  # reading it as a config says what is wrong
    if not isinstance(document, Mapping) or "pipeline" not in document:
        return None
    named, rest = document["pipeline"], sorted(set(document) - {"pipeline", "about"})
    if rest:
        raise UsageError(f"{path.name}: unknown key {rest[0]!r}: a pipeline has `pipeline` and `about` only")
    if not isinstance(named, Mapping) or sorted(named) != sorted(PARTS):
        raise UsageError(f"{path.name}: `pipeline` names two configs: {' and '.join(PARTS)}")
    by_part: dict[str, list[str]] = {part: [] for part in PARTS}
    for text in overrides:
        part, _, key = text.partition(".")
        if part not in by_part or not key:
            raise UsageError(f"{text!r}: a pipeline's keys begin with {' or '.join(f'{p}.' for p in PARTS)}")
        by_part[part].append(key)
    configs = {part: load_config(path.parent / str(named[part]), by_part[part]) for part in PARTS}
    for part, wanted in zip(PARTS, ("matting", "semantic"), strict=True):
        if task_of(configs[part]) != wanted:
            raise UsageError(f"{path.name}: {part} must be a config of task {wanted}: {named[part]} is not")
    return configs


def train_pipeline(
    configs: Mapping[str, Config],
    folder: Path,
    *,
    data: Path | None = None,
    progress: bool = True,
    export: bool = True,
) -> Path | None:
    """Train both parts in folders of their names below `folder`, each resumed where it was stopped; the file of both.

    Args:
        configs: of `load_pipeline`.
        folder, data, progress: as for `ewardrobe.training.running.train`.
        export: also write `folder/model.onnx`.
    """
    for part in PARTS:
        if not (folder / part / "model.safetensors").exists():
            train(configs[part], folder / part, data=data, progress=progress, export=False)
    return export_pipeline(folder, folder / "model.onnx").path if export else None


def export_pipeline(folder: Path, path: Path, *, half: bool = False) -> Exported:
    """Write the pipeline trained in `folder` to the ONNX file `path`, compared with PyTorch on validation photos.

    Raises:
        ModelError: a part is not trained to its end, or the graph does not compute what the networks do.
    """
    background, garments = (load_model(folder / part) for part in PARTS)
    if not isinstance(background.net, SemanticNet) or not isinstance(garments.net, SemanticNet):
        raise ModelError(f"{folder} is no pipeline of a matting and a semantic network")
    net = GatedNet(garments.net, background.net, _reduction(garments.about, background.about)).eval()
    about = {**garments.about, "name": folder.name, "data": _data(background, garments)}
    description = describe_run(SavedModel(net, "semantic", garments.taxonomy, about))
    description = replace(
        description, title=f"{description.title}, on the foreground by {background.about['name']}"
    )
    return write_checked(net, path, description, validation_photos(folder / "garments"), half=half)


def _reduction(garments: Mapping[str, Any], background: Mapping[str, Any]) -> int:
    """How many times smaller the background's canvas is than the garments', whole."""
    sides = [max(int(about["height"]), int(about["width"])) for about in (garments, background)]
    return max(1, round(sides[0] / sides[1]))


def _data(*parts: SavedModel) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part.about["data"]))
