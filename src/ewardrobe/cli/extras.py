"""What a command needs that the default install does not have."""

from __future__ import annotations

from importlib.util import find_spec

from ewardrobe.errors import MissingExtraError

__all__ = ["need_training"]


def need_training(what: str) -> None:
    """MissingExtraError, saying that `what` needs the extra `train`, unless PyTorch and Lightning are installed."""
    if find_spec("torch") is None or find_spec("lightning") is None:
        raise MissingExtraError(f'{what} needs PyTorch and Lightning: pip install "ewardrobe[train]"')
