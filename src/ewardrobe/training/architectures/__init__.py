"""Architectures, one small file each behind one interface; `create_model` makes any of them by name."""

from __future__ import annotations

from ewardrobe.training.architectures.registry import (
    ARCHITECTURES,
    Architecture,
    ModelOptions,
    create_model,
)

__all__ = ["ARCHITECTURES", "Architecture", "ModelOptions", "create_model"]
