"""A model's graph in ONNX Runtime: loaded, and checked once against what its description says of it.

A wrong file fails with one line, and not with numbers that mean nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.specs import OutputSpec

__all__ = ["available_providers", "check_graph", "fixed_size", "one_line", "open_session"]

_PREFERRED = (
    "CUDAExecutionProvider",
    "ROCMExecutionProvider",
    "MIGraphXExecutionProvider",
    "CoreMLExecutionProvider",
    "DmlExecutionProvider",
    "OpenVINOExecutionProvider",
    "CPUExecutionProvider",
)
_QUIET = 4  # only what is fatal: everything else reaches the user as an exception
_RANKS = {"alpha": 4, "logits": 4, "probabilities": 4, "detections": 3, "prototypes": 4, "mask_logits": 4}


def available_providers() -> tuple[str, ...]:
    """The ONNX Runtime providers that would be used here, best first; the CPU is always the last."""
    ort = _onnxruntime()
    installed = ort.get_available_providers()
    return tuple(name for name in _PREFERRED if name in installed)


def _onnxruntime() -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(_QUIET)
    return onnxruntime


def open_session(
    path: Path, threads: int | None, providers: Sequence[str] | None, *, busy_wait: bool = True
) -> Any:
    """An inference session of the model at `path`; ModelError when it or a provider cannot be loaded.

    `busy_wait`: whether threads without work go round in circles for a while, ready for more. Alone on a machine that
    is a little faster; beside other programs it takes their time, half of all that is used.
    """
    ort = _onnxruntime()
    options = ort.SessionOptions()
    options.log_severity_level = _QUIET
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Photos differ in shape: a memory plan per shape would be kept for each and grow over a long run.
    options.enable_mem_pattern = False
    options.inter_op_num_threads = 1
    if not busy_wait:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    chosen = list(available_providers() if providers is None else providers)
    unknown = [name for name in chosen if name not in ort.get_available_providers()]
    if unknown:
        have = ", ".join(ort.get_available_providers())
        raise ModelError(f"ONNX Runtime provider {unknown[0]} is not installed; there are: {have}")
    try:
        return ort.InferenceSession(os.fspath(path), sess_options=options, providers=chosen)
    except Exception as error:  # onnxruntime raises a dozen kinds, all directly under Exception
        raise ModelError(
            f"{path.name} is not a model that ONNX Runtime can load: {one_line(error)}"
        ) from None


def check_graph(session: Any, about: ModelDescription, classes: int, file: str) -> str:
    """The name of the graph's input; ModelError, naming `file`, where the description contradicts the graph.

    `classes` is the number of classes of the taxonomy.
    """
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
    wanted = "(1, 3, H, W)" if about.input.layout == "NCHW" else "(3, H, W)"
    shape, channel = inputs[name].shape, about.input.layout.index("C")
    if len(shape) != len(about.input.layout) or inputs[name].type != "tensor(float)":
        raise ModelError(f"{contradiction} input {name!r} is not float32 {wanted}")
    if isinstance(shape[channel], int) and shape[channel] != 3:
        raise ModelError(
            f"{contradiction} input {name!r} has {shape[channel]} channels, not float32 {wanted}"
        )
    outputs = {item.name: item for item in session.get_outputs()}
    for output, spec in about.outputs.items():
        if output not in outputs:
            raise ModelError(f"{contradiction} no output {output!r}; it has: {', '.join(outputs)}")
        wrong = _wrong_shape(spec, outputs[output].shape, about, classes)
        if wrong:
            raise ModelError(f"{contradiction} output {output!r} has {wrong}")
    return name


def _wrong_shape(spec: OutputSpec, shape: list[Any], about: ModelDescription, classes: int) -> str | None:
    """What is wrong with an output's shape, as far as the graph fixes it."""
    if spec.kind in _RANKS and shape and len(shape) != _RANKS[spec.kind]:
        return f"{len(shape)} dimensions; one of kind {spec.kind!r} has {_RANKS[spec.kind]}"
    channels = shape[1] if len(shape) > 1 and isinstance(shape[1], int) else None
    last = shape[-1] if shape and isinstance(shape[-1], int) else None
    if spec.kind in ("logits", "probabilities", "presence"):
        own = len(about.labels) or classes
        if channels is not None and channels != own:
            return f"{channels} channels, taxonomy {about.taxonomy} {own} classes"
    if spec.kind == "alpha" and channels not in (None, 1):
        return f"{channels} channels; an alpha has one"
    if spec.kind == "boxes" and last not in (None, 4):
        return f"{last} numbers per box; a box has 4"
    if spec.kind == "box_logits":
        own = len(about.labels) or classes - 1
        if last is not None and last not in (own, own + 1):
            return f"{last} classes, taxonomy {about.taxonomy} {own} and a background"
    return None


def fixed_size(session: Any, name: str) -> tuple[int, int] | None:
    """The (height, width) that the graph's input `name` is fixed to, None where it takes any."""
    shape = next(item.shape for item in session.get_inputs() if item.name == name)
    height, width = shape[-2:]
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def one_line(error: Exception) -> str:
    """An exception's message on one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__
