"""The store: one owner's garments, photos, outfits and wears, in one folder.

`Wardrobe` keeps them in SQLite beside their files; `JsonWardrobe` is the plain list of items that people keep with
pandas, behind the same verbs.
"""

from __future__ import annotations

from ewardrobe.wardrobe.browsing import FACETS, Page
from ewardrobe.wardrobe.database import DamagedStoreError
from ewardrobe.wardrobe.fields import FIELDS, OUTFIT_FIELDS, STATUSES
from ewardrobe.wardrobe.interface import GarmentStore
from ewardrobe.wardrobe.json_store import JsonItem, JsonWardrobe
from ewardrobe.wardrobe.matching import Match, Recognised
from ewardrobe.wardrobe.records import (
    AddResult,
    Appearance,
    HistoryEntry,
    ImportResult,
    LookAlike,
    Outfit,
    OutfitItem,
    OwnedGarment,
    Provenance,
    SegmentedItem,
    Statistics,
    StoredPhoto,
    Wear,
)
from ewardrobe.wardrobe.search import SORTS, Filters
from ewardrobe.wardrobe.settings import Settings, SettingsFile
from ewardrobe.wardrobe.store import Wardrobe, home
from ewardrobe.wardrobe.transfer import BackupError, restore
from ewardrobe.wardrobe.vocabulary import SLOTS, TypeGroup, Vocabulary

__all__ = [
    "FACETS",
    "FIELDS",
    "OUTFIT_FIELDS",
    "SLOTS",
    "SORTS",
    "STATUSES",
    "AddResult",
    "Appearance",
    "BackupError",
    "DamagedStoreError",
    "Filters",
    "GarmentStore",
    "HistoryEntry",
    "ImportResult",
    "JsonItem",
    "JsonWardrobe",
    "LookAlike",
    "Match",
    "Outfit",
    "OutfitItem",
    "OwnedGarment",
    "Page",
    "Provenance",
    "Recognised",
    "SegmentedItem",
    "Settings",
    "SettingsFile",
    "Statistics",
    "StoredPhoto",
    "TypeGroup",
    "Vocabulary",
    "Wardrobe",
    "Wear",
    "home",
    "restore",
]
