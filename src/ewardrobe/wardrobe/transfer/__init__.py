"""A wardrobe on the move: exports anyone can read, and backups that hold everything."""

from __future__ import annotations

from ewardrobe.wardrobe.transfer.backups import BackupError, restore

__all__ = ["BackupError", "restore"]
