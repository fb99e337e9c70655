"""Checkpoints that are whole at any moment: a kill, a power cut or a full disk leaves the one before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from ewardrobe.imaging import write_atomically

__all__ = ["WholeCheckpoints"]


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoints, written beside their place and renamed; Lightning writes over the one that is there."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: Any = None
    ) -> None:
        """Write `checkpoint` to the local file `path`, making its folder; EwardrobeError where the disk is full."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, lambda file: torch.save(checkpoint, file))
