"""Which models a client may ask for."""

from __future__ import annotations

from ewardrobe.errors import UsageError
from ewardrobe.segmentation import models

__all__ = ["check_model"]


def check_model(name: str | None) -> None:
    """`UsageError` for what is not an installed model of the catalogue: a client names no file of this machine."""
    if name is not None and name not in {item.name for item in models() if item.installed}:
        raise UsageError(f"there is no model {name[:60]!r} on this machine; pull it first")
