"""Whether a model's name or folder can be one of diffusers at all: what can be said without PyTorch."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ewardrobe.errors import ModelError

__all__ = ["check_model", "is_name"]

_INDEX = "model_index.json"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def is_name(model: str) -> bool:
    """Whether it is a name on the hub, OWNER/MODEL, and no folder that is there."""
    return _NAME.fullmatch(model) is not None and not Path(model).exists()


def check_model(model: str) -> None:
    """ModelError, in one line, for a folder that is missing or that no pipeline of diffusers was written to."""
    if is_name(model):
        return
    path = Path(model)
    if path.is_file():
        raise ModelError(
            f"{model} is a file: the engine diffusion takes a model's folder, as diffusers writes it"
        )
    if not path.is_dir():
        raise ModelError(
            f"{model}: there is no such folder; give a model's folder, or its name as OWNER/MODEL"
        )
    index = path / _INDEX
    if not index.is_file():
        raise ModelError(f"{model} is no model of diffusers: it has no {_INDEX}")
    try:
        stated = json.loads(index.read_text(encoding="utf-8"))
        named = isinstance(stated["_class_name"], str)
    except (OSError, ValueError, KeyError, TypeError):
        named = False
    if not named:
        raise ModelError(f"{index} cannot be read, or names no pipeline")
