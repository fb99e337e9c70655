"""What a folder run has already finished, so that a second run goes on where the first stopped."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["JOURNAL_NAME", "Journal", "JournalWriter"]

JOURNAL_NAME = ".ewardrobe-done.jsonl"


class Journal:
    """The finished photos of one output folder: one JSON line each, written after the photo's files.

    A photo counts as finished when it has the size and time it had then, the settings are the same, and every
    file that was written is still there.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Read the journal of `folder`, which need not exist yet, for runs with these `settings`."""
        self.folder = folder
        text = json.dumps(settings, sort_keys=True, default=str)
        self.writer = JournalWriter(folder, hashlib.sha256(text.encode()).hexdigest()[:16])
        self._files: dict[tuple[str, int, int], list[str]] = {}
        try:
            lines = (folder / JOURNAL_NAME).read_text(encoding="utf-8").splitlines()
        except OSError:
            lines = []
        for line in lines:
            self._read_line(line)

    def _read_line(self, line: str) -> None:
        try:
            entry = json.loads(line)
            if entry["settings"] == self.writer.settings:
                self._files[entry["photo"], entry["size"], entry["time"]] = list(entry["files"])
        except (ValueError, KeyError, TypeError):
            # A power cut can leave half a line; the photo is simply done again.
            return

    def files_of(self, photo: Path) -> list[Path] | None:
        """The files written for `photo`, or None when it is still to be done."""
        key = _identity(photo)
        if key is None or key not in self._files:
            return None
        files = [self.folder / name for name in self._files[key]]
        return files if all(file.exists() for file in files) else None


@dataclass(frozen=True, slots=True)
class JournalWriter:
    """The half of a journal that worker processes carry: each notes what it has finished itself."""

    folder: Path
    settings: str

    def add(self, photo: Path, files: Sequence[Path]) -> None:
        """Note that `photo` is finished and that `files` were written for it."""
        key = _identity(photo)
        if key is None:
            return
        path, size, time = key
        names = [os.path.relpath(file, self.folder) for file in files]
        entry = {"photo": path, "size": size, "time": time, "settings": self.settings, "files": names}
        # One short write at the end of the file: several processes may do it at once.
        with (self.folder / JOURNAL_NAME).open("ab", buffering=0) as stream:
            stream.write(json.dumps(entry).encode() + b"\n")


def _identity(photo: Path) -> tuple[str, int, int] | None:
    try:
        status = photo.stat()
    except OSError:
        return None
    return str(photo.resolve()), status.st_size, status.st_mtime_ns
