"""Work on many photos: what a list of paths means, a small pool of worker processes, and runs that can go on.

Everything here runs in this process and its own children, and a run that was stopped goes on when it is
started again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ewardrobe.jobs.outcomes import Outcome
from ewardrobe.jobs.sources import Source, find_sources

if TYPE_CHECKING:
    from ewardrobe.jobs.adding import add_photos
    from ewardrobe.jobs.cutting import cut_out_photos
    from ewardrobe.jobs.restyling import restyle_photos
    from ewardrobe.jobs.segmenting import segment_photos

__all__ = [
    "Outcome",
    "Source",
    "add_photos",
    "cut_out_photos",
    "find_sources",
    "restyle_photos",
    "segment_photos",
]

_LAZY = {
    "add_photos": "adding",
    "cut_out_photos": "cutting",
    "restyle_photos": "restyling",
    "segment_photos": "segmenting",
}


def __getattr__(name: str) -> Any:
    # A command loads only what it uses: cold start counts.
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
