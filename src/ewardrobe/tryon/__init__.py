"""Fit garments onto a person, in a photo or in a stream.

    from ewardrobe.tryon import try_on
    try_on("me.jpg", "shirt.jpg").save("me-in-the-shirt.png")

Names are imported when they are first used, so that a command line that needs none of this does not wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ewardrobe.lazy import lazily

if TYPE_CHECKING:
    from ewardrobe.tryon.body import Body, find_body
    from ewardrobe.tryon.engines import ENGINES, Engine, create_engine
    from ewardrobe.tryon.live import LiveFitter, OneEuroFilter
    from ewardrobe.tryon.pieces import GarmentPiece, garment_pieces
    from ewardrobe.tryon.scene import Scene
    from ewardrobe.tryon.shapes import FITTED
    from ewardrobe.tryon.sources import find_pieces, owned_piece, piece_of
    from ewardrobe.tryon.trying import TriedOn, dress, try_on

__all__ = [
    "ENGINES",
    "FITTED",
    "Body",
    "Engine",
    "GarmentPiece",
    "LiveFitter",
    "OneEuroFilter",
    "Scene",
    "TriedOn",
    "create_engine",
    "dress",
    "find_body",
    "find_pieces",
    "garment_pieces",
    "owned_piece",
    "piece_of",
    "try_on",
]

_HOME_OF = {
    "ENGINES": "engines",
    "FITTED": "shapes",
    "Body": "body",
    "Engine": "engines",
    "GarmentPiece": "pieces",
    "LiveFitter": "live",
    "OneEuroFilter": "live",
    "Scene": "scene",
    "TriedOn": "trying",
    "create_engine": "engines",
    "dress": "trying",
    "find_body": "body",
    "find_pieces": "sources",
    "garment_pieces": "pieces",
    "owned_piece": "sources",
    "piece_of": "sources",
    "try_on": "trying",
}

__getattr__, __dir__ = lazily(__name__, _HOME_OF)
