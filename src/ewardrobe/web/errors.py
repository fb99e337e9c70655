"""What an error becomes for a client: a status, and one line that tells nothing about the server's own files."""

from __future__ import annotations

import errno
import logging
from typing import Any

from fastapi.exceptions import RequestValidationError

from ewardrobe.errors import (
    ChangedError,
    EwardrobeError,
    MaskError,
    NotFoundError,
    PhotoError,
    StoreError,
    TaxonomyError,
    UsageError,
)

__all__ = ["public_line", "public_text", "status_of", "validation_line"]

_log = logging.getLogger("ewardrobe.web")

# Their lines speak of what the client sent; all others may name files of this machine.
_SPEAKABLE = (ChangedError, NotFoundError, UsageError, PhotoError, TaxonomyError, MaskError)
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (ChangedError, 412),
    (NotFoundError, 404),
    (UsageError, 422),
    (TaxonomyError, 422),
    (MaskError, 422),
    (PhotoError, 415),
)


def status_of(error: Exception) -> int:
    """The HTTP status for an error."""
    if _is_full(error):
        return 507
    for kind, status in _STATUS:
        if isinstance(error, kind):
            return status
    return 503 if "in use by another process" in str(error) else 500


def public_line(error: Exception) -> str:
    """One line for the client. What it leaves out goes to the log."""
    if isinstance(error, _SPEAKABLE):
        return public_text(str(error).partition("; see: ewardrobe")[0])
    if isinstance(error, EwardrobeError):
        _log.warning("%s", " ".join(str(error).split()))
    if _is_full(error):
        return "the disk is full: nothing was stored; free some space and try again"
    if isinstance(error, StoreError):
        return "the wardrobe cannot be read or written just now; the server's own window says why"
    return "that did not work; the server's own window says why"


def public_text(text: str) -> str:
    """Text in one line that any client can read, also where a request held half characters."""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:500]


def validation_line(error: RequestValidationError) -> str:
    """What is wrong with a request, in one line."""
    found: list[dict[str, Any]] = list(error.errors())
    parts = [f"{'.'.join(map(str, item['loc'][1:])) or item['loc'][0]}: {item['msg']}" for item in found[:3]]
    return public_text("; ".join(parts))


def _is_full(error: BaseException | None) -> bool:
    full = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    while error is not None:
        if isinstance(error, OSError) and error.errno in full:
            return True
        if isinstance(error, StoreError) and "disk is full" in str(error):
            return True
        error = error.__cause__
    return False
