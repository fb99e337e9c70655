"""The verbs every store of garments has, whatever it keeps them in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Described", "GarmentStore"]


class Described(Protocol):
    """What is known of a garment in any store."""

    @property
    def id(self) -> int | str:
        """Its number, or whatever the file calls it."""
        ...

    @property
    def type(self) -> str | None:
        """What it is."""
        ...

    @property
    def colour(self) -> str | None:
        """Its main colour."""
        ...

    @property
    def material(self) -> str | None:
        """What it is made of."""
        ...

    @property
    def style(self) -> str | None:
        """What it goes with."""
        ...


Item = TypeVar("Item", bound=Described, covariant=True)


class GarmentStore(Protocol[Item]):
    """A place where garments are kept; `Wardrobe` and `JsonWardrobe` are such.

    Every verb has stored what it did when it returns. An unknown number raises `NotFoundError`, an unknown field
    `UsageError`, a store that cannot be read or written `StoreError`.
    """

    def new(self, **fields: Any) -> Item:
        """Add a garment."""
        ...

    def get(self, garment_id: Any, /) -> Item:
        """One garment."""
        ...

    def find(
        self,
        text: str | None = None,
        *,
        type: str | None = None,
        colour: str | None = None,
        material: str | None = None,
        style: str | None = None,
        limit: int | None = None,
    ) -> Sequence[Item]:
        """The garments that fit everything asked for."""
        ...

    def edit(self, garment_id: Any, /, **fields: Any) -> Item:
        """Set fields of a garment."""
        ...

    def remove(self, garment_id: Any, /) -> None:
        """Take a garment out."""
        ...

    def to_dataframe(self) -> pd.DataFrame:
        """One row per garment."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Item]: ...
