"""What a model says about itself: the JSON document that every model file carries.

It lies in the ONNX file under the metadata key `ewardrobe`, or beside it as `<stem>.json`. Layout of schema version 1,
`?` marking what may be left out:

    schema_version  1
    name            what commands call the model
    title?, about?  for people
    task            "semantic", "matting" or "instance" (the other tasks of the design are not run by this version)
    taxonomy        name of a taxonomy; channel k of the scores is its class k
    classes?        rows {name, title?, colour "#rrggbb", kind, region?} where the taxonomy is the model's own
    labels?         taxonomy index of each of the model's own classes, in its order, where they come in another order or
                    several become one; an instance model counts its classes without the background
    input           {name?, layout "NCHW" (or "CHW": no batch dimension), channels "RGB", dtype "float32", resize, pad?}
                    resize "fit": aspect kept, `long_side` pixels long, padded right and below to multiples of
                    `divisor`; "round": as "fit", but each side is brought to the nearest multiple, and nothing is
                    padded; "stretch": to `height` x `width`; "letterbox": aspect kept, centred in `height` x
                    `width`. pad: the colour of the rest, RGB in 0..1; the mean colour where it is left out. max_area?,
                    of "fit" and "round": the share of the square over the long side that a photo may take, so that
                    a squarer one is seen smaller
    mean, std       three numbers each, of RGB in 0..1
    outputs         by graph output name {kind, stride?, activation?}; stride: input pixels per output cell
    decode?         of an instance model: how its outputs are read, see below
    thresholds?     {score?, nms_iou?} of an instance model: the least score that is shown (0.5), and the overlap from
                    which the lesser of two boxes of a class goes (0.7)
    sizes?          named inference sizes, {"full": 512, "live": 320}; "full" is the default
    scales?         further long sides by the name of a size, {"full": [640, 384]}, of a semantic model with resize
                    "round": the photo is seen at these too. The probabilities are averaged, the background's half-way
                    to its highest: what is garment at one size only seldom is one. Features are of the size itself
    licence?, commercial_use? (true, false, null = unclear), training_data?, source?, scores?

Kinds of output, by task:

    semantic        "logits" or "probabilities" (1, classes, h, w), exactly one of them
    any             "features" (1, C, h, w); "presence" (1, classes), activation "sigmoid" (default) or "none": what
                    turns its numbers into probabilities
    matting         "alpha" (1, 1, h, w), the probability of the foreground; activation "sigmoid" (default), "none", or
                    "minmax": its lowest value in the photo becomes 0, its highest 1. The taxonomy has two classes
    instance, decode "boxes-masks" (Mask R-CNN)
                    "boxes" (n, 4) x0, y0, x1, y1 in input pixels, "box_scores" (n,), "labels" (n,) taxonomy index >= 1,
                    "box_masks" (n, 1, m, m) probabilities within each box, or "masks" (n, 1, H, W) over the whole input
    instance, decode "yolo-seg" (Ultralytics)
                    "detections" (1, 4 + C + K, A): centre x, y, width, height in input pixels, C class probabilities, K
                    coefficients; or, end to end, (1, n, 6 + K): x0, y0, x1, y1, score, class, coefficients;
                    "prototypes" (1, K, h, w). Class k is taxonomy index k + 1
    instance, decode "detr-seg" (RF-DETR)
                    "boxes" (1, Q, 4) centre x, y, width, height in 0..1 of the input, "box_logits" (1, Q, C) where C is
                    the number of classes of the taxonomy and channel k its class k (channel 0 is not read), or C is one
                    less and channel k class k + 1; "mask_logits" (1, Q, h, w)

Version 1 still: a reader that knows only semantic models refuses the other tasks by name, and reads semantic ones as
ever.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ewardrobe.errors import ModelError, TaxonomyError
from ewardrobe.segmentation.onnxfile import read_metadata, write_metadata
from ewardrobe.segmentation.specs import (
    DECODES,
    InputSpec,
    OutputKind,
    OutputSpec,
    are_numbers,
    is_size,
    require,
)
from ewardrobe.taxonomy import LabelClass, Taxonomy, load

__all__ = [
    "METADATA_KEY",
    "SCHEMA_VERSION",
    "InputSpec",
    "ModelDescription",
    "OutputKind",
    "OutputSpec",
    "read_description",
    "read_description_file",
    "write_description",
]

METADATA_KEY = "ewardrobe"
SCHEMA_VERSION = 1

_TASKS = ("semantic", "instance", "matting", "attributes", "embedding", "inpainting")
_SCORE, _NMS_IOU = 0.5, 0.7


@dataclass(frozen=True)
class ModelDescription:
    """What a model is, eats and gives; see this module's text for the JSON document. ModelError when it makes no sense.

    Examples:
        >>> from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec
        >>> ModelDescription(
        ...     name="mine",
        ...     taxonomy="parts",
        ...     input=InputSpec(long_side=512),
        ...     mean=(0.5, 0.5, 0.5),
        ...     std=(0.5, 0.5, 0.5),
        ...     outputs={"logits": OutputSpec("logits", stride=4)},
        ... ).load_taxonomy().labels
        ('background', 'top', 'bottom', 'dress')
    """

    name: str
    taxonomy: str
    input: InputSpec
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    outputs: Mapping[str, OutputSpec]
    task: str = "semantic"
    classes: tuple[LabelClass, ...] = ()
    labels: tuple[int, ...] = ()
    decode: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    title: str = ""
    about: str = ""
    licence: str = ""
    commercial_use: bool | None = None
    training_data: tuple[str, ...] = ()
    source: str = ""
    scores: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        require(isinstance(self.name, str) and bool(self.name), "name must be a text")
        require(self.name.isprintable(), "name must be printable, on one line")
        require(isinstance(self.taxonomy, str) and bool(self.taxonomy), "taxonomy must be a text")
        require(self.task in _TASKS, f"task is {self.task!r}; it is one of {', '.join(_TASKS)}")
        for key in ("mean", "std"):
            require(
                are_numbers(getattr(self, key)), f"{key} must be three numbers, not {getattr(self, key)!r}"
            )
        require(all(value > 0 for value in self.std), f"std must be positive, not {self.std!r}")
        kinds = [spec.kind for spec in self.outputs.values()]
        require(len(set(kinds)) == len(kinds), "outputs must name each kind once")
        self._check_task(frozenset(kinds))
        require(
            all(map(is_size, self.sizes.values())),
            f"sizes must be positive whole numbers, not {self.sizes!r}",
        )
        for name, sides in self.scales.items():
            require(name in self.sizes, f"scales names {name!r}, which sizes does not have")
            require(all(map(is_size, sides)), f"scales.{name} must be positive whole numbers, not {sides!r}")
        several = self.task == "semantic" and self.input.resize == "round"
        require(several or not self.scales, "scales need a semantic model with input.resize 'round'")

    def _check_task(self, kinds: frozenset[OutputKind]) -> None:
        if self.task == "semantic":
            scores = kinds & {"logits", "probabilities"}
            require(len(scores) == 1, "outputs must name exactly one of logits or probabilities")
        if self.task == "matting":
            require("alpha" in kinds, "outputs of a matting model must name one of kind alpha")
        if self.task == "instance":
            known = ", ".join(DECODES)
            require(
                isinstance(self.decode, str) and self.decode in DECODES,
                f"decode of an instance model is {self.decode!r}; it is one of {known}",
            )
            wanted = " or ".join(", ".join(sorted(kinds)) for kinds in DECODES[self.decode])
            require(
                any(group <= kinds for group in DECODES[self.decode]),
                f"outputs of decode {self.decode!r} must name {wanted}",
            )
        for key, value in self.thresholds.items():
            require(key in ("score", "nms_iou"), f"thresholds has {key!r}; it knows score and nms_iou")
            is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
            require(is_share, f"thresholds.{key} must be in 0..1, not {value!r}")
        require(
            all(isinstance(label, int) and 0 <= label < 255 for label in self.labels),
            f"labels must be taxonomy indices, not {self.labels!r}",
        )

    @classmethod
    def from_json(
        cls, document: str | Mapping[str, Any], *, where: str = "the description"
    ) -> ModelDescription:
        """The description in a JSON text or parsed document; ModelError, naming `where`, when it is not a valid one."""
        try:
            parsed = json.loads(document) if isinstance(document, str) else document
        except ValueError:
            raise ModelError(f"{where} is not valid JSON") from None
        try:
            return _parse(cls, parsed)
        except ModelError as error:
            raise ModelError(f"{where} is not valid: {error}") from None

    @classmethod
    def from_onnx_metadata(cls, metadata: Mapping[str, str], *, where: str = "the model") -> ModelDescription:
        """The description in an ONNX file's metadata; ModelError when there is none."""
        if METADATA_KEY not in metadata:
            raise ModelError(
                f"{where} carries no description (metadata key {METADATA_KEY!r}); give one with description=..., "
                "or export the model with eWardrobe"
            )
        return cls.from_json(metadata[METADATA_KEY], where=f"the description in {where}")

    def to_json(self) -> str:
        """The JSON document; `from_json` gives the same description back."""
        document = {
            key: value for key, value in dataclasses.asdict(self).items() if value not in ("", (), {})
        }
        document["input"] = {key: value for key, value in document["input"].items() if value is not None}
        document["outputs"] = {name: spec.to_dict() for name, spec in self.outputs.items()}
        if self.classes:
            document["classes"] = [_class_to_dict(item) for item in self.classes]
        return json.dumps({"schema_version": self.schema_version, **document}, ensure_ascii=False)

    def load_taxonomy(self) -> Taxonomy:
        """The taxonomy of the scores; ModelError when this eWardrobe does not know it and no `classes` are given."""
        if self.classes:
            return Taxonomy(self.taxonomy, self.title or self.taxonomy, self.classes)
        try:
            return load(self.taxonomy)
        except TaxonomyError as error:
            raise ModelError(
                f"model {self.name}: {error}; or its description must list its classes"
            ) from None

    def output(self, kind: OutputKind) -> tuple[str, OutputSpec] | None:
        """The name and spec of the output of that kind, None when the model has none."""
        return next(((name, spec) for name, spec in self.outputs.items() if spec.kind == kind), None)

    @property
    def score_threshold(self) -> float:
        """The least score of a detection that is shown, 0..1."""
        return float(self.thresholds.get("score", _SCORE))

    @property
    def nms_iou(self) -> float:
        """The overlap (intersection over union) from which the lesser of two boxes of one class goes, 0..1."""
        return float(self.thresholds.get("nms_iou", _NMS_IOU))

    def default_size(self) -> int | tuple[int, int]:
        """`long_side` of "fit", (height, width) of the others; the named size "full" goes before both."""
        if self.input.height is not None and self.input.width is not None:
            return self.input.height, self.input.width
        return self.sizes.get("full", self.input.long_side or 0)


