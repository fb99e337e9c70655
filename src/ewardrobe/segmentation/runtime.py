"""A described model in ONNX Runtime: a photo's pixels in, class scores and features out.

Models of this project have a dynamic height and width; those that others published may be fixed. What the description
says is checked against the graph once, when the session is made, so that a wrong file fails with one line and not
with numbers that mean nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription, OutputKind
from ewardrobe.segmentation.geometry import Placement, place, prepare
from ewardrobe.segmentation.onnxfile import read_metadata
from ewardrobe.segmentation.scores import ScoreMap, softmax
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Features", "Prediction", "Runtime", "available_providers"]

_PREFERRED = (
    "CUDAExecutionProvider",
    "ROCMExecutionProvider",
    "MIGraphXExecutionProvider",
    "CoreMLExecutionProvider",
    "DmlExecutionProvider",
    "OpenVINOExecutionProvider",
    "CPUExecutionProvider",
)
Array = npt.NDArray[np.float32]
_PRESENT, _ABSENT = 0.3, 0.05  # the presence that lowers nothing, and the lowest weight
_QUIET = 4  # only what is fatal: everything else reaches the user as an exception


@dataclass(frozen=True, slots=True)
class Features:
    """An encoder's map float32 (C, h, w) over the photo, padding removed, and where the photo lay in the input."""

    values: Array
    placement: Placement
    cells: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one photo; `presence` float32 (classes,): the probability that a class is in the photo."""

    scores: ScoreMap
    features: Features | None
    presence: Array | None


def available_providers() -> tuple[str, ...]:
    """The ONNX Runtime providers that would be used here, best first; the CPU is always the last."""
    ort = _onnxruntime()
    installed = ort.get_available_providers()
    return tuple(name for name in _PREFERRED if name in installed)


class Runtime:
    """One model, loaded; `run` may be called from several threads."""

    def __init__(
        self,
        path: Path,
        description: ModelDescription | None = None,
        *,
        size: int | str | tuple[int, int] | None = None,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
    ) -> None:
        """Load the model at `path`; ModelError when it cannot be, or when it contradicts its description.

        `description` stands in for a missing one. `size`: pixels of the long side (or height and width), or a name from
        the description's `sizes`; None: the model's own. `threads`: of ONNX Runtime, None: all cores.
        """
        metadata = read_metadata(path)
        self.path = path
        self.description = description or ModelDescription.from_onnx_metadata(metadata, where=path.name)
        if self.description.task != "semantic":
            raise ModelError(
                f"model {self.description.name} is for {self.description.task}; this needs a semantic one"
            )
        self.taxonomy: Taxonomy = self.description.load_taxonomy()
        self.session = _session(path, threads, providers)
        self._input_name = _check_graph(self.session, self.description, len(self.taxonomy), path.name)
        self.size = self._size(size)

    @property
    def provider(self) -> str:
        """The ONNX Runtime provider in use."""
        return str(self.session.get_providers()[0])

    def run(self, pixels: npt.NDArray[np.uint8]) -> Prediction:
        """The prediction for the photo `pixels`, uint8 (H, W, 3) sRGB."""
        about = self.description
        placement = place((pixels.shape[0], pixels.shape[1]), about.input, self.size)
        outputs = self._run_graph(prepare(pixels, placement, about.mean, about.std))
        features, presence = self._output(outputs, "features"), self._presence(outputs)
        probabilities = self._probabilities(outputs)
        if presence is not None and len(presence) == len(probabilities):
            probabilities = _without_absentees(probabilities, presence)
        return Prediction(
            ScoreMap.from_output(probabilities, placement),
            None if features is None else _without_padding(features, placement),
            presence,
        )

    def _run_graph(self, batch: Array) -> dict[str, Array]:
        names = list(self.description.outputs)
        try:
            values = self.session.run(names, {self._input_name: batch})
        except Exception as error:  # onnxruntime raises a dozen kinds, all directly under Exception
            raise ModelError(f"model {self.description.name} failed to run: {_first_line(error)}") from None
        return {
            name: np.asarray(value, dtype=np.float32)[0] for name, value in zip(names, values, strict=True)
        }

    def _probabilities(self, outputs: dict[str, Array]) -> Array:
        logits = self._output(outputs, "logits")
        given = logits if logits is not None else self._output(outputs, "probabilities")
        if given is None or given.ndim != 3 or len(given) != len(self.taxonomy):
            shape = None if given is None else given.shape
            raise ModelError(
                f"model {self.description.name} gave scores of shape {shape} for {len(self.taxonomy)} classes"
            )
        return softmax(given) if logits is not None else _normalised(given)

    def _output(self, outputs: dict[str, Array], kind: OutputKind) -> Array | None:
        found = self.description.output(kind)
        return None if found is None else outputs[found[0]]

    def _presence(self, outputs: dict[str, Array]) -> Array | None:
        found = self.description.output("presence")
        if found is None:
            return None
        name, spec = found
        values = outputs[name].reshape(-1)
        if spec.activation == "none":
            return values
        return np.asarray(1 / (1 + np.exp(-values)), dtype=np.float32)

    def _size(self, size: int | str | tuple[int, int] | None) -> int | tuple[int, int]:
        about = self.description
        fixed = _fixed_size(self.session, self._input_name)
        if isinstance(size, str):
            if size not in about.sizes:
                known = ", ".join(about.sizes) or "none"
                raise ModelError(f"model {about.name} has no size named {size!r}; it has: {known}")
            size = about.sizes[size]
        if size is None:
            size = about.default_size()
        if not all(1 <= side <= 8192 for side in ((size,) if isinstance(size, int) else size)):
            raise ModelError(f"size {size} is out of range; give 1..8192 pixels")
        asked = (size, size) if isinstance(size, int) else size
        if fixed is not None and (about.input.resize == "fit" or asked != fixed):
            raise ModelError(f"model {about.name} takes {fixed[0]}x{fixed[1]} only, not size {size}")
        return size


def _onnxruntime() -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(_QUIET)
    return onnxruntime


def _session(path: Path, threads: int | None, providers: Sequence[str] | None) -> Any:
    ort = _onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = _QUIET
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Photos differ in shape: a memory plan per shape would be kept for each and grow over a long run.
    options.enable_mem_pattern = False
    options.inter_op_num_threads = 1
    if threads is not None:
        options.intra_op_num_threads = threads
    chosen = list(available_providers() if providers is None else providers)
    unknown = [name for name in chosen if name not in ort.get_available_providers()]
    if unknown:
        have = ", ".join(ort.get_available_providers())
        raise ModelError(f"ONNX Runtime provider {unknown[0]} is not installed; there are: {have}")
    try:
        return ort.InferenceSession(os.fspath(path), sess_options=options, providers=chosen)
    except Exception as error:  # as in _run_graph
        raise ModelError(
            f"{path.name} is not a model that ONNX Runtime can load: {_first_line(error)}"
        ) from None


def _check_graph(session: Any, about: ModelDescription, classes: int, file: str) -> str:
    try:
        graph = [*session.get_inputs(), *session.get_outputs()]
        _ = [(item.name, item.shape) for item in graph]
    except UnicodeDecodeError:
        raise ModelError(f"{file} is damaged: a name in its graph is no text; get the file anew") from None
    inputs = {item.name: item for item in session.get_inputs()}
    name = about.input.name or next(iter(inputs), "")
    contradiction = f"the description in {file} contradicts the graph:"
    if name not in inputs:
        raise ModelError(f"{contradiction} no input {name!r}; it has: {', '.join(inputs)}")
    if len(inputs[name].shape) != 4 or inputs[name].type != "tensor(float)":
        raise ModelError(f"{contradiction} input {name!r} is not float32 (1, 3, H, W)")
    outputs = {item.name: item for item in session.get_outputs()}
    for output, spec in about.outputs.items():
        if output not in outputs:
            raise ModelError(f"{contradiction} no output {output!r}; it has: {', '.join(outputs)}")
        if spec.kind == "features":
            continue
        shape = outputs[output].shape
        if len(shape) > 1 and isinstance(shape[1], int) and shape[1] != classes:
            raise ModelError(
                f"{contradiction} output {output!r} has {shape[1]} channels, "
                f"taxonomy {about.taxonomy} {classes} classes"
            )
    return name


def _fixed_size(session: Any, name: str) -> tuple[int, int] | None:
    shape = next(item.shape for item in session.get_inputs() if item.name == name)
    height, width = shape[2:]
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _normalised(values: Array) -> Array:
    positive = np.maximum(values, 0)
    positive /= np.maximum(positive.sum(axis=0, keepdims=True), np.float32(1e-6))
    return positive


def _without_absentees(probabilities: Array, presence: Array) -> Array:
    """The probabilities, those of classes that are hardly in the photo lowered; the background always is."""
    weights = np.clip(presence / np.float32(_PRESENT), _ABSENT, 1)
    weights[0] = 1
    return _normalised(probabilities * weights[:, None, None])


def _without_padding(values: Array, placement: Placement) -> Features:
    cells = (values.shape[1], values.shape[2])
    rows, columns = placement.window(cells)
    return Features(np.ascontiguousarray(values[:, rows, columns]), placement, cells)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
