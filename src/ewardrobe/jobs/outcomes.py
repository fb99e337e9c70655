"""What became of one photo of a run, whoever ran it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ewardrobe.errors import EwardrobeError
from ewardrobe.jobs.sources import Source

__all__ = ["Outcome", "failed", "reason_of"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One photo's end: "done", "skipped" (finished in an earlier run) or "failed" with the reason.

    `files` are what was written; `items` one plain record per garment that was found.
    """

    source: Source
    status: Literal["done", "skipped", "failed"]
    reason: str = ""
    files: tuple[Path, ...] = ()
    items: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON knows it."""
        return {
            "photo": str(self.source.path),
            "status": self.status,
            "reason": self.reason or None,
            "files": [str(file) for file in self.files],
            "garments": list(self.items),
        }


def failed(source: Source, error: Exception) -> Outcome:
    """The outcome of a photo that raised `error`."""
    return Outcome(source, "failed", reason_of(error))


def reason_of(error: Exception) -> str:
    """One line for an exception; what was not foreseen says its kind too."""
    text = " ".join(str(error).split())
    if isinstance(error, EwardrobeError):
        return text
    if isinstance(error, MemoryError):
        return "not enough memory for this photo"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"unexpected {type(error).__name__}: {text}" if text else f"unexpected {type(error).__name__}"
