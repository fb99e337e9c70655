"""The door out: a run's network as one ONNX file that describes itself, compared with PyTorch on real photos."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from ewardrobe.errors import EwardrobeError, ModelError
from ewardrobe.segmentation.description import InputSpec, ModelDescription, OutputSpec, write_description
from ewardrobe.segmentation.geometry import place, prepare
from ewardrobe.training.architectures import ARCHITECTURES
from ewardrobe.training.architectures.interface import InstanceNet, SemanticNet
from ewardrobe.training.export import export_onnx
from ewardrobe.training.export_instance import Differences, describe_instance, export_instance
from ewardrobe.training.photos import open_sources
from ewardrobe.training.saving import SavedModel, load_model

__all__ = [
    "Exported",
    "SemanticDifferences",
    "compare_semantic",
    "describe_run",
    "export_run",
    "validation_photos",
    "write_checked",
]

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class SemanticDifferences:
    """How far the graph is from the network in PyTorch on `photos` photos.

    `probabilities`: the largest difference of a class probability at a cell of the output. `changed_pixels`: share of
    the photos' pixels whose class changes.
    """

    photos: int
    probabilities: float
    changed_pixels: float

    def __str__(self) -> str:
        return (
            f"{self.photos} photos: probabilities differ by {self.probabilities:.2g} at most, "
            f"{self.changed_pixels:.2g} of the pixels change class"
        )


@dataclass(frozen=True)
class Exported:
    """The file that was written, and how far it is from the network; None where there was no photo to compare on."""

    path: Path
    differences: SemanticDifferences | Differences | None


def describe_run(saved: SavedModel) -> ModelDescription:
    """What the exported file of a semantic or matting network says of itself."""
    net, about = saved.net, saved.about
    assert isinstance(net, SemanticNet)
    kinds: dict[str, OutputSpec] = {}
    for name in net.outputs:
        if saved.task == "matting":
            kinds[name] = OutputSpec("alpha", activation="sigmoid")
        elif name == "logits" and net.activation == "sigmoid":
            kinds[name] = OutputSpec("probabilities")
        else:
            kinds[name] = OutputSpec(name)  # type: ignore[arg-type]
    height, width = int(about["height"]), int(about["width"])
    spec = (
        InputSpec("letterbox", height=height, width=width, name="image")
        if net.fixed_size
        else InputSpec("round", long_side=max(height, width), divisor=net.divisor, name="image")
    )
    return ModelDescription(
        task=saved.task,
        taxonomy=saved.taxonomy.name,
        input=spec,
        mean=net.mean,
        std=net.std,
        outputs=kinds,
        **_about(saved),
    )


def _about(saved: SavedModel) -> dict[str, Any]:
    about = saved.about
    kind = ARCHITECTURES[about["architecture"]]
    return {
        "name": about["name"],
        "title": f"{kind.title} ({about['name']})",
        "about": about["about"],
        "licence": f"network: {kind.licence}; weights: those of the training data",
        "commercial_use": None,
        "training_data": tuple(about["data"]),
        "source": "ewardrobe train",
        "scores": {"validation": about["scores"]},
    }


class _Probabilities(SemanticNet):
    """A network with a mask for each class, as one that gives probabilities; the background's is what no mask takes."""

    def __init__(self, net: SemanticNet) -> None:
        super().__init__(net.classes)
        self.net, self.outputs = net, net.outputs  # type: ignore[misc]
        self.mean, self.std, self.divisor, self.fixed_size = net.mean, net.std, net.divisor, net.fixed_size
        self.activation = "sigmoid"

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """As the network's, the logits replaced by probabilities."""
        outputs = list(self.net(image))
        masks = outputs[0][:, 1:].sigmoid()
        outputs[0] = torch.cat([1 - masks.amax(1, keepdim=True), masks], 1)
        return tuple(outputs)


