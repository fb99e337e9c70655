"""What the engine `diffusion` may be told, as the command line's `--set KEY=VALUE` or Python's `settings` give it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ewardrobe.errors import UsageError

__all__ = ["MODEL_VARIABLE", "DiffusionSettings"]

MODEL_VARIABLE = "EWARDROBE_DIFFUSION_MODEL"
"""The environment variable that names the model where no setting does."""


@dataclass(frozen=True)
class DiffusionSettings:
    """How garments are painted.

    Attributes:
        model: a folder that diffusers wrote (`model_index.json` and safetensors), or a name on the Hugging Face hub.
        download: fetch a model that is given by name and is not on this machine.
        variant: which weights of several the folder holds, such as `fp16`.
        steps: denoising steps; more take longer.
        guidance: how closely the words are followed; None: as the model's pipeline has it.
        strength: 0..1, how much of what is there is given up; None: 1 for a garment that is described or removed, less
            for a colour or a pattern.
        negative: what is not wanted, for models that take that; None: a usual list.
        template: the model's whole prompt, in place of the garment's own; `{garment}` and `{wish}` stand for words.
        size: root of the area in pixels at which is painted; None: what the model was made for.
        padding: how much of the surroundings the model sees, as a share of the garment's size.
        grow, blur: how far the mask reaches beyond the garment and how soft its edge is, as shares of its size.
        batch: pictures at a time; with more than one a picture may differ in its last bits from one made alone.
        device: `auto`, `cpu`, `cuda` or another that PyTorch knows.
        precision: `auto` (bfloat16 on a GPU, float32 elsewhere), `float32`, `float16` or `bfloat16`.
        offload: what waits in main memory while a GPU works: `none`, `model` (whole networks), `sequential` (layer by
            layer: least memory, slowest), or `auto` (`model` on a GPU).
    """

    model: str
    download: bool = False
    variant: str | None = None
    steps: int = 30
    guidance: float | None = None
    strength: float | None = None
    negative: str | None = None
    template: str | None = None
    size: int | None = None
    padding: float = 0.35
    grow: float = 0.03
    blur: float = 0.01
    batch: int = 1
    device: str = "auto"
    precision: str = "auto"
    offload: str = "auto"

    @classmethod
    def of(cls, given: Mapping[str, object]) -> DiffusionSettings:
        """The settings from values or from their text; UsageError, in one line, for a wrong one."""
        known = [item.name for item in fields(cls)]
        for name in given:
            if name not in known:
                raise UsageError(
                    f"the engine diffusion has no setting {name!r}; there are: {', '.join(known)}"
                )
        values = {name: _PARSERS[name](name, value) for name, value in given.items() if value is not None}
        model = values.pop("model", None) or os.environ.get(MODEL_VARIABLE)
        if not model:
            raise UsageError(
                f"the engine diffusion needs a model: --set model=FOLDER, or {MODEL_VARIABLE} in the environment; the "
                "page on restyling names some"
            )
        return cls(model=model, **values)


def _text(name: str, value: object) -> str:
    return str(value)


def _yes(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if str(value).lower() not in words:
        raise UsageError(f"the setting {name} is yes or no, not {value!r}")
    return words[str(value).lower()]


def _number(kind: type[int] | type[float], least: float, most: float) -> Callable[[str, object], Any]:
    def parse(name: str, value: object) -> int | float:
        try:
            number = kind(str(value))
        except ValueError:
            number = kind(-1)
        if not least <= number <= most:
            whole = "whole number" if kind is int else "number"
            raise UsageError(
                f"the setting {name} is a {whole} from {least:g} to {most:g}, not {str(value)!r}"
            )
        return number

    return parse


def _one_of(*words: str) -> Callable[[str, object], str]:
    def parse(name: str, value: object) -> str:
        if value not in words:
            raise UsageError(
                f"the setting {name} is {', '.join(words[:-1])} or {words[-1]}, not {str(value)!r}"
            )
        return str(value)

    return parse


def _template(name: str, value: object) -> str:
    try:
        str(value).format(garment="", wish="")
    except (KeyError, IndexError, ValueError):
        raise UsageError("the setting template may hold {garment} and {wish}, and no other braces") from None
    return str(value)


_PARSERS: dict[str, Callable[[str, object], Any]] = {
    "model": _text,
    "download": _yes,
    "variant": _text,
    "steps": _number(int, 1, 1000),
    "guidance": _number(float, 0, 100),
    "strength": _number(float, 0.01, 1),
    "negative": _text,
    "template": _template,
    "size": _number(int, 64, 4096),
    "padding": _number(float, 0, 10),
    "grow": _number(float, 0, 1),
    "blur": _number(float, 0, 1),
    "batch": _number(int, 1, 64),
    "device": _text,
    "precision": _one_of("auto", "float32", "float16", "bfloat16"),
    "offload": _one_of("auto", "none", "model", "sequential"),
}