def read_description(path: Path) -> ModelDescription:
    """The description in the ONNX file `path`; ModelError when the file is missing, no ONNX model, or has none."""
    return ModelDescription.from_onnx_metadata(read_metadata(path), where=path.name)


def read_description_file(path: Path) -> ModelDescription:
    """The description in the JSON file `path`; ModelError when it is missing or not a valid one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ModelError(f"the description {path} cannot be read: {reason}") from None
    return ModelDescription.from_json(text, where=f"the description {path}")


def write_description(path_in: Path, path_out: Path, description: ModelDescription) -> None:
    """Copy the ONNX file `path_in` to `path_out` (they may be the same) carrying `description`."""
    write_metadata(path_in, path_out, {METADATA_KEY: description.to_json()})


def _parse(cls: type[ModelDescription], document: Any) -> ModelDescription:
    require(isinstance(document, Mapping), "it is not a JSON object")
    version = document.get("schema_version")
    require(isinstance(version, int) and version >= 1, "schema_version is missing")
    if version > SCHEMA_VERSION:
        raise ModelError(
            f"it has schema version {version}, this eWardrobe reads up to {SCHEMA_VERSION}; update eWardrobe"
        )
    # What is unknown is left alone: a later writer may add a field without raising the version.
    known = {item.name for item in dataclasses.fields(cls)}
    values = {key: value for key, value in document.items() if key in known}
    missing = [key for key in ("name", "taxonomy", "input", "mean", "std", "outputs") if key not in values]
    require(not missing, f"it lacks {', '.join(missing)}")
    for key in ("input", "outputs", "sizes", "scales", "scores", "thresholds"):
        require(isinstance(values.get(key, {}), Mapping), f"{key} must be an object")
    for key in ("mean", "std", "training_data", "classes", "labels"):
        require(isinstance(values.get(key, []), list | tuple), f"{key} must be a list")
        values[key] = tuple(values.get(key, ()))
    values["input"] = _build(InputSpec, values["input"], "input")
    values["outputs"] = {
        str(name): _build(OutputSpec, spec, f"outputs.{name}") for name, spec in values["outputs"].items()
    }
    sides = values.get("scales", {})
    require(all(isinstance(item, list | tuple) for item in sides.values()), "scales must hold lists")
    values["scales"] = {str(name): tuple(item) for name, item in sides.items()}
    values["classes"] = tuple(_class(index, row) for index, row in enumerate(values["classes"]))
    return cls(**values)


def _build(cls: type[Any], values: Any, where: str) -> Any:
    require(isinstance(values, Mapping), f"{where} must be an object")
    known = {item.name for item in dataclasses.fields(cls)}
    try:
        return cls(**{key: value for key, value in values.items() if key in known})
    except TypeError:
        raise ModelError(f"{where} lacks a field; it has: {', '.join(values) or 'none'}") from None


def _class(index: int, row: Any) -> LabelClass:
    try:
        red, green, blue = bytes.fromhex(row["colour"].removeprefix("#"))
        kind = row.get("kind", "garment" if index else "background")
        require(kind in ("background", "body", "garment"), f"classes[{index}].kind is {kind!r}")
        name = str(row["name"])
        return LabelClass(index, name, row.get("title", name), (red, green, blue), kind, row.get("region"))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ModelError(f"classes[{index}] needs a name and a colour like '#2400db'") from None


def _class_to_dict(item: LabelClass) -> dict[str, Any]:
    colour = "#{:02x}{:02x}{:02x}".format(*item.colour)
    return {
        "name": item.name,
        "title": item.title,
        "colour": colour,
        "kind": item.kind,
        "region": item.region,
    }
