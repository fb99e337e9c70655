"""What a conversion has done so far, in pieces on the disk: it can stop at any moment and go on later.

`OUT/.ewardrobe-partial/` holds `settings.json` and a file for each finished piece of the dataset, written
whole or not at all, with one line for each record or fault. The last step reads them in order, and then the
folder is removed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ewardrobe.datasets.sample import BrokenSample
from ewardrobe.datasets.writers.writer import Record
from ewardrobe.errors import UsageError

__all__ = ["PARTIAL", "Shards"]

PARTIAL = ".ewardrobe-partial"
_FAULT, _FAILED = "fault", "failed"


class Shards:
    """The finished pieces of one output folder."""

    def __init__(self, out: Path) -> None:
        self.folder = out / PARTIAL
        self._out = out
        self._resumed = False

    def begin(self, settings: Mapping[str, Any], *, overwrite: bool = False) -> None:
        """Make the folder ready for a run with these settings; pieces of a run with the same ones are kept.

        Raises:
            UsageError: the output folder holds something else, and `overwrite` is not set.
        """
        from ewardrobe.imaging import write_atomically

        text = json.dumps(settings, sort_keys=True, default=str)
        stated = self.folder / "settings.json"
        same = stated.is_file() and stated.read_text(encoding="utf-8") == text
        if same and not overwrite:
            self._resumed = True
            return
        if not overwrite and self._out.exists() and any(self._out.iterdir()):
            raise UsageError(f"{self._out} is not empty: choose another folder, or --overwrite")
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        write_atomically(stated, text.encode())

    def is_done(self, piece: int) -> bool:
        """Whether that piece is finished."""
        return self._file(piece).is_file()

    def write(
        self,
        piece: int,
        records: Iterable[Record],
        faults: Iterable[BrokenSample] = (),
        failed: Iterable[BrokenSample] = (),
    ) -> None:
        """Note a piece as finished: its lines, the records that were left out, and the samples that were."""
        from ewardrobe.imaging import write_atomically

        lines = [f"{record.kind}\t{record.split}\t{record.text}\n" for record in records]
        for kind, said in ((_FAULT, faults), (_FAILED, failed)):
            lines += [f"{kind}\t\t{json.dumps([item.id, item.reason])}\n" for item in said]
        write_atomically(self._file(piece), "".join(lines).encode())

    def records(self) -> Iterator[Record]:
        """All lines of all pieces, in order."""
        return (record for record in self._lines() if record.kind not in (_FAULT, _FAILED))

    def problems(self) -> tuple[list[BrokenSample], list[BrokenSample]]:
        """The records that were left out, and the samples that were, of all pieces in order."""
        found: dict[str, list[BrokenSample]] = {_FAULT: [], _FAILED: []}
        for record in self._lines():
            if record.kind in found:
                found[record.kind].append(BrokenSample(*json.loads(record.text)))
        return found[_FAULT], found[_FAILED]

    def remove(self) -> None:
        """Remove the pieces: the dataset is whole. What a killed run was just writing goes with them."""
        shutil.rmtree(self.folder)
        if self._resumed:
            for left in self._out.rglob(".*.tmp"):
                left.unlink()

    def _file(self, piece: int) -> Path:
        return self.folder / f"{piece:08}.tsv"

    def _lines(self) -> Iterator[Record]:
        for file in sorted(self.folder.glob("*.tsv")):
            with file.open(encoding="utf-8", newline="\n") as stream:
                for line in stream:
                    kind, split, text = line.rstrip("\n").split("\t", 2)
                    yield Record(kind, split, text)
