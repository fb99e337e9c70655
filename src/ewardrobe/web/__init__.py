"""The wardrobe app: an HTTP API, and pages that are nothing but a skin over it.

`create_app` makes the ASGI application for one wardrobe; `ewardrobe serve` runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.lazy import lazily

if TYPE_CHECKING:
    from ewardrobe.web.app import create_app

__all__ = ["create_app"]

# The command line imports this room's parents; only a server pays for FastAPI.
__getattr__, __dir__ = lazily(__name__, {"create_app": "app"})
