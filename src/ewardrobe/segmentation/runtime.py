"""A described model in ONNX Runtime: a photo's pixels in, class scores and features out.

Models of this project have a dynamic height and width; those that others published may be fixed. What the description
says is checked against the graph once, when the session is made, so that a wrong file fails with one line and not
with numbers that mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ewardrobe.errors import ModelError
from ewardrobe.segmentation.decoding import decode
from ewardrobe.segmentation.description import ModelDescription
from ewardrobe.segmentation.detections import Detections
from ewardrobe.segmentation.geometry import Placement, place, prepare
from ewardrobe.segmentation.layers import layer_scores, to_show
from ewardrobe.segmentation.onnxfile import read_metadata
from ewardrobe.segmentation.scores import ScoreMap, agreed, softmax
from ewardrobe.segmentation.session import check_graph, fixed_size, one_line, open_session
from ewardrobe.segmentation.specs import OutputKind
from ewardrobe.taxonomy import Taxonomy

__all__ = ["Features", "Prediction", "Runtime"]

Array = npt.NDArray[np.float32]
_TASKS = ("semantic", "matting", "instance")
_PRESENT, _ABSENT = 0.3, 0.05  # the presence that lowers nothing, and the lowest weight


@dataclass(frozen=True, slots=True)
class Features:
    """An encoder's map float32 (C, h, w) over the photo, padding removed, and where the photo lay in the input."""

    values: Array
    placement: Placement
    cells: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one photo; `presence` float32 (classes,): the probability that a class is in the photo.

    `detections` are all that an instance model found, `shown` those that are good enough to be a garment, largest
    first; both None for the other models.
    """

    scores: ScoreMap
    features: Features | None = None
    presence: Array | None = None
    detections: Detections | None = None
    shown: Detections | None = None


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
        busy_wait: bool = True,
    ) -> None:
        """Load the model at `path`; ModelError when it cannot be, or when it contradicts its description.

        `description` stands in for a missing one. `size`: pixels of the long side (or height and width), or a name from
        the description's `sizes`; None: the model's own. `threads`: of ONNX Runtime, None: all cores.
        `busy_wait`: see `open_session`.
        """
        metadata = read_metadata(path)
        self.path = path
        self.description = description or ModelDescription.from_onnx_metadata(metadata, where=path.name)
        if self.description.task not in _TASKS:
            raise ModelError(
                f"model {self.description.name} is for {self.description.task}; this needs one for segmentation: "
                f"{', '.join(_TASKS)}"
            )
        self.taxonomy: Taxonomy = self.description.load_taxonomy()
        _check_classes(self.description, self.taxonomy)
        self.session = open_session(path, threads, providers, busy_wait=busy_wait)
        self._input_name = check_graph(self.session, self.description, len(self.taxonomy), path.name)
        self.size = self._size(size)
        named = size if isinstance(size, str) else "full" if size is None else ""
        self.scales = self.description.scales.get(named, ())
        """Further long sides at which a photo is seen; a size in pixels is that size alone."""

    @property
    def provider(self) -> str:
        """The ONNX Runtime provider in use."""
        return str(self.session.get_providers()[0])

    def run(self, pixels: npt.NDArray[np.uint8]) -> Prediction:
        """The prediction for the photo `pixels`, uint8 (H, W, 3) sRGB."""
        about = self.description
        placement, outputs = self._seen(pixels, self.size)
        if about.task == "instance":
            return self._detected(outputs, placement)
        features, presence = self._output(outputs, "features"), self._presence(outputs)
        if about.task == "matting":
            probabilities = self._foreground(outputs, placement)
        else:
            probabilities = self._probabilities(outputs)
        if self.scales:
            scored = [name for name, spec in about.outputs.items() if spec.kind != "features"]
            others = [self._seen(pixels, size, scored)[1] for size in self.scales]
            probabilities = agreed([probabilities, *map(self._probabilities, others)])
            presences = [found for one in (outputs, *others) if (found := self._presence(one)) is not None]
            presence = np.mean(presences, axis=0, dtype=np.float32) if presences else None
        if presence is not None and len(presence) == len(probabilities):
            probabilities = _without_absentees(probabilities, presence)
        return Prediction(
            ScoreMap.from_output(probabilities, placement),
            None if features is None else _without_padding(features, placement),
            presence,
        )

    def _seen(
        self,
        pixels: npt.NDArray[np.uint8],
        size: int | tuple[int, int],
        outputs: Sequence[str] | None = None,
    ) -> tuple[Placement, dict[str, Array]]:
        """What the graph gives for the photo at one size (all of `outputs`), and where the photo lay."""
        about = self.description
        placement = place((pixels.shape[0], pixels.shape[1]), about.input, size)
        batch = prepare(pixels, placement, about.mean, about.std, about.input.pad)
        return placement, self._run_graph(batch if about.input.layout == "NCHW" else batch[0], outputs)

    def _run_graph(self, batch: Array, outputs: Sequence[str] | None = None) -> dict[str, Array]:
        names = list(self.description.outputs if outputs is None else outputs)
        try:
            values = self.session.run(names, {self._input_name: batch})
        except Exception as error:  # onnxruntime raises a dozen kinds, all directly under Exception
            raise ModelError(f"model {self.description.name} failed to run: {one_line(error)}") from None
        return {name: np.asarray(value, dtype=np.float32) for name, value in zip(names, values, strict=True)}

    def _detected(self, outputs: dict[str, Array], placement: Placement) -> Prediction:
        detections = decode(outputs, self.description, placement)
        shown, covers = to_show(detections, self.description.score_threshold, placement)
        scores = layer_scores(shown, covers, len(self.taxonomy), placement)
        return Prediction(scores, detections=detections, shown=shown)

    def _foreground(self, outputs: dict[str, Array], placement: Placement) -> Array:
        """The probabilities of background and foreground, float32 (2, h, w)."""
        given, activation = self._output(outputs, "alpha"), "none"
        found = self.description.output("alpha")
        if found is not None:
            activation = found[1].activation
        if given is None or given.ndim != 3 or len(given) != 1 or not np.isfinite(given).all():
            shape = None if given is None else given.shape
            raise ModelError(
                f"model {self.description.name} gave an alpha of shape {shape}, or not of numbers"
            )
        alpha = given[0]
        if activation == "sigmoid":
            alpha = 1 / (1 + np.exp(-np.clip(alpha, -30, 30)))
        elif activation == "minmax":
            used = alpha[placement.window((alpha.shape[0], alpha.shape[1]))]
            alpha = (alpha - used.min()) / max(float(used.max() - used.min()), 1e-6)
        alpha = np.clip(alpha, 0, 1)
        return np.stack([1 - alpha, alpha]).astype(np.float32)

    def _probabilities(self, outputs: dict[str, Array]) -> Array:
        logits = self._output(outputs, "logits")
        given = logits if logits is not None else self._output(outputs, "probabilities")
        own = len(self.description.labels) or len(self.taxonomy)
        if given is None or given.ndim != 3 or len(given) != own:
            shape = None if given is None else given.shape
            raise ModelError(f"model {self.description.name} gave scores of shape {shape} for {own} classes")
        probabilities = softmax(given) if logits is not None else _normalised(given)
        if not self.description.labels:
            return probabilities
        summed = np.zeros((len(self.taxonomy), *probabilities.shape[1:]), dtype=np.float32)
        np.add.at(summed, np.asarray(self.description.labels), probabilities)
        return summed

    def _output(self, outputs: dict[str, Array], kind: OutputKind) -> Array | None:
        """The output of that kind without the batch's dimension."""
        found = self.description.output(kind)
        return None if found is None else outputs[found[0]][0]

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
        fixed = fixed_size(self.session, self._input_name)
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
        if fixed is not None and (about.input.resize in ("fit", "round") or asked != fixed):
            raise ModelError(f"model {about.name} takes {fixed[0]}x{fixed[1]} only, not size {size}")
        return size


def _check_classes(about: ModelDescription, taxonomy: Taxonomy) -> None:
    if about.task == "matting" and len(taxonomy) != 2:
        raise ModelError(
            f"model {about.name} is for matting: its taxonomy has a background and a foreground, not the "
            f"{len(taxonomy)} classes of {taxonomy.name}"
        )
    if about.labels and max(about.labels) >= len(taxonomy):
        raise ModelError(
            f"model {about.name} names class {max(about.labels)} among its labels; taxonomy {taxonomy.name} has "
            f"0..{len(taxonomy) - 1}"
        )


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
