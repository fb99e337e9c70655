"""What the routes share: the wardrobe, what is on its way into it, and who may change what at the same time."""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, HTTPException, Request

from ewardrobe.errors import ModelError
from ewardrobe.jobs.importing import Importer
from ewardrobe.jobs.inbox import Inbox
from ewardrobe.jobs.workshop import Workshop
from ewardrobe.segmentation import resolve
from ewardrobe.wardrobe import Wardrobe, home
from ewardrobe.web.errors import public_line
from ewardrobe.web.live.catalogue import LiveModels
from ewardrobe.web.live.session import Live

__all__ = ["CurrentRoom", "Room"]

_log = logging.getLogger("ewardrobe.web")
_SCRATCH = "scratch"
_WAITING = 8
"""Stateless requests that may wait for the model; more are told to come back."""


@dataclass
class Room:
    """One served wardrobe.

    Attributes:
        live: what the live view's sockets share.
        token: what our own pages send with every change (see `security.Guard`).
        editing: held from looking at a garment's version to changing it.
    """

    wardrobe: Wardrobe
    inbox: Inbox
    workshop: Workshop
    importer: Importer
    live: Live
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    editing: threading.Lock = field(default_factory=threading.Lock)
    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_WAITING))

    @classmethod
    def open(cls, folder: Path | None, model: str | None) -> Room:
        """Open the wardrobe and its inbox; `StoreError` when they cannot be, or another server has them.

        `model` None is the one of the settings, or the default where that is not on this machine.
        """
        wardrobe = Wardrobe.open(home() if folder is None else folder)
        try:
            inbox = Inbox(wardrobe.path)
        except BaseException:
            wardrobe.close()
            raise
        # The inbox is this process's alone: whatever lies there is of one that was ended.
        shutil.rmtree(wardrobe.path / _SCRATCH, ignore_errors=True)
        chosen = model or _chosen(wardrobe)
        workshop = Workshop(wardrobe.path, chosen)
        importer = Importer(inbox, workshop, public_line)
        return cls(wardrobe, inbox, workshop, importer, Live(LiveModels(chosen), wardrobe))

    def close(self) -> None:
        """Stop working and let go of everything."""
        self.live.close()
        self.importer.stop()
        self.inbox.close()
        self.wardrobe.close()

    def use(self, model: str) -> None:
        """Find garments with another model from now on."""
        self.workshop.use(model)
        self.live.models.use(model)

    def waiting(self) -> int:
        """How many photos are on their way into the wardrobe."""
        counts = self.inbox.counts()
        return counts["waiting"] + counts["working"]

    def scratch(self, ending: str) -> Path:
        """A name for a file of the moment, on the wardrobe's own disk."""
        folder = self.wardrobe.path / _SCRATCH
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / f"{secrets.token_hex(8)}{ending}"

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those who wait for the model; 503 when there is none."""
        if not self._places.acquire(blocking=False):
            raise HTTPException(503, "too many photos at once; try again shortly", {"Retry-After": "2"})
        try:
            yield
        finally:
            self._places.release()


def _chosen(wardrobe: Wardrobe) -> str:
    model = wardrobe.settings.read().model
    try:
        resolve(model)
    except ModelError as error:
        _log.warning("%s; the default model is taken", error)
        return "default"
    return model


def _room_of(request: Request) -> Room:
    room: Room = request.app.state.room
    return room


CurrentRoom = Annotated[Room, Depends(_room_of)]
