"""The models that the live view offers: each installed one at each of its sizes, loaded when first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ewardrobe.errors import ModelError, NotFoundError
from ewardrobe.segmentation import ModelDescription, Segmenter
from ewardrobe.segmentation.catalogue import describe_model, models, resolve

__all__ = ["Choice", "LiveModels"]

_KEPT = 2
"""Models that stay loaded when nobody looks through them."""

_TASKS = ("semantic", "matting", "instance")


@dataclass(frozen=True, slots=True)
class Choice:
    """A model at one of its sizes.

    Attributes:
        id: what a browser asks for it by, such as "default/live".
        size: the name of the size; None where the model has one only.
        pixels: the long side that it sees.
    """

    id: str
    title: str
    licence: str
    size: str | None
    pixels: int
    path: Path


class LiveModels:
    """What there is to look through; `model` is the one that the wardrobe's photos go through."""

    def __init__(self, model: str = "default") -> None:
        self._model = model
        self._loaded: OrderedDict[str, Segmenter] = OrderedDict()
        self._loading = threading.Lock()

    def use(self, model: str) -> None:
        """Offer another model as the wardrobe's own from now on."""
        self._model = model

    def choices(self) -> tuple[Choice, ...]:
        """Those that can be used now: the wardrobe's own model first, its live size before all others."""
        found: dict[str, Choice] = {}
        for choice in self._all():
            found.setdefault(choice.id, choice)
        return tuple(found.values())

    def load(self, choice_id: str) -> tuple[Choice, Segmenter]:
        """A choice and its model, ready; `NotFoundError` for an unknown one, `ModelError` for one that is broken."""
        choice = next((item for item in self.choices() if item.id == choice_id), None)
        if choice is None:
            raise NotFoundError(f"there is no model {choice_id[:80]!r} here; the list may have changed")
        with self._loading:
            segmenter = self._loaded.pop(choice_id, None)
            if segmenter is None:
                segmenter = Segmenter(choice.path, size=choice.size, busy_wait=False)
            self._loaded[choice_id] = segmenter
            while len(self._loaded) > _KEPT:
                self._loaded.popitem(last=False)
        return choice, segmenter

    def _all(self) -> Iterator[Choice]:
        known = models()
        if self._model not in {item.name for item in known}:
            with suppress(ModelError):  # adding a photo says what is wrong with it
                path = resolve(self._model)
                about = describe_model(path)
                yield from _sizes(about.name, about.title or about.name, about.licence, path, about)
        for item in sorted(known, key=lambda item: item.name != self._model):
            if item.path is not None and item.description is not None:
                yield from _sizes(item.name, item.title, item.licence_note, item.path, item.description)


def _sizes(name: str, title: str, licence: str, path: Path, about: ModelDescription) -> Iterator[Choice]:
    if about.task not in _TASKS:
        return
    # The live size first: it is the one that keeps pace with a camera.
    sizes: list[str | None] = sorted(about.sizes, key=lambda size: size != "live") or [None]
    for size in sizes:
        pixels = about.sizes[size] if size is not None else about.default_size()
        longest = pixels if isinstance(pixels, int) else max(pixels)
        shown = f"{title}, {size}" if size is not None and len(about.sizes) > 1 else title
        yield Choice(f"{name}/{size or 'only'}", shown, licence, size, longest, path)
