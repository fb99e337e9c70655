"""The file that describes a training run: what may stand in it, and one line for what may not.

A config is YAML. `load_config` reads it, lays `key=value` overrides over it (dots go down:
`optimiser.learning_rate=1e-4`) and checks every key and value; an unknown key is named together with the nearest one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ewardrobe.errors import UsageError

__all__ = [
    "Augmentation",
    "Config",
    "Data",
    "Loss",
    "Optimiser",
    "Schedule",
    "Source",
    "Training",
    "load_config",
    "parse_overrides",
    "validated",
]

Share = Annotated[float, Field(ge=0, le=1)]
Section = TypeVar("Section", bound=BaseModel)
Positive = Annotated[float, Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Source(_Section):
    """One dataset, or a split of one.

    `path` is taken from the folder that `--data` names; `share` is the part of its photos that is used, drawn with the
    run's seed; `weight` is how often it is drawn from, against the other sources (1: as often as it has photos). Of a
    dataset without splits, `held_out` is the share that is kept for validation: `held: false` is the rest, `held: true`
    that share.
    """

    path: str
    split: str | None = None
    format: str | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    weight: Positive = 1.0
    held_out: Annotated[float, Field(ge=0, lt=1)] = 0.0
    held: bool = False

    @model_validator(mode="after")
    def _held(self) -> Source:
        if self.held and not self.held_out:
            raise ValueError("held needs held_out, the share that is kept for validation")
        return self


class Data(_Section):
    """What is learned from, and how photos become batches.

    Every photo is laid, its shape kept, on a canvas of `height` x `width` pixels, or on that canvas turned when it is
    wider than high (`turn`); what it does not cover is ignored. `cache` keeps photos decoded, at twice the canvas, in
    memory. `balanced` draws photos of rare classes more often.
    """

    train: tuple[Source, ...] = Field(min_length=1)
    validation: tuple[Source, ...] = Field(min_length=1)
    height: Annotated[int, Field(ge=32, le=4096)] = 320
    width: Annotated[int, Field(ge=32, le=4096)] = 224
    turn: bool = True
    batch_size: Annotated[int, Field(ge=1)] = 8
    workers: Annotated[int, Field(ge=0)] = 1
    balanced: bool = False
    cache: bool = True
    share: Annotated[float, Field(gt=0, le=1)] = 1.0


class Augmentation(_Section):
    """How photos are changed in training; `strength` scales all of it, 0 turns it off.

    `flip`, `copy_paste`, `mosaic`: probabilities. `rotate`: up to so many degrees either way. `scale`: of the photo
    against the canvas it just fits, least and most. `colour`: jitter of brightness, contrast, saturation (shares) and a
    tenth of it of hue.
    """

    strength: Annotated[float, Field(ge=0, le=2)] = 1.0
    flip: Share = 0.5
    rotate: Annotated[float, Field(ge=0, le=180)] = 10.0
    scale: tuple[Positive, Positive] = (0.75, 1.5)
    colour: Annotated[float, Field(ge=0, le=1)] = 0.25
    copy_paste: Share = 0.0
    mosaic: Share = 0.0

    @model_validator(mode="after")
    def _ordered(self) -> Augmentation:
        if self.scale[0] > self.scale[1]:
            raise ValueError("scale is [least, most]")
        return self


LossName = Literal["cross_entropy", "dice", "bce", "focal", "lovasz", "boundary"]


class Loss(_Section):
    """`terms`: the losses and their weights in the sum (`ewardrobe.training.criteria`); None: what suits the network.

    `class_weights`: exponent p of (median pixels / the class's pixels) ** p in cross-entropy; 0 weighs all alike.
    `auxiliary`: weight of each further output of a network with deep supervision. `presence`: weight of the loss on
    which classes a photo holds, for networks that predict it. `stride`: compare scores and labels at one pixel in so
    many of each row and column; 2 leaves a quarter of the pixels.
    """

    terms: Mapping[LossName, Positive] | None = None
    class_weights: Annotated[float, Field(ge=0, le=1)] = 0.0
    auxiliary: Annotated[float, Field(ge=0)] = 1.0
    presence: Annotated[float, Field(ge=0)] = 0.2
    stride: Annotated[int, Field(ge=1, le=8)] = 1

    @property
    def by_name(self) -> dict[str, float]:
        """The terms; none where the network's own are to be taken."""
        return {str(name): weight for name, weight in (self.terms or {}).items()}

    @model_validator(mode="after")
    def _some(self) -> Loss:
        if self.terms is not None and not self.terms:
            raise ValueError("terms names no loss")
        return self


class Optimiser(_Section):
    """`encoder_rate`: learning rate of pretrained parameters; None: the same as the rest."""

    name: Literal["adamw", "adam", "sgd", "rmsprop"] = "adamw"
    learning_rate: Positive = 1e-3
    encoder_rate: Positive | None = None
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    momentum: Share = 0.9


class Schedule(_Section):
    """Learning rate over the run: a linear rise over `warmup` (share of all steps), then `name`; `power` is of poly."""

    name: Literal["cosine", "poly", "constant"] = "cosine"
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.05
    power: Positive = 0.9


class EarlyStopping(_Section):
    """Stop when the watched score has not risen by `least` over `patience` validations."""

    patience: Annotated[int, Field(ge=1)] = 5
    least: Annotated[float, Field(ge=0)] = 0.0


class Training(_Section):
    """The loop.

    `steps` optimiser steps in all, in `epochs` stretches of equal length, each of which ends with a validation, a
    checkpoint and a picture. `ema`: decay of the averaged weights that are validated and kept, None for none.
    `keep`: how many of the best checkpoints stay. `devices`: processes on this machine ("auto": all GPUs, or 1 CPU).
    `freeze_norms`: batch norms keep the statistics they have (photos of a batch no longer depend on each other).
    """

    steps: Annotated[int, Field(ge=1)] = 1000
    epochs: Annotated[int, Field(ge=1)] = 10
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "bf16-mixed"
    accumulate: Annotated[int, Field(ge=1)] = 1
    clip: Annotated[float, Field(ge=0)] = 1.0
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    early_stopping: EarlyStopping | None = None
    keep: Annotated[int, Field(ge=1)] = 1
    seed: int = 1
    channels_last: bool = True
    compile: bool = False
    freeze_norms: bool = False
    accelerator: Literal["auto", "cpu", "gpu", "mps"] = "auto"
    devices: int | Literal["auto"] = "auto"
    nodes: Annotated[int, Field(ge=1)] = 1
    threads: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Training:
        if self.epochs > self.steps:
            raise ValueError("epochs is more than steps")
        return self


class Config(_Section):
    """A whole run; see the sections.

    `model` holds the architecture's own options and is checked by it. `taxonomy` is what is learned; the datasets'
    labels are mapped to it. `watch`: the validation score by which the best weights are chosen; None: the task's usual.
    """

    architecture: str
    name: str = ""
    task: Literal["semantic", "matting", "instance"] | None = None
    taxonomy: str = "wardrobe"
    model: Mapping[str, Any] = {}
    data: Data
    augmentation: Augmentation = Augmentation()
    loss: Loss = Loss()
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    training: Training = Training()
    watch: str | None = None
    sweep: Mapping[str, Any] | None = None
    about: str = ""


def load_config(path: Path, overrides: Iterable[str] = ()) -> Config:
    """The config in the YAML file `path` with `key=value` texts laid over it.

    Raises:
        UsageError: the file cannot be read, a key is unknown, or a value is of the wrong kind or out of its range.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"cannot read the config {path}: give a YAML file") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{path.name} is not valid YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(document, dict):
        raise UsageError(f"{path.name} holds no keys: a config is YAML like `architecture: unet`")
    for keys, value in parse_overrides(overrides):
        _lay(document, keys, value)
    document.setdefault("name", path.stem)
    return validated(Config, document, path.name)


def parse_overrides(texts: Iterable[str]) -> list[tuple[list[str], Any]]:
    """(path of keys, value) of texts like `optimiser.learning_rate=1e-4`; values are YAML, and 1e-4 is a number."""
    found = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip(".").strip():
            raise UsageError(f"{text!r} is no override: write key=value, such as training.steps=500")
        try:
            parsed = yaml.safe_load(value)
        except yaml.YAMLError:
            raise UsageError(f"the value of {key} cannot be read: {value!r}") from None
        found.append((key.split("."), _number(parsed)))
    return found


def _number(value: Any) -> Any:
    """YAML 1.1 takes 1e-4 for a text."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _lay(document: dict[str, Any], keys: list[str], value: Any) -> None:
    for depth, key in enumerate(keys[:-1]):
        inner = document.setdefault(key, {})
        if not isinstance(inner, dict):
            raise UsageError(f"{'.'.join(keys[: depth + 1])} has no keys below it")
        document = inner
    document[keys[-1]] = value


def validated(cls: type[Section], document: Mapping[str, Any], where: str) -> Section:
    """`cls` made of `document`; UsageError naming the first key that is wrong, and the nearest one there is."""
    try:
        return cls.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    key = ".".join(path)
    if first["type"] == "extra_forbidden":
        known = _keys_at(cls, path[:-1])
        near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}"
        raise UsageError(f"{where}: unknown key {key!r}; {hint}")
    if first["type"] == "missing":
        raise UsageError(f"{where}: key {key!r} is missing")
    said = first["msg"].removeprefix("Value error, ")
    given = first["input"]
    shown = "" if isinstance(given, dict | BaseModel) else f", not {given!r}"
    raise UsageError(f"{where}: {key}: {said[0].lower() + said[1:]}{shown}")


def _keys_at(cls: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that the section at `path` of `cls` has."""
    for part in path:
        if part.isdigit():
            continue
        inner = cls.model_fields[part].annotation
        found = _section_in(inner)
        if found is None:
            return []
        cls = found
    return list(cls.model_fields)


def _section_in(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation such as `tuple[Source, ...]` or `EarlyStopping | None` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _section_in(part)
        if found is not None:
            return found
    return None
