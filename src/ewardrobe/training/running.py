"""A training run, from its config to its folder.

config.yaml       the config with every key written out
environment.json  versions, machine, command
metrics.csv       losses, learning rates and validation scores, by step
tensorboard/      the same for TensorBoard
curves.png  confusion.png  samples/epoch-NNN.jpg
checkpoints/      last.ckpt, from which a stopped run goes on, and the best by the watched score
model.safetensors, model.json    the best weights and what network they belong to
model.onnx        the same as one file that describes itself
"""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import sys
import warnings
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2
import lightning as L
import torch
import yaml
from lightning.pytorch.callbacks import EarlyStopping, LearningRateMonitor, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

from ewardrobe import taxonomy as taxonomies
from ewardrobe.errors import EwardrobeError, UsageError
from ewardrobe.imaging import write_atomically
from ewardrobe.training.architectures import ARCHITECTURES, create_model
from ewardrobe.training.callbacks import Averaging, MetricsLog, RunPictures
from ewardrobe.training.checkpoints import WholeCheckpoints
from ewardrobe.training.config import Config, validated
from ewardrobe.training.feeding import Feed
from ewardrobe.training.modules import InstanceModule, MattingModule, Module, SemanticModule
from ewardrobe.training.saving import save_model

__all__ = ["Run", "task_of", "train"]

