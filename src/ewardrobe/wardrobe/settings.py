"""What an owner has chosen: `settings.json` in the wardrobe's folder.

    {"model": "default", "tagging": true, "currency": "EUR", "theme": "system",
     "types": [{"title": "Tops", "slot": "top", "types": ["shirt"]}], "colours": ["navy", "white"]}

Only what differs from the usual is in it. Keys that this version does not know are kept. A value that makes no sense
counts as the usual one; a file that cannot be read is set aside as `settings.json.damaged` at the next change.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ewardrobe.errors import EwardrobeError, StoreError, UsageError
from ewardrobe.wardrobe.fields import FIELDS
from ewardrobe.wardrobe.vocabulary import TypeGroup, Vocabulary, parse_groups, shipped_vocabulary

if TYPE_CHECKING:
    from ewardrobe.attributes import Attributes
    from ewardrobe.segmentation import Garment, Segmentation

__all__ = ["FILE", "THEMES", "Settings", "SettingsFile", "usual_describe"]

FILE = "settings.json"
THEMES = ("system", "light", "dark")


@dataclass(frozen=True)
class Settings:
    """One state of the settings.

    Attributes:
        model: the model that finds garments: a name of the catalogue, or a file.
        tagging: whether garments get their class, type, colours and so on by themselves when photos are added.
        currency: of prices typed without one; three letters, or empty.
        theme: of the app: one of `THEMES`.
        types: groups of types; the shipped ones by default.
        colours: what forms offer; all by default.
    """

    model: str = "default"
    tagging: bool = True
    currency: str = ""
    theme: str = "system"
    types: tuple[TypeGroup, ...] = field(default_factory=lambda: shipped_vocabulary().groups)
    colours: tuple[str, ...] = field(default_factory=lambda: shipped_vocabulary().colours)

    @property
    def vocabulary(self) -> Vocabulary:
        """Types and colours as one."""
        return Vocabulary(self.types, self.colours)

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it."""
        plain = {name: getattr(self, name) for name in _PARSERS}
        return {**plain, "types": [group.to_dict() for group in self.types], "colours": list(self.colours)}


def _model(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 1000:
        raise UsageError("the model must be the name of one")
    return value


def _tagging(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError("tagging must be true or false")
    return value


def _currency(value: Any) -> str:
    if value in ("", None):
        return ""
    try:
        return str(FIELDS["currency"](value))
    except ValueError as error:
        raise UsageError(f"currency {error}") from error


def _theme(value: Any) -> str:
    if value not in THEMES:
        raise UsageError(f"the theme must be one of {', '.join(THEMES)}")
    return str(value)


def _colours(value: Any) -> tuple[str, ...]:
    known = shipped_vocabulary().colours
    if not isinstance(value, (list, tuple)) or not value:
        raise UsageError("the colours must be a list, with at least one")
    for name in value:
        if name not in known:
            raise UsageError(f"there is no colour {str(name)[:60]!r}; colours: {', '.join(known)}")
    return tuple(name for name in known if name in value)


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "model": _model,
    "tagging": _tagging,
    "currency": _currency,
    "theme": _theme,
    "types": parse_groups,
    "colours": _colours,
}


def usual_describe(folder: Path) -> Callable[[Segmentation, Garment], Attributes]:
    """What describes garments in the wardrobe at `folder`: everything, or without tagging the embedding alone."""
    from ewardrobe import attributes

    return attributes.describe if SettingsFile(folder).read().tagging else attributes.embedding_alone


class SettingsFile:
    """The settings of the wardrobe in a folder, always as they are on disk."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._known: tuple[tuple[int, int, int] | None, Settings] | None = None
        self._guard = threading.Lock()

    def read(self) -> Settings:
        """The settings as they are now; a file that was not touched is not read again."""
        state = self._state()
        known = self._known
        if known is None or known[0] != state:
            known = (state, _settings(self._values() or {}))
            self._known = known
        return known[1]

    def change(self, values: Mapping[str, Any]) -> Settings:
        """Set some; None brings the usual value back. `UsageError` for one that makes no sense: none is set then."""
        unknown = [name for name in values if name not in _PARSERS]
        if unknown:
            raise UsageError(f"there is no setting {unknown[0]!r}; settings: {', '.join(_PARSERS)}")
        parsed = {name: None if value is None else _PARSERS[name](value) for name, value in values.items()}
        usual = Settings()
        with self._guard:
            kept = self._values()
            if kept is None:
                self._set_aside()
                kept = {}
            for name, value in parsed.items():
                if value is None or value == getattr(usual, name):
                    kept.pop(name, None)
                else:
                    kept[name] = [group.to_dict() for group in value] if name == "types" else value
            self._write((json.dumps(kept, indent=2, ensure_ascii=False) + "\n").encode())
        return self.read()

    def _write(self, data: bytes) -> None:
        from ewardrobe.imaging import write_atomically

        try:
            write_atomically(self.path, data)
        except EwardrobeError as error:
            raise StoreError(str(error)) from error.__cause__

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        # A file written anew has another inode even where the clock is coarse.
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _values(self) -> dict[str, Any] | None:
        """What is in the file; nothing where there is none, None where it cannot be read."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _set_aside(self) -> None:
        try:
            self.path.replace(self.path.with_name(f"{FILE}.damaged"))
        except OSError as error:
            raise StoreError(f"{self.path} cannot be set aside: {error.strerror}") from error


def _settings(values: Mapping[str, Any]) -> Settings:
    found: dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        if name in values:
            try:
                found[name] = parse(values[name])
            except UsageError:
                continue
    return Settings(**found)
