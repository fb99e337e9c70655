"""An exported file with eight-bit weights and activations: smaller, faster on some processors, and a little worse."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ewardrobe.datasets import Dataset, open_dataset
from ewardrobe.errors import DatasetError, ModelError, UsageError
from ewardrobe.evaluation import evaluate
from ewardrobe.segmentation import Segmenter
from ewardrobe.segmentation.description import read_description, write_description
from ewardrobe.segmentation.geometry import place, prepare

__all__ = ["Quantised", "quantise", "quantise_in_place"]

_LEAST = 4
_COMPARED = ("miou", "garment_miou", "foreground_iou")


@dataclass(frozen=True)
class Quantised:
    """What quantising did: photos calibrated on; megabytes and scores before and after."""

    photos: int
    megabytes: tuple[float, float]
    scores: dict[str, tuple[float, float]]


class _Photos(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, inputs: Iterator[dict[str, NDArray[np.float32]]]) -> None:
        self.inputs = inputs

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self.inputs, None)


def quantise(source: Path, target: Path, photos: Iterable[NDArray[np.uint8]]) -> int:
    """Write the file `source` to `target` with int8 weights (per channel) and uint8 activations (QDQ format).

    Convolutions and matrix products are quantised; the ranges of activations come from `photos`, uint8 (H, W, 3) each,
    of the kind that the model will see.

    Returns:
        The number of photos that were used.

    Raises:
        ModelError: `source` carries no description, or ONNX Runtime cannot quantise its graph.
        UsageError: there are fewer than 4 photos.
    """
    about = read_description(source)
    model = onnx.load(str(source))
    name = about.input.name or model.graph.input[0].name
    inputs: list[dict[str, Any]] = []
    for pixels in photos:
        placement = place((pixels.shape[0], pixels.shape[1]), about.input, about.default_size())
        inputs.append({name: prepare(pixels, placement, about.mean, about.std, about.input.pad)})
    if len(inputs) < _LEAST:
        raise UsageError(f"{len(inputs)} photos are too few to calibrate on: give at least {_LEAST}")
    with tempfile.TemporaryDirectory() as folder:
        ready, raw = Path(folder) / "ready.onnx", Path(folder) / "int8.onnx"
        try:
            quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
            quantize_static(
                str(ready),
                str(raw),
                _Photos(iter(inputs)),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv", "MatMul", "Gemm"],
                per_channel=True,
                weight_type=QuantType.QInt8,
                activation_type=QuantType.QUInt8,
            )
        except Exception as error:  # onnxruntime raises many kinds, directly under Exception
            raise ModelError(
                f"{source.name} cannot be quantised: {' '.join(str(error).split())[:160]}"
            ) from None
        write_description(raw, target, about)
    return len(inputs)


def quantise_in_place(path: Path, dataset: str, count: int) -> Quantised:
    """Replace the semantic model `path` by its int8 twin, calibrated on `dataset`, and score both on it.

    Photos to calibrate on are spread over the split `train`, those to score on are `val`; over all where there are no
    splits. On any error `path` is what it was.
    """
    seen, scored = _opened(dataset, "train"), _opened(dataset, "val")
    step = max(1, len(seen) // count)
    made = path.with_name(f".{path.name}.int8")
    try:
        used = quantise(path, made, (seen[n].photo.pixels for n in range(0, len(seen), step)))
        before, after = (evaluate(Segmenter(file), scored).scores for file in (path, made))
        sizes = (path.stat().st_size / 1e6, made.stat().st_size / 1e6)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    return Quantised(
        used, sizes, {name: (before[name].value, after[name].value) for name in _COMPARED if name in before}
    )


def _opened(dataset: str, split: str) -> Dataset:
    try:
        return open_dataset(dataset, split=split)
    except DatasetError:
        return open_dataset(dataset)
