"""Work on many photos: what a list of paths means, a small pool of worker processes, and runs that can go on.

Everything here runs in this process and its own children, and a run that was stopped goes on when it is
started again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.jobs.outcomes import Outcome
from ewardrobe.jobs.sources import Source, find_sources
from ewardrobe.lazy import lazily

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

_HOME_OF = {
    "add_photos": "adding",
    "cut_out_photos": "cutting",
    "restyle_photos": "restyling",
    "segment_photos": "segmenting",
}

__getattr__, __dir__ = lazily(__name__, _HOME_OF)