def export_run(
    folder: Path, path: Path, *, half: bool = False, photos: Sequence[Pixels] | None = None
) -> Exported:
    """Write the network of the finished run `folder` to the ONNX file `path`.

    Args:
        half: store the weights as float16, widened when the file is loaded: half the size.
        photos: to compare on, uint8 (H, W, 3); None: the run's first validation photos, where they are still there.

    Raises:
        ModelError: the folder holds no finished run, or the graph does not compute what the network does.
    """
    saved = load_model(folder)
    if photos is None:
        photos = validation_photos(folder)
    if isinstance(saved.net, InstanceNet):
        size = (int(saved.about["height"]), int(saved.about["width"]))
        about = _about(saved)
        description = describe_instance(
            saved.net, about.pop("name"), saved.taxonomy, size if saved.net.fixed_size else max(size), **about
        )
        return write_checked(saved.net, path, description, photos, half=half)
    net = (
        _Probabilities(saved.net)
        if saved.net.activation == "sigmoid" and saved.task == "semantic"
        else saved.net
    )
    return write_checked(net, path, describe_run(saved), photos, half=half)


def write_checked(
    net: SemanticNet | InstanceNet,
    path: Path,
    description: ModelDescription,
    photos: Sequence[Pixels],
    *,
    half: bool = False,
) -> Exported:
    """Write `net` with its description to the ONNX file `path` and compare them on `photos`, uint8 (H, W, 3) each.

    The file appears when it has been compared. `half`: weights are stored as float16.

    Raises:
        ModelError: the graph does not compute what the network does; nothing is written.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "model.onnx"
        differences: SemanticDifferences | Differences
        if isinstance(net, InstanceNet):
            # The network's classes are compared, not what they are called.
            counted = replace(description, labels=tuple(range(1, net.classes)))
            differences = export_instance(net, made, counted, photos, half=half)
        else:
            export_onnx(net, made, description, half=half)
            differences = compare_semantic(net, made, description, photos)
        write_description(made, path, description)
    return Exported(path, differences if photos else None)


def validation_photos(folder: Path, count: int = 4) -> list[Pixels]:
    """The first validation photos of a run, uint8 (H, W, 3) each; none where the data has gone."""
    import yaml

    from ewardrobe.training.config import Config, validated

    try:
        config = validated(Config, yaml.safe_load((folder / "config.yaml").read_text()), "config.yaml")
        root = json.loads((folder / "environment.json").read_text()).get("data")
        datasets = open_sources(
            config.data.validation, None if root is None else Path(root), config.taxonomy, 0
        )
        return [datasets[0][n].photo.pixels for n in range(min(count, len(datasets[0])))]
    except (OSError, EwardrobeError):
        return []


@torch.no_grad()
def compare_semantic(
    net: SemanticNet, path: Path, description: ModelDescription, photos: Sequence[Pixels]
) -> SemanticDifferences:
    """How far the ONNX file at `path` is from `net` on `photos`, uint8 (H, W, 3) each.

    Raises:
        ModelError: more than one pixel in a hundred changes its class.
    """
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = description.output("alpha") or description.output("logits") or description.output("probabilities")
    assert name is not None
    index = net.outputs.index(name[0])
    far, changed, total = 0.0, 0, 0
    for pixels in photos:
        placement = place((pixels.shape[0], pixels.shape[1]), description.input, description.default_size())
        image = prepare(pixels, placement, description.mean, description.std, description.input.pad)
        found = torch.from_numpy(session.run([name[0]], {"image": image})[0])
        expected = net(torch.from_numpy(image))[index]
        maps = []
        for scores in (found, expected):
            p = _activated(scores, name[1])
            maps.append(F.interpolate(p, size=pixels.shape[:2], mode="bilinear", align_corners=False)[0])
        far = max(far, float((maps[0] - maps[1]).abs().max()))
        best = [one.argmax(0) if len(one) > 1 else one[0] >= 0.5 for one in maps]
        changed += int((best[0] != best[1]).sum())
        total += pixels.shape[0] * pixels.shape[1]
    differences = SemanticDifferences(len(photos), far, changed / max(1, total))
    if differences.changed_pixels > 0.01:
        path.unlink(missing_ok=True)
        raise ModelError(f"the exported graph is not the network ({differences}): it was not kept")
    return differences


def _activated(scores: torch.Tensor, spec: OutputSpec) -> torch.Tensor:
    """The probabilities of an output, float (1, classes, h, w)."""
    if spec.kind == "logits":
        return scores.softmax(1)
    if spec.kind == "alpha" and spec.activation == "minmax":
        return (scores - scores.min()) / (scores.max() - scores.min()).clamp(min=1e-6)
    return scores.sigmoid() if spec.kind == "alpha" and spec.activation == "sigmoid" else scores
