"""From a trained instance network to one ONNX file that describes itself, and how far the file is from the network."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from ewardrobe.errors import ModelError, UsageError
from ewardrobe.segmentation.decoding import decode
from ewardrobe.segmentation.description import InputSpec, ModelDescription, OutputSpec, write_description
from ewardrobe.segmentation.detections import Detections as Found
from ewardrobe.segmentation.geometry import Placement, place, prepare
from ewardrobe.taxonomy import Taxonomy
from ewardrobe.training.architectures.interface import IMAGENET_MEAN, Detections, InstanceNet
from ewardrobe.training.export import forget_origin, halve_weights

__all__ = ["Differences", "compare", "describe_instance", "export_instance"]

_COMPARED = 0.05  # what scores lower is noise
_SHOWN = 0.5
_NEAR = 2.0  # pixels between the boxes of a pair
_TOLERANCE, _TOLERANCE_HALF = 1e-3, 2e-2  # of scores
_FLOATS = NDArray[np.float32]


@dataclass(frozen=True)
class Differences:
    """How far the graph, read by NumPy, is from the network in PyTorch, on `photos` photos.

    Of the network's detections that score 0.05 or more, each is paired with the graph's nearest one of its class.

    Attributes:
        detections: how many there were.
        unpaired: those without a partner within two pixels.
        boxes: the largest difference of a side, in input pixels.
        scores: the largest difference of a score.
        masks: the largest share of the input's pixels on which the masks of a pair differ.
        changed_pixels: share of all pixels that change in the label maps of what scores 0.5 or more.
    """

    photos: int
    detections: int
    unpaired: int
    boxes: float
    scores: float
    masks: float
    changed_pixels: float

    def __str__(self) -> str:
        return (
            f"{self.photos} photos, {self.detections} detections, {self.unpaired} unpaired: boxes {self.boxes:.2g} px, "
            f"scores {self.scores:.2g}, masks {self.masks:.2g}, changed pixels {self.changed_pixels:.2g}"
        )


def describe_instance(
    net: InstanceNet, name: str, taxonomy: Taxonomy, size: int | tuple[int, int], **about: Any
) -> ModelDescription:
    """The description of `net`'s export.

    Args:
        size: long side, in pixels, or (height, width) of a network of fixed size.
        about: further fields of the description, such as `licence` and `training_data`.

    Raises:
        UsageError: the network takes one height and width, and only a long side is given.
    """
    pad = None if net.mean == IMAGENET_MEAN else IMAGENET_MEAN  # the colour around photos in training
    if isinstance(size, int):
        if net.fixed_size:
            raise UsageError("this network is exported for one height and one width: give both")
        spec = InputSpec(long_side=size, divisor=net.divisor, pad=pad, name="image")
    else:
        spec = InputSpec(
            "letterbox", height=size[0], width=size[1], divisor=net.divisor, pad=pad, name="image"
        )
    return ModelDescription(
        name=name,
        taxonomy=taxonomy.name,
        input=spec,
        mean=net.mean,
        std=net.std,
        outputs={kind: OutputSpec(kind) for kind in net.outputs},  # type: ignore[arg-type]
        task="instance",
        decode=net.decode,
        thresholds={"score": _SHOWN, "nms_iou": 0.7},
        **about,
    )


def export_instance(
    net: InstanceNet,
    path: Path,
    description: ModelDescription,
    photos: Sequence[NDArray[np.uint8]],
    *,
    half: bool = False,
) -> Differences:
    """Write `net` with its description to `path`, and compare the two on `photos`, uint8 (H, W, 3) each.

    Height and width of the graph's input are free (multiples of `net.divisor`) unless the network's size is fixed. With
    `half`, weights are stored as float16.

    Raises:
        ModelError: the graph does not find what the network finds; nothing is written.
    """
    net = net.eval()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.onnx"
        _write_graph(
            net, raw, None if isinstance(description.default_size(), int) else description.default_size()
        )
        graph = onnx.load(str(raw))
        forget_origin(graph)
        if half:
            halve_weights(graph)
        onnx.save(graph, str(raw))
        differences = compare(net, raw, description, photos)
        if differences.scores > (_TOLERANCE_HALF if half else _TOLERANCE) or differences.unpaired * 20 > max(
            20, differences.detections
        ):
            raise ModelError(f"the exported graph is off ({differences}): not written to {path}")
        write_description(raw, path, description)
    return differences


def _write_graph(net: InstanceNet, path: Path, size: Any) -> None:
    """Traced where the size is free: how many regions Mask R-CNN looks at depends on the photo, which torch.export
    cannot follow. At a fixed size by torch.export, which knows more operators (RF-DETR's bicubic resizing)."""
    shape = size or (4 * net.divisor, 5 * net.divisor)
    image = torch.randn(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    about: dict[str, Any] = {"input_names": ["image"], "output_names": list(net.outputs), "opset_version": 18}
    if not net.fixed_size:
        about |= {"dynamo": False, "dynamic_axes": None if size else {"image": {2: "rows", 3: "columns"}}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of what is taken for constant
        torch.onnx.export(
            net,
            (image.to(next(net.parameters()).device),),
            str(path),
            external_data=False,
            verbose=False,
            **about,
        )


def compare(
    net: InstanceNet, path: Path, description: ModelDescription, photos: Sequence[NDArray[np.uint8]]
) -> Differences:
    """How far the ONNX file at `path` is from `net`, in evaluation mode, on `photos`, uint8 (H, W, 3) each."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    spec, total = description.input, Differences(0, 0, 0, 0, 0, 0, 0)
    device = next(net.parameters()).device
    for pixels in photos:
        placement = place((pixels.shape[0], pixels.shape[1]), spec, description.default_size())
        image = prepare(pixels, placement, description.mean, description.std, spec.pad)
        (expected,) = net.predict(torch.from_numpy(image).to(device))
        outputs = dict(
            zip(description.outputs, session.run(list(description.outputs), {"image": image}), strict=True)
        )
        size = placement.input_size
        found = decode(outputs, description, Placement(size, size, size))
        total = _added(total, _difference(expected, found))
    return replace(total, changed_pixels=total.changed_pixels / max(1, total.photos))


def _added(one: Differences, other: Differences) -> Differences:
    return Differences(
        one.photos + other.photos,
        one.detections + other.detections,
        one.unpaired + other.unpaired,
        max(one.boxes, other.boxes),
        max(one.scores, other.scores),
        max(one.masks, other.masks),
        one.changed_pixels + other.changed_pixels,
    )


def _difference(expected: Detections, found: Found) -> Differences:
    boxes, scores = expected["boxes"].cpu().numpy(), expected["scores"].cpu().numpy()
    labels, masks = expected["labels"].cpu().numpy(), expected["masks"].cpu().numpy()
    detections = unpaired = 0
    far = [0.0, 0.0, 0.0]
    for index in np.flatnonzero(scores >= _COMPARED):
        detections += 1
        same = np.flatnonzero(found.labels == labels[index])
        sides = np.abs(found.boxes[same] - boxes[index]).max(1, initial=0)
        distance = sides + np.abs(found.scores[same] - scores[index])
        if not len(same) or sides[distance.argmin()] > _NEAR:
            unpaired += 1
            continue
        partner = int(same[distance.argmin()])
        changed = found.mask(partner) != masks[index]
        differences = (sides[distance.argmin()], abs(found.scores[partner] - scores[index]), changed.mean())
        far = [max(pair) for pair in zip(far, map(float, differences), strict=True)]
    ours = _label_map(labels, scores, [masks[index] for index in range(len(masks))], found.size)
    theirs = _label_map(
        found.labels, found.scores, [found.mask(index) for index in range(len(found))], found.size
    )
    return Differences(1, detections, unpaired, far[0], far[1], far[2], float((ours != theirs).mean()))


def _label_map(
    labels: NDArray[np.int64], scores: _FLOATS, masks: Sequence[NDArray[np.bool_]], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The shown detections drawn, the best last, so that it lies on top."""
    drawn = np.zeros(size, np.uint8)
    for index in reversed(np.flatnonzero(scores >= _SHOWN)):
        drawn[masks[index]] = labels[index]
    return drawn
