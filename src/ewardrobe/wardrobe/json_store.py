"""`JsonWardrobe`: a plain `wardrobe.json`, the list of items that people keep with pandas.

    [{"id": 1, "type": "shirt", "color": "blue", "material": "cotton", "style": "casual", "image": "shirt.jpg"}, ...]

Keys it does not know stay as they are, and so does the order of keys and items.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import EwardrobeError, NotFoundError, StoreError, UsageError
from ewardrobe.wardrobe.locks import FileLock
from ewardrobe.wardrobe.search import search_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JSON_KEYS", "JsonItem", "JsonWardrobe"]

JSON_KEYS = ("id", "type", "color", "material", "style", "image")
"""The keys of an item; a file may have more."""

_ALIASES = {"colour": "color"}


@dataclass(frozen=True, slots=True)
class JsonItem:
    """One item; `data` is all the file says about it."""

    data: Mapping[str, Any]

    @property
    def id(self) -> int | str:
        """What the file calls it."""
        found: int | str = self.data["id"]
        return found

    @property
    def type(self) -> str | None:
        """What it is."""
        return self._text("type")

    @property
    def colour(self) -> str | None:
        """Its `color`; several are joined with commas."""
        return self._text("color")

    @property
    def material(self) -> str | None:
        """What it is made of."""
        return self._text("material")

    @property
    def style(self) -> str | None:
        """What it goes with."""
        return self._text("style")

    @property
    def image(self) -> str | None:
        """Its picture, as the file names it."""
        return self._text("image")

    def to_dict(self) -> dict[str, Any]:
        """All the file says about it."""
        return dict(self.data)

    def _text(self, key: str) -> str | None:
        value = self.data.get(key)
        if isinstance(value, list):
            return ", ".join(map(str, value)) or None
        return None if value is None else str(value)


class JsonWardrobe:
    """A list of items in a JSON file; every verb reads the file, and has written it when it returns.

    Several processes may use it at once. It keeps no photos, outfits, wears or history; `Wardrobe` does.

    Examples:
        >>> import tempfile
        >>> from ewardrobe.wardrobe import JsonWardrobe
        >>> items = JsonWardrobe.open(tempfile.mkdtemp() + "/wardrobe.json")
        >>> items.new(type="shirt", color="blue").id
        1
        >>> [item.type for item in items.find(colour="blue")]
        ['shirt']
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> JsonWardrobe:
        """Open a file; one that is not there yet is an empty list until something is added.

        Raises `StoreError` for a file that is not a list of items.
        """
        store = cls(Path(path).expanduser().absolute())
        store._read()
        return store

    def close(self) -> None:
        """Nothing is held open; there so that both stores close alike."""

    def __len__(self) -> int:
        return len(self._read())

    def __iter__(self) -> Iterator[JsonItem]:
        return iter(self.find())

    def new(self, **fields: Any) -> JsonItem:
        """Add an item and save; it gets the next number unless `id` is given."""
        with self._changing() as items:
            values = _checked(fields, items)
            given = values.pop("id", None)
            if given is not None and any(item["id"] == given for item in items):
                raise UsageError(f"there is an item {given!r} already")
            items.append({"id": _next_id(items) if given is None else given, **values})
        return JsonItem(items[-1])

    def get(self, item_id: int | str, /) -> JsonItem:
        """One item; `NotFoundError` when there is none."""
        return JsonItem(_find(self._read(), item_id))

    def find(
        self,
        text: str | None = None,
        *,
        type: str | None = None,
        colour: str | None = None,
        material: str | None = None,
        style: str | None = None,
        limit: int | None = None,
    ) -> list[JsonItem]:
        """Items that fit everything asked for, in the file's order; case and accents do not matter."""
        wanted = {"type": type, "colour": colour, "material": material, "style": style}
        words = search_text([text]).split()
        found = [
            item
            for item in map(JsonItem, self._read())
            if all(word in _searched(item) for word in words)
            and all(
                search_text([value]) in map(str.strip, search_text([getattr(item, name)]).split(","))
                for name, value in wanted.items()
                if value
            )
        ]
        return found[:limit]

    def edit(self, item_id: int | str, /, **fields: Any) -> JsonItem:
        """Set keys of an item and save; None or "" takes a key out."""
        with self._changing() as items:
            item = _find(items, item_id)
            values = _checked(fields, items)
            if "id" in values:
                raise UsageError("an item keeps its id")
            for key, value in values.items():
                if value is None:
                    item.pop(key, None)
                else:
                    item[key] = value
        return JsonItem(item)

    def remove(self, item_id: int | str, /) -> None:
        """Take an item out and save."""
        with self._changing() as items:
            items.remove(_find(items, item_id))

    def to_dataframe(self) -> pd.DataFrame:
        """One row per item: the columns of `JSON_KEYS`, then whatever else the file has."""
        import pandas as pd

        items = self._read()
        keys = dict.fromkeys([*JSON_KEYS, *(key for item in items for key in item)])
        return pd.DataFrame(items, columns=list(keys))

    def save_dataframe(self, frame: pd.DataFrame) -> None:
        """Put the rows of a frame (see `to_dataframe`) in the place of all items, atomically.

        An empty cell takes the key out, unless the item had it as null. Raises `UsageError` for a frame without
        different ids.
        """
        rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso"))
        ids = [row.get("id") for row in rows]
        if None in ids or len(set(map(str, ids))) != len(ids):
            raise UsageError("every row needs an id of its own")
        with self._changing() as items:
            before = {item["id"]: item for item in items}
            items[:] = [_without_empty(row, before.get(row["id"], {})) for row in rows]

    @contextmanager
    def _changing(self) -> Iterator[list[dict[str, Any]]]:
        """The items under a lock; what is done to them is saved at the end."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path.with_name(f".{self.path.name}.lock"))
            lock.acquire()
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror}; check its folder") from error
        try:
            for stale in self.path.parent.glob(f".{self.path.name}.*.tmp"):
                stale.unlink(missing_ok=True)  # of a process that was killed: this one holds the lock
            items = self._read()
            yield items
            self._write(items)
        finally:
            lock.release()

    def _read(self) -> list[dict[str, Any]]:
        try:
            document = json.loads(self.path.read_text("utf-8-sig"))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise StoreError(f"{self.path} is not JSON: {error}; it is left as it is") from error
        if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
            raise StoreError(f"{self.path} is not a list of items; it is left as it is")
        return _numbered(document, self.path)

    def _write(self, items: list[dict[str, Any]]) -> None:
        from ewardrobe.imaging import write_atomically

        content = json.dumps(items, ensure_ascii=False, indent=2) + "\n"
        # A link stays a link: what it points at is replaced.
        target = self.path.resolve()
        try:
            write_atomically(target, content.encode("utf-8", "surrogatepass"))
        except EwardrobeError as error:
            raise StoreError(str(error)) from error


def _numbered(items: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Items without an id get the next number; two with the same one are an error."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        if "id" not in item:
            items[number] = item = {"id": _next_id(items), **item}
        if isinstance(item["id"], bool) or not isinstance(item["id"], (int, str)):
            raise StoreError(
                f"{path}: item {number + 1} has the id {item['id']!r}; it must be a number or text"
            )
        if str(item["id"]) in seen:
            raise StoreError(f"{path}: two items have the id {item['id']!r}; give one another")
        seen.add(str(item["id"]))
    return items


def _next_id(items: list[dict[str, Any]]) -> int | str:
    """One more than the highest number; text where the file's ids are text."""
    given = [item["id"] for item in items if "id" in item]
    numbers = [int(key) for key in given if str(key).isdecimal()]
    following = max(numbers, default=0) + 1
    return str(following) if given and all(isinstance(key, str) for key in given) else following


def _find(items: list[dict[str, Any]], item_id: int | str) -> dict[str, Any]:
    # A command line gives text where the file has numbers.
    for item in items:
        if str(item["id"]) == str(item_id):
            return item
    raise NotFoundError(f"there is no item {item_id!r} in it")


def _checked(fields: Mapping[str, Any], items: list[dict[str, Any]]) -> dict[str, Any]:
    known = dict.fromkeys([*JSON_KEYS, *(key for item in items for key in item)])
    values: dict[str, Any] = {}
    for given, value in fields.items():
        key = given if given in known else _ALIASES.get(given, given)
        if key not in known:
            raise UsageError(f"there is no field {given!r}; fields: {', '.join(known)}")
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{key} cannot be {value!r}: JSON has no such thing") from error
        values[key] = None if value == "" else value
    return values


def _searched(item: JsonItem) -> str:
    return search_text(str(value) for key, value in item.data.items() if key != "id" and value is not None)


def _without_empty(row: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    nulls = {key for key, value in before.items() if value is None}
    return {key: value for key, value in row.items() if value is not None or key in nulls}
