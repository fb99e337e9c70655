"""What a model says about itself: the JSON document that every model file carries.

It lies in the ONNX file under the metadata key `ewardrobe`. Layout of schema version 1, `?` marking what may be left
out:

    schema_version  1
    name            what commands call the model
    title?, about?  for people
    task            "semantic" (the other tasks of the design are not run by this version)
    taxonomy        name of a taxonomy; channel k of the scores is its class k
    classes?        rows {name, title?, colour "#rrggbb", kind, region?} where the taxonomy is the model's own
    input           {name?, layout "NCHW", channels "RGB", dtype "float32", resize, ...}
                    resize "fit": aspect kept, `long_side` pixels long, padded right and below with the mean colour
                    to multiples of `divisor`; "stretch": to `height` x `width`; "letterbox": aspect kept, centred
                    in `height` x `width`, the rest in the mean colour
    mean, std       three numbers each, of RGB in 0..1
    outputs         by graph output name {kind, stride?, activation?}; kind "logits" | "probabilities" | "features" |
                    "presence"; stride: input pixels per output cell; activation "sigmoid" (default) or "none", of a
                    presence output: what turns its numbers into probabilities
    sizes?          named inference sizes, {"full": 512, "live": 320}; "full" is the default
    licence?, commercial_use? (true, false, null = unclear), training_data?, source?, scores?
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from ewardrobe.errors import ModelError, TaxonomyError
from ewardrobe.segmentation.onnxfile import read_metadata, write_metadata
from ewardrobe.taxonomy import LabelClass, Taxonomy, load

__all__ = [
    "METADATA_KEY",
    "SCHEMA_VERSION",
    "InputSpec",
    "ModelDescription",
    "OutputKind",
    "OutputSpec",
    "read_description",
    "write_description",
]

METADATA_KEY = "ewardrobe"
SCHEMA_VERSION = 1

Resize = Literal["fit", "stretch", "letterbox"]
OutputKind = Literal["logits", "probabilities", "features", "presence"]
_TASKS = ("semantic", "instance", "matting", "attributes", "embedding", "inpainting")


@dataclass(frozen=True, slots=True)
class InputSpec:
    """How a photo becomes the graph's input: float32 (1, 3, H, W), RGB, normalised.

    `resize` is "fit" with `long_side`, or "stretch" or "letterbox" with `height` and `width`, all in pixels; H and W of
    "fit" are multiples of `divisor`. `name` is the graph input's name, None for its first.
    """

    resize: Resize = "fit"
    long_side: int | None = None
    height: int | None = None
    width: int | None = None
    divisor: int = 32
    name: str | None = None
    layout: str = "NCHW"
    channels: str = "RGB"
    dtype: str = "float32"

    def __post_init__(self) -> None:
        _require(
            self.resize in get_args(Resize),
            f"input.resize is {self.resize!r}; it is one of {get_args(Resize)}",
        )
        for key in ("long_side", "height", "width"):
            value = getattr(self, key)
            _require(
                value is None or _is_size(value),
                f"input.{key} must be a positive whole number, not {value!r}",
            )
        _require(
            _is_size(self.divisor), f"input.divisor must be a positive whole number, not {self.divisor!r}"
        )
        if self.resize == "fit":
            _require(self.long_side is not None, "input.resize 'fit' needs input.long_side")
        else:
            both = self.height is not None and self.width is not None
            _require(both, f"input.resize {self.resize!r} needs input.height and input.width")
        for key, only in (("layout", "NCHW"), ("channels", "RGB"), ("dtype", "float32")):
            value = getattr(self, key)
            _require(value == only, f"input.{key} is {value!r}; this version runs {only!r}")


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A graph output: its `kind`, `stride` (input pixels per cell), and the `activation` still to be applied."""

    kind: OutputKind
    stride: int | None = None
    activation: Literal["sigmoid", "none"] = "sigmoid"

    def __post_init__(self) -> None:
        kinds = get_args(OutputKind)
        _require(self.kind in kinds, f"an output's kind is {self.kind!r}; it is one of {kinds}")
        _require(self.stride is None or _is_size(self.stride), f"an output's stride is {self.stride!r}")
        _require(self.activation in ("sigmoid", "none"), f"an output's activation is {self.activation!r}")


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
    sizes: Mapping[str, int] = field(default_factory=dict)
    title: str = ""
    about: str = ""
    licence: str = ""
    commercial_use: bool | None = None
    training_data: tuple[str, ...] = ()
    source: str = ""
    scores: Mapping[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        _require(isinstance(self.name, str) and bool(self.name), "name must be a text")
        _require(self.name.isprintable(), "name must be printable, on one line")
        _require(isinstance(self.taxonomy, str) and bool(self.taxonomy), "taxonomy must be a text")
        _require(self.task in _TASKS, f"task is {self.task!r}; it is one of {', '.join(_TASKS)}")
        for key in ("mean", "std"):
            _require(
                _are_numbers(getattr(self, key)), f"{key} must be three numbers, not {getattr(self, key)!r}"
            )
        _require(all(value > 0 for value in self.std), f"std must be positive, not {self.std!r}")
        kinds = [spec.kind for spec in self.outputs.values()]
        scores = sum(kind in ("logits", "probabilities") for kind in kinds)
        _require(
            self.task != "semantic" or scores == 1, "outputs must name exactly one of logits or probabilities"
        )
        _require(len(set(kinds)) == len(kinds), "outputs must name each kind once")
        _require(
            all(map(_is_size, self.sizes.values())),
            f"sizes must be positive whole numbers, not {self.sizes!r}",
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
        document["outputs"] = {name: _output_to_dict(spec) for name, spec in self.outputs.items()}
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

    def default_size(self) -> int | tuple[int, int]:
        """`long_side` of "fit", (height, width) of the others; the named size "full" goes before both."""
        if self.input.height is not None and self.input.width is not None:
            return self.input.height, self.input.width
        return self.sizes.get("full", self.input.long_side or 0)


def read_description(path: Path) -> ModelDescription:
    """The description in the ONNX file `path`; ModelError when the file is missing, no ONNX model, or has none."""
    return ModelDescription.from_onnx_metadata(read_metadata(path), where=path.name)


def write_description(path_in: Path, path_out: Path, description: ModelDescription) -> None:
    """Copy the ONNX file `path_in` to `path_out` (they may be the same) carrying `description`."""
    write_metadata(path_in, path_out, {METADATA_KEY: description.to_json()})


def _parse(cls: type[ModelDescription], document: Any) -> ModelDescription:
    _require(isinstance(document, Mapping), "it is not a JSON object")
    version = document.get("schema_version")
    _require(isinstance(version, int) and version >= 1, "schema_version is missing")
    if version > SCHEMA_VERSION:
        raise ModelError(
            f"it has schema version {version}, this eWardrobe reads up to {SCHEMA_VERSION}; update eWardrobe"
        )
    # What is unknown is left alone: a later writer may add a field without raising the version.
    known = {item.name for item in dataclasses.fields(cls)}
    values = {key: value for key, value in document.items() if key in known}
    missing = [key for key in ("name", "taxonomy", "input", "mean", "std", "outputs") if key not in values]
    _require(not missing, f"it lacks {', '.join(missing)}")
    for key in ("input", "outputs", "sizes", "scores"):
        _require(isinstance(values.get(key, {}), Mapping), f"{key} must be an object")
    for key in ("mean", "std", "training_data", "classes"):
        _require(isinstance(values.get(key, []), list | tuple), f"{key} must be a list")
        values[key] = tuple(values.get(key, ()))
    values["input"] = _build(InputSpec, values["input"], "input")
    values["outputs"] = {
        str(name): _build(OutputSpec, spec, f"outputs.{name}") for name, spec in values["outputs"].items()
    }
    values["classes"] = tuple(_class(index, row) for index, row in enumerate(values["classes"]))
    return cls(**values)


def _build(cls: type[Any], values: Any, where: str) -> Any:
    _require(isinstance(values, Mapping), f"{where} must be an object")
    known = {item.name for item in dataclasses.fields(cls)}
    try:
        return cls(**{key: value for key, value in values.items() if key in known})
    except TypeError:
        raise ModelError(f"{where} lacks a field; it has: {', '.join(values) or 'none'}") from None


def _class(index: int, row: Any) -> LabelClass:
    try:
        red, green, blue = bytes.fromhex(row["colour"].removeprefix("#"))
        kind = row.get("kind", "garment" if index else "background")
        _require(kind in ("background", "body", "garment"), f"classes[{index}].kind is {kind!r}")
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


def _output_to_dict(spec: OutputSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"kind": spec.kind}
    if spec.stride is not None:
        document["stride"] = spec.stride
    if spec.kind == "presence":
        document["activation"] = spec.activation
    return document


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1 << 16


def _are_numbers(values: Any) -> bool:
    numbers = [isinstance(value, int | float) and math.isfinite(value) for value in values]
    return len(numbers) == 3 and all(numbers)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ModelError(message)
