"""Where in a COCO file each photo's annotations are, found in one pass that keeps none of them."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ewardrobe.datasets.json_stream import Member, stream_members
from ewardrobe.datasets.sample import BrokenSample
from ewardrobe.errors import DatasetError

__all__ = ["CocoImage", "CocoIndex", "Span"]

Span = tuple[int, int]
"""First byte and length of an annotation in its file."""

_MOST = 1 << 62  # ids are kept in 64 bits
_KNOWN = frozenset(
    {"id", "file_name", "width", "height", "license", "flickr_url", "coco_url", "date_captured", "group"}
)


@dataclass(frozen=True, slots=True)
class CocoImage:
    """A photo of a COCO file; `size` (width, height) is `None` where the file does not say it."""

    id: int
    file_name: str
    size: tuple[int, int] | None
    group: str | None
    attributes: Mapping[str, Any]


@dataclass
class CocoIndex:
    """A COCO file without its annotations, and their places.

    Attributes:
        path: the file.
        info: its `info`.
        images: by their `id`, in the file's order.
        categories: as they are in the file.
        attributes: as they are in the file, where it has any (Fashionpedia).
        broken: records that cannot be used, each with its reason.
    """

    path: Path
    info: Mapping[str, Any] = field(default_factory=dict)
    images: dict[int, CocoImage] = field(default_factory=dict)
    categories: list[Mapping[str, Any]] = field(default_factory=list)
    attributes: list[Mapping[str, Any]] = field(default_factory=list)
    broken: list[BrokenSample] = field(default_factory=list)
    _first: NDArray[np.int64] = field(init=False, repr=False)
    _spans: NDArray[np.int64] = field(init=False, repr=False)
    _rows: dict[int, int] = field(init=False, repr=False)

    @classmethod
    def read(cls, path: Path) -> CocoIndex:
        """Go through the file once; `DatasetError` when it is not COCO's JSON."""
        index = cls(path)
        columns = array("q"), array("q"), array("q"), array("q")  # image, id, start, length
        for member in stream_members(path):
            index._take(member, columns)
        if not index.categories:
            raise DatasetError(f"{path} has no categories: it is no COCO file of objects")
        index._sort(*(np.frombuffer(column, dtype=np.int64) for column in columns))
        return index

    def _take(self, member: Member, columns: Sequence[array[int]]) -> None:
        value = member.value
        if member.key == "info" and isinstance(value, dict):
            self.info = value
        elif member.key == "images":
            self._take_image(value)
        elif member.key == "annotations":
            try:
                row = int(value["image_id"]), int(value.get("id", -1)), member.start, member.length
                if max(map(abs, row)) >= _MOST:
                    raise ValueError
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
                self._report(
                    f"annotation at byte {member.start}", "it has no image_id, or ids that are no numbers"
                )
                return
            for column, number in zip(columns, row, strict=True):
                column.append(number)
        elif member.key == "categories":
            named = isinstance(value, dict) and isinstance(value.get("name"), str)
            if not named or not isinstance(value.get("id"), int):
                raise DatasetError(f"{self.path} has a category without an id or a name")
            self.categories.append(value)
        elif member.key == "attributes" and isinstance(value, dict) and isinstance(value.get("id"), int):
            self.attributes.append(value)

    def _take_image(self, value: Any) -> None:
        from ewardrobe.imaging import MAX_PIXELS

        try:
            number, name = int(value["id"]), str(value["file_name"])
            stated = value.get("width"), value.get("height")
            size = None if None in stated else (int(stated[0]), int(stated[1]))
            if size is not None and (min(size) < 1 or size[0] * size[1] > MAX_PIXELS):
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            self._report("an image", f"it needs id, file_name, width and height: {str(value)[:80]}")
            return
        if number in self.images:
            self._report(name, f"its image id {number} is that of {self.images[number].file_name} already")
            return
        group = value.get("group")
        more = {key: item for key, item in value.items() if key not in _KNOWN}
        self.images[number] = CocoImage(number, name, size, None if group is None else str(group), more)

    def _sort(
        self,
        image: NDArray[np.int64],
        number: NDArray[np.int64],
        start: NDArray[np.int64],
        length: NDArray[np.int64],
    ) -> None:
        """Bring the annotations into the order of the images; report those of no image and doubled ids."""
        self._rows = {image_id: row for row, image_id in enumerate(self.images)}
        row = np.array([self._rows.get(int(item), -1) for item in image], dtype=np.int64)
        for at in np.flatnonzero(row < 0):
            self._report(f"annotation {number[at]}", f"its image {image[at]} is not in the file")
        order = np.argsort(number, kind="stable")
        same = (number[order][1:] == number[order][:-1]) & (number[order][1:] >= 0)
        for at in order[1:][same]:
            self._report(f"annotation {number[at]}", "its id is used twice; the first record counts")
            row[at] = -1
        kept = np.flatnonzero(row >= 0)
        kept = kept[np.argsort(row[kept], kind="stable")]
        self._first = np.searchsorted(row[kept], np.arange(len(self.images) + 1))
        self._spans = np.stack([start[kept], length[kept]], axis=1)

    def spans(self, image_id: int) -> tuple[Span, ...]:
        """Where the annotations of an image are, in the file's order."""
        row = self._rows[image_id]
        return tuple((int(a), int(b)) for a, b in self._spans[self._first[row] : self._first[row + 1]])

    def _report(self, who: str, reason: str) -> None:
        self.broken.append(BrokenSample(who, reason))