_PACKAGES = (
    "ewardrobe",
    "torch",
    "torchvision",
    "lightning",
    "numpy",
    "segmentation-models-pytorch",
    "transformers",
)


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, the best score by `watch`, all scores of the last validation, steps taken."""

    folder: Path
    watch: str
    best: float
    scores: dict[str, float]
    steps: int
    onnx: Path | None


def task_of(config: Config) -> str:
    """The task of a run: the config's, else the architecture's first; UsageError when the architecture has it not."""
    name = config.architecture
    if name not in ARCHITECTURES:
        create_model(name, 2)  # raises, naming the nearest
    tasks = ARCHITECTURES[name].tasks
    task = config.task or tasks[0]
    if task not in tasks:
        raise UsageError(f"{name} is not for {task}: it does {', '.join(tasks)}")
    return task


def train(
    config: Config,
    folder: Path,
    *,
    data: Path | None = None,
    progress: bool = True,
    callbacks: list[L.Callback] | None = None,
    export: bool = True,
) -> Run:
    """Train by `config` in `folder`; a folder with a checkpoint of the same config goes on from it.

    Args:
        config: see `ewardrobe.training.config`.
        folder: made if need be.
        data: folder that the sources' paths start from; None: the working directory.
        progress: show a bar with throughput and time left.
        callbacks: further ones of Lightning's.
        export: also write `model.onnx`.

    Raises:
        UsageError: the config makes no sense, the folder holds a run of another config, the loss is no number, or
            memory ran out.
        DatasetError: a dataset is missing, empty or of no known layout.
    """
    task = task_of(config)
    about = config.training
    _claim(folder, config, data)
    if about.threads:
        torch.set_num_threads(about.threads)
    cv2.setNumThreads(0)  # its pool would hang in a forked loader
    _quieten()
    L.seed_everything(about.seed, workers=True, verbose=False)
    taxonomy = taxonomies.load("foreground" if task == "matting" else config.taxonomy)
    net = create_model(config.architecture, 1 if task == "matting" else len(taxonomy), **config.model)
    if net.loaded and progress:
        print(f"weights: {net.loaded}")
    if about.channels_last:
        net = net.to(memory_format=torch.channels_last)
    if about.compile:
        net.compile()
    feed = Feed(config, task, data, divisor=net.divisor, fixed=net.fixed_size)
    module = _module(task, net, config, taxonomy, feed)
    trainer = _trainer(config, folder, module, taxonomy, progress, callbacks or [])
    last = folder / "checkpoints" / "last.ckpt"
    try:
        trainer.fit(module, datamodule=feed, ckpt_path=last if last.exists() else None, weights_only=True)
    except (torch.OutOfMemoryError, MemoryError, RuntimeError, OSError, EwardrobeError) as error:
        raise _explained(error, config) from error
    if not trainer.is_global_zero:
        return Run(folder, module.watch, 0.0, {}, trainer.global_step, None)
    if trainer.interrupted:
        raise KeyboardInterrupt
    best = next(item for item in trainer.checkpoint_callbacks if isinstance(item, ModelCheckpoint))
    _take_best(module, best)
    score = float(best.best_model_score) if best.best_model_score is not None else 0.0
    path = save_model(module.net, config, task, taxonomy, folder, scores=module.scores, export=export)
    return Run(folder, module.watch, score, module.scores, trainer.global_step, path)


def _module(task: str, net: Any, config: Config, taxonomy: Any, feed: Feed) -> Module:
    if task == "instance":
        return InstanceModule(net, config, taxonomy)
    if task == "matting":
        return MattingModule(net, config, taxonomy)
    weights = feed.class_weights(len(taxonomy)) if config.loss.class_weights else None
    return SemanticModule(net, config, taxonomy, weights)


def _trainer(
    config: Config, folder: Path, module: Module, taxonomy: Any, progress: bool, extra: list[L.Callback]
) -> L.Trainer:
    about = config.training
    watched = ModelCheckpoint(
        dirpath=folder / "checkpoints",
        filename="best-{epoch:03d}",
        auto_insert_metric_name=False,
        monitor="watched",
        mode="max",
        save_top_k=about.keep,
        save_last=True,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    callbacks: list[L.Callback] = [
        watched,
        LearningRateMonitor("step"),
        RunPictures(folder, taxonomy),
        *extra,
    ]
    if about.ema is not None:
        callbacks.append(Averaging(about.ema))
    if about.early_stopping is not None:
        callbacks.append(
            EarlyStopping(
                "watched",
                mode="max",
                patience=about.early_stopping.patience,
                min_delta=about.early_stopping.least,
            )
        )
    if progress:
        callbacks.append(RichProgressBar())
    cpu = about.accelerator == "cpu" or (about.accelerator == "auto" and not torch.cuda.is_available())
    devices = 1 if about.devices == "auto" and cpu else about.devices
    many = about.nodes > 1 or (isinstance(devices, int) and devices > 1)
    return L.Trainer(
        default_root_dir=folder,
        accelerator="cpu" if cpu else about.accelerator,
        devices=devices,
        num_nodes=about.nodes,
        strategy="ddp" if many else "auto",
        precision=about.precision,
        max_steps=about.steps,
        max_epochs=-1,
        accumulate_grad_batches=about.accumulate,
        gradient_clip_val=about.clip or None,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        log_every_n_steps=max(1, min(10, about.steps // (10 * about.epochs) or 1)),
        logger=[
            MetricsLog(folder / "metrics.csv", module),
            TensorBoardLogger(folder, name="", version="tensorboard"),
        ],
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        enable_progress_bar=progress,
        enable_model_summary=False,
    )


def _quieten() -> None:
    """What Lightning says of itself; errors and its warnings about the run stay."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"lightning\.pytorch\.utilities\._pytree")
    warnings.filterwarnings("ignore", message=r".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=r"Checkpoint directory .* exists and is not empty")
    # A run that goes on writes its first checkpoint anew before anything was validated.
    warnings.filterwarnings("ignore", message=r".*could not find the monitored key in the returned metrics")


def _whole(text: str, where: str) -> dict[str, Any]:
    """A written config with the keys that have come since, at their defaults; as it stands where it is none now."""
    document = yaml.safe_load(text)
    try:
        return validated(Config, document, where).model_dump(mode="json")
    except UsageError:
        return document if isinstance(document, dict) else {}


def _claim(folder: Path, config: Config, data: Path | None) -> None:
    """Write what the run is into its folder, or check that the run which is there is this one."""
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    written = folder / "config.yaml"
    if (folder / "checkpoints" / "last.ckpt").exists() and written.exists():
        there, mine = _whole(written.read_text(), written.name), yaml.safe_load(text)
        changed = sorted(key for key in mine if there.get(key) != mine[key] and key != "sweep")
        if changed:
            raise UsageError(
                f"{folder} holds a run of another config (differs in {', '.join(changed)}): choose another --run "
                "folder, or remove that one"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(written, text.encode())
        write_atomically(folder / "environment.json", json.dumps(_environment(data), indent=2).encode())
    except OSError as error:
        raise UsageError(f"cannot write the run folder {folder}: {error.strerror}") from None


def _environment(data: Path | None) -> dict[str, Any]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "packages": found,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())],
        "arguments": sys.argv[1:],
        "data": None if data is None else str(data.resolve()),
    }


def _take_best(module: Module, best: ModelCheckpoint) -> None:
    if best.best_model_path and Path(best.best_model_path).exists():
        state = torch.load(best.best_model_path, weights_only=True, map_location="cpu")
        module.load_state_dict(state["state_dict"])
    module.eval()


def _explained(error: BaseException, config: Config) -> BaseException:
    """Out of memory and a full disk in one line that says which knob to turn; anything else as it is."""
    text = str(error)
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in text.lower():
        half = max(1, config.data.batch_size // 2)
        return UsageError(
            f"out of memory: try data.batch_size={half} training.accumulate={config.training.accumulate * 2}, "
            "a smaller data.height and data.width, or data.cache=false"
        )
    if "No space left" in text or "file write failed" in text or "unexpected pos" in text:
        free = shutil.disk_usage(Path.cwd()).free
        return UsageError(
            f"the disk is full ({free / 1e6:.0f} MB left): make room and start again; the run goes on from its last "
            "checkpoint"
        )
    return error
