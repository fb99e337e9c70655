"""A lock on a file, held by one process or shared by several; the system lets go of it when the holder dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

__all__ = ["FileLock"]

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, shared: bool, blocking: bool) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if blocking else msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool, blocking: bool) -> None:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        fcntl.flock(descriptor, kind if blocking else kind | fcntl.LOCK_NB)


class FileLock:
    """An advisory lock on `path`, which is created when missing and never removed here.

    Two objects exclude each other even in one process. `shared` locks exclude only those that are not (on Windows,
    which has no shared ones here, all exclude each other).
    """

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        self.path = path
        self._shared = shared
        self._descriptor: int | None = None

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the lock; False when it is held elsewhere and `blocking` is off, or its folder is gone."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        except FileNotFoundError:
            return False
        try:
            _lock(descriptor, shared=self._shared, blocking=blocking)
        except OSError:
            os.close(descriptor)
            if blocking:
                raise
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let go; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
