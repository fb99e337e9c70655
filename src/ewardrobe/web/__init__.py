"""The wardrobe app: an HTTP API, and pages that are nothing but a skin over it.

`create_app` makes the ASGI application for one wardrobe; `ewardrobe serve` runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ewardrobe.web.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    # The command line imports this room's parents; only a server pays for FastAPI.
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ewardrobe.web.app import create_app

    return create_app
