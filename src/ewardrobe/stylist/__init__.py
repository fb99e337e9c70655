"""The stylist: which garments go together, for which day, and why.

    from ewardrobe.stylist import Day, Stylist
    Stylist(wardrobe).suggest(Day(date.today(), "work", temperature=4, rain=True))

It learns from thumbs up and down; see docs/stylist.md for how it decides and how well.
"""

from __future__ import annotations

from ewardrobe.stylist.board import lay_out
from ewardrobe.stylist.day import OCCASIONS, Day
from ewardrobe.stylist.forecast import Forecast, ForecastError
from ewardrobe.stylist.packing import Packing, pack
from ewardrobe.stylist.planner import Stylist, Suggestion, Suggestions
from ewardrobe.stylist.resale import ResaleSheet
from ewardrobe.stylist.tastes import ForecastChoice, Tastes, Vote

__all__ = [
    "OCCASIONS",
    "Day",
    "Forecast",
    "ForecastChoice",
    "ForecastError",
    "Packing",
    "ResaleSheet",
    "Stylist",
    "Suggestion",
    "Suggestions",
    "Tastes",
    "Vote",
    "lay_out",
    "pack",
]
