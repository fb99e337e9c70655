"""What every family of foreign networks is brought to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ewardrobe.errors import ModelError
from ewardrobe.training.architectures.interface import InstanceNet, SemanticNet
from ewardrobe.training.architectures.weights import fit

__all__ = ["Foreign", "take_all"]


@dataclass(frozen=True)
class Foreign:
    """A network that others trained, in evaluation mode, and what is known of it.

    Attributes:
        fields: of its `ModelDescription`, all but the name and those of the classes.
        classes: the fields `taxonomy`, `classes` and `labels`; None where nothing names them.
    """

    net: SemanticNet | InstanceNet
    fields: Mapping[str, Any]
    classes: Mapping[str, Any] | None = None

    @property
    def task(self) -> str:
        """The description's."""
        return str(self.fields.get("task", "semantic"))


def take_all(net: SemanticNet | InstanceNet, state: Mapping[str, Tensor], source: str) -> None:
    """Load `state` into `net`, in place; prefixes may differ, and nothing may be missing or left over.

    Raises:
        ModelError: a tensor is missing, has another shape, or has no place.
    """
    loaded = fit(net, state, source)  # type: ignore[arg-type]
    if loaded.fresh:
        raise ModelError(f"{source} does not fit the network: nothing for {', '.join(loaded.fresh)}")
    if loaded.unused:
        raise ModelError(f"{source} does not fit the network: it has {', '.join(loaded.unused)} besides")
