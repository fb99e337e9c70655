"""`Importer`: the thread that works through an inbox, one photo after the other, as long as its server lives."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ewardrobe.errors import EwardrobeError, StoreError
from ewardrobe.jobs.inbox import Inbox, Upload
from ewardrobe.jobs.outcomes import reason_of
from ewardrobe.jobs.workshop import Workshop

__all__ = ["Importer"]

_PAUSE = 15.0  # seconds until the next try, where the disk is full or the wardrobe cannot be written
_PATIENCE, _GLANCE = 10.0, 0.05  # seconds until a photo that is given up has ended
_log = logging.getLogger(__name__)


class Importer:
    """Starts with `start`; `wake` it when there is something new; `stop` does not wait for the photo under way.

    `say` turns an exception into the line that the photo's owner reads.
    """

    def __init__(self, inbox: Inbox, workshop: Workshop, say: Callable[[Exception], str] = reason_of) -> None:
        self._inbox = inbox
        self._workshop = workshop
        self._say = say
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="importer", daemon=True)

    def start(self) -> None:
        """Begin with what waits."""
        self._thread.start()

    def wake(self) -> None:
        """Look again: something new waits."""
        self._news.set()

    def give_up(self, upload_id: int) -> bool:
        """Give up a photo that waits or is worked on; False when it is finished already."""
        if self._inbox.cancel(upload_id):
            return True
        if self._inbox.get(upload_id).status != "working":
            return False
        self._workshop.give_up(self._inbox.file(upload_id))
        for _ in range(round(_PATIENCE / _GLANCE)):
            status = self._inbox.get(upload_id).status
            if status != "working":
                return status == "cancelled"
            time.sleep(_GLANCE)
        return False

    def stop(self) -> None:
        """Stop, and close the workshop; the photo under way waits again at the next start."""
        self._stopping.set()
        self._news.set()
        self._workshop.close()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.clear()
            try:
                upload = self._inbox.take()
                pause = None if upload is None else self._import(upload)
            except Exception:
                # The list itself cannot be written: nothing to do but to try again.
                _log.exception("the inbox failed")
                upload, pause = None, _PAUSE
            if pause is not None:
                self._stopping.wait(pause)
            elif upload is None:
                self._news.wait()

    def _import(self, upload: Upload) -> float | None:
        """One photo into the wardrobe; how many seconds to wait before the next, if any."""
        try:
            found = self._workshop.add(self._inbox.file(upload.id), upload.name)
        except Exception as error:
            if self._stopping.is_set():
                return None
            if isinstance(error, StoreError):
                _log.warning("%s", reason_of(error))
                self._inbox.put_back(upload.id, self._say(error))
                return _PAUSE
            if not isinstance(error, EwardrobeError):
                _log.exception("upload %s failed", upload.id)
            self._inbox.finish(upload.id, "failed", self._say(error))
            return None
        self._inbox.finish(upload.id, found["status"], found["reason"], found["garments"])
        return None
