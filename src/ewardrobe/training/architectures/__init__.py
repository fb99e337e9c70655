"""Architectures, one small file each; `create_model` makes any of them by name."""

from __future__ import annotations

from typing import Any

from torch import nn

from ewardrobe.errors import UsageError
from ewardrobe.training.architectures.lite_fpn import LiteFPN

__all__ = ["ARCHITECTURES", "create_model"]

ARCHITECTURES: dict[str, type[nn.Module]] = {"lite-fpn": LiteFPN}


def create_model(name: str, classes: int, **options: Any) -> nn.Module:
    """Make the architecture `name` with random weights.

    Raises:
        UsageError: there is no architecture of that name.
    """
    if name not in ARCHITECTURES:
        raise UsageError(f"no architecture {name!r}: choose from {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name](classes, **options)
