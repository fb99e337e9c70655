"""What a conversion has done so far, in pieces on the disk: it can stop at any moment and go on later.

`OUT/.ewardrobe-partial/` holds `settings.json` and a file for each finished piece of the dataset. Its first line
says which blocks follow (kind, split, bytes), each of one line for each record or fault; its last one that it is
whole, which it may not be after a power cut. The last step reads them in order, and then the folder is removed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ewardrobe.datasets.sample import BrokenSample
from ewardrobe.datasets.writers.writer import Record
from ewardrobe.errors import UsageError

__all__ = ["PARTIAL", "Shards"]

PARTIAL = ".ewardrobe-partial"
_FAULT, _FAILED = "fault", "failed"
_END = b"\nend\n"


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
        try:
            with self._file(piece).open("rb") as file:
                file.seek(-len(_END), os.SEEK_END)
                return file.read() == _END
        except OSError:
            return False

    def write(
        self,
        piece: int,
        records: Iterable[Record],
        faults: Iterable[BrokenSample] = (),
        failed: Iterable[BrokenSample] = (),
    ) -> None:
        """Note a piece as finished: its lines, the records that were left out, and the samples that were."""
        from ewardrobe.imaging import write_atomically

        blocks: dict[tuple[str, str], list[str]] = {}
        for record in records:
            blocks.setdefault((record.kind, record.split), []).append(record.text)
        for kind, said in ((_FAULT, faults), (_FAILED, failed)):
            for item in said:
                blocks.setdefault((kind, ""), []).append(json.dumps([item.id, item.reason]))
        texts = [(*head, "\n".join(lines).encode()) for head, lines in blocks.items()]
        heads = json.dumps([(kind, split, len(text)) for kind, split, text in texts])
        content = b"".join((heads.encode(), *(b"\n" + text for _, _, text in texts), _END))
        write_atomically(self._file(piece), content, durable=False)

    def splits(self) -> list[str]:
        """The splits that there are records of, in the order of their first."""
        heads = (head for file in self._files() for head in _heads(file))
        return list(dict.fromkeys(split for kind, split, _, _ in heads if kind not in (_FAULT, _FAILED)))

    def texts(self, kind: str, split: str) -> Iterator[bytes]:
        """The texts of the records of a kind and a split, in the order of the dataset."""
        for file in self._files():
            for *head, start, size in _heads(file):
                if head == [kind, split]:
                    file.seek(start)
                    yield from file.read(size).split(b"\n")

    def problems(self) -> tuple[list[BrokenSample], list[BrokenSample]]:
        """The records that were left out, and the samples that were, of all pieces in order."""

        def of_kind(kind: str) -> list[BrokenSample]:
            return [BrokenSample(*json.loads(text)) for text in self.texts(kind, "")]

        return of_kind(_FAULT), of_kind(_FAILED)

    def remove(self) -> None:
        """Remove the pieces: the dataset is whole. What a killed run was just writing goes with them."""
        shutil.rmtree(self.folder)
        if self._resumed:
            for left in self._out.rglob(".*.tmp"):
                left.unlink()

    def _file(self, piece: int) -> Path:
        return self.folder / f"{piece:08}.piece"

    def _files(self) -> Iterator[BinaryIO]:
        for path in sorted(self.folder.glob("*.piece")):
            with path.open("rb") as file:
                yield file


def _heads(file: BinaryIO) -> Iterator[tuple[str, str, int, int]]:
    """Kind, split, first byte and length of each block of a piece's file."""
    line = file.readline()
    at = len(line)
    for kind, split, size in json.loads(line):
        yield kind, split, at, size
        at += size + 1
