"""Every error a user of eWardrobe can cause, as one tree.

Each message is one line that says what is wrong and what to do. The command line prints that line without a
traceback and exits with the error's `exit_code`.
"""

from __future__ import annotations

__all__ = [
    "ChangedError",
    "DatasetError",
    "EwardrobeError",
    "MaskError",
    "MissingExtraError",
    "ModelError",
    "NewerStoreError",
    "NotFoundError",
    "PhotoError",
    "StoreError",
    "TaxonomyError",
    "UsageError",
]


class EwardrobeError(Exception):
    """The root of every error raised on purpose; `exit_code` is what the command line exits with."""

    exit_code: int = 1


class UsageError(EwardrobeError):
    """An argument that makes no sense: an unknown key, an option that does not fit another."""

    exit_code = 2


class PhotoError(EwardrobeError):
    """A photo that cannot be opened: missing, truncated, not an image, too large."""


class MaskError(EwardrobeError):
    """A mask, RLE or polygon that contradicts itself or its photo."""


class TaxonomyError(EwardrobeError):
    """An unknown taxonomy or class, or two taxonomies between which there is no map."""


class ModelError(EwardrobeError):
    """A model that is unknown, unreadable, or does not describe itself."""


class DatasetError(EwardrobeError):
    """A dataset that is missing or not in the layout its reader expects."""


class StoreError(EwardrobeError):
    """A wardrobe that cannot be opened, read or written."""


class NewerStoreError(StoreError):
    """A wardrobe written by a newer eWardrobe than this one."""


class NotFoundError(StoreError):
    """An ID that is not in the wardrobe."""


class ChangedError(StoreError):
    """A change to something that was changed meanwhile; nothing was done."""


class MissingExtraError(EwardrobeError):
    """A feature whose optional packages are not installed; the message gives the line that installs them."""
