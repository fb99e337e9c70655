"""Names of a package that are imported when they are first used: a command loads only what it needs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(package: str, home_of: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` (PEP 562) of a package whose names stand in its modules.

    Args:
        package: its `__name__`.
        home_of: by name, the module in the package that has it.
    """
    known = vars(sys.modules[package])

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        known[name] = value = getattr(import_module(f"{package}.{home_of[name]}"), name)
        return value

    def names() -> list[str]:
        return sorted({*known, *home_of})

    return get, names
