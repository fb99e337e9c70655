"""`ewardrobe train default`: the shipped model, from the development data to its checkpoint."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path

import cv2
import torch
from torch import nn

from ewardrobe import taxonomy
from ewardrobe.training.architectures import create_model
from ewardrobe.training.architectures.efficientnet_lite import imagenet_weights
from ewardrobe.training.batches import Phase
from ewardrobe.training.items import load_training_set
from ewardrobe.training.loop import Recipe, Trainer
from ewardrobe.training.pseudo import label_tagged

__all__ = ["load_recipe", "make_default", "train_default"]


def load_recipe(path: Path | None = None) -> tuple[Recipe, dict[str, object]]:
    """The recipe (shipped one: `default.toml` beside this file) and the options of its model."""
    text = path.read_text() if path else (resources.files(__package__) / "default.toml").read_text()
    config = tomllib.loads(text)
    phases = tuple(Phase(**phase) for phase in config["phases"])
    return Recipe(phases=phases, **config["optimisation"]), config["model"]


def make_default(options: dict[str, object], *, pretrained: bool = True) -> nn.Module:
    """The default architecture, its encoder with ImageNet weights."""
    model = create_model("lite-fpn", len(taxonomy.load("wardrobe")), **options)
    if pretrained:
        model.encoder.load_state_dict(imagenet_weights(int(str(options["variant"]))))  # type: ignore[union-attr, operator]
    return model


def train_default(data: Path, folder: Path, recipe_file: Path | None = None, *, threads: int | None = None) -> nn.Module:
    """Train, or go on training, in `folder`; returns the EMA model.

    Args:
        data: folder with `ccp/` and `flatlay/`.
        folder: of the run.
        recipe_file: another `default.toml`.
        threads: of PyTorch.
    """
    # OpenCV's own thread pool would hang in the loader's forked worker.
    cv2.setNumThreads(0)
    if threads:
        torch.set_num_threads(threads)
    recipe, options = load_recipe(recipe_file)
    training = load_training_set(data, "train")
    validation = load_training_set(data, "val")
    print(f"{len(training.worn)} worn, {len(training.flat)} flat, {len(training.tagged)} tagged photos", flush=True)

    def before_phase(number: int, model: nn.Module) -> None:
        phase = recipe.phases[number]
        if phase.tagged:
            share = label_tagged(model, training.tagged, side=round(phase.height * 1.1 / 32) * 32)
            print(f"pseudo-labels on {share:.0%} of the tagged photos' pixels", flush=True)

    trainer = Trainer(
        lambda: make_default(options), training, validation, recipe, folder, len(taxonomy.load("wardrobe")), before_phase
    )
    return trainer.run()
