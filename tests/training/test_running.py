"""Runs, whole: what they leave behind, and that a killed one ends where an unbroken one does."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("lightning", reason="Lightning is not installed: pip install 'ewardrobe[train]'")

from safetensors.torch import load_file  # noqa: E402

from ewardrobe.errors import DatasetError, EwardrobeError, ModelError, UsageError  # noqa: E402
from ewardrobe.segmentation import Segmenter  # noqa: E402
from ewardrobe.training.config import load_config  # noqa: E402
from ewardrobe.training.exporting import export_run  # noqa: E402
from ewardrobe.training.running import train  # noqa: E402
from ewardrobe.training.saving import load_model  # noqa: E402
from tests.training.scenes import write_scenes  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("data") / "scenes")


def _config(folder: Path, scenes: Path, **changes: Any) -> Path:
    document = {
        "architecture": "lite-fpn",
        "model": {"variant": 0, "width": 16},
        "data": {
            "train": [{"path": str(scenes), "split": "train"}],
            "validation": [{"path": str(scenes), "split": "val"}],
            "height": 96,
            "width": 64,
            "batch_size": 2,
            "workers": 0,
        },
        "training": {"steps": 6, "epochs": 3, "ema": 0.9, "precision": "32-true", "threads": 1},
        **changes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config-in.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def _train(folder: Path, scenes: Path, *overrides: str, **options: Any) -> Any:
    config = load_config(_config(folder, scenes), overrides)
    return train(config, folder, progress=False, **{"export": False, **options})


def _same(first: Path, second: Path) -> bool:
    one, two = (load_file(folder / "model.safetensors") for folder in (first, second))
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_a_run_folder_holds_what_a_person_looks_for(tmp_path: Path, scenes: Path) -> None:
    run = _train(tmp_path, scenes)
    assert run.steps == 6 and 0 <= run.best <= 1 and run.watch == "garment_miou"
    for name in (
        "config.yaml",
        "environment.json",
        "curves.png",
        "confusion.png",
        "samples/epoch-003.jpg",
        "checkpoints/last.ckpt",
        "model.safetensors",
        "model.json",
    ):
        assert (tmp_path / name).stat().st_size > 0, name
    assert list((tmp_path / "tensorboard").glob("events*"))
    with (tmp_path / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(7))
    assert [int(row["step"]) for row in rows if row["val/miou"]] == [2, 4, 6]
    assert all(float(row["loss"]) > 0 for row in rows[1:])
    again = load_config(tmp_path / "config.yaml")
    assert again.training.steps == 6
    saved = load_model(tmp_path)
    assert saved.taxonomy.name == "wardrobe" and saved.about["scores"] == run.scores


def test_a_network_learns_scenes_by_heart(tmp_path: Path, scenes: Path) -> None:
    learnt = _train(
        tmp_path,
        scenes,
        "training.steps=100",
        "training.ema=null",
        "training.epochs=1",
        "optimiser.learning_rate=0.005",
        "augmentation.strength=0",
        "data.validation=[{path: " + str(scenes) + ", split: train}]",
    )
    assert learnt.scores["foreground_iou"] > 0.5, learnt.scores


@pytest.mark.parametrize("moment", ["between", "within"])
def test_a_killed_run_ends_where_the_unbroken_one_does(tmp_path: Path, scenes: Path, moment: str) -> None:
    whole = tmp_path / "whole"
    _train(whole, scenes, "augmentation.copy_paste=0.5")
    broken = tmp_path / "broken"
    config = _config(broken, scenes)
    script = (
        "import sys, os, signal, pathlib, lightning as L\n"
        "from ewardrobe.training.config import load_config\n"
        "from ewardrobe.training.running import train\n"
        "class Kill(L.Callback):\n"
        "    def on_train_batch_end(self, trainer, *a):\n"
        f"        if trainer.global_step == {4 if moment == 'between' else 3}:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "train(load_config(path, ['augmentation.copy_paste=0.5']), path.parent, progress=False, export=False,"
        " callbacks=[Kill()])\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(config)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-500:]
    assert not (broken / "model.safetensors").exists()
    _train(broken, scenes, "augmentation.copy_paste=0.5")
    assert _same(whole, broken)
    assert (whole / "metrics.csv").read_text() == (broken / "metrics.csv").read_text()


def test_two_processes_do_what_one_does_with_twice_the_batch(tmp_path: Path, scenes: Path) -> None:
    """With norms frozen and no dropout, the mean of two gradients is that of the whole batch."""
    settings = ["architecture=unet", "model={encoder: resnet18, decoder_channels: [32, 16, 16, 8, 8]}"]
    settings += ["training.freeze_norms=true", "training.ema=null", "training.steps=3", "training.epochs=1"]
    one = tmp_path / "one"
    _train(one, scenes, *settings, "data.batch_size=4")
    two = tmp_path / "two"
    config = _config(two, scenes)
    script = tmp_path / "two.py"
    script.write_text(
        "import sys, pathlib\n"
        "from ewardrobe.training.config import load_config\n"
        "from ewardrobe.training.running import train\n"
        "if __name__ == '__main__':\n"
        "    path = pathlib.Path(sys.argv[1])\n"
        "    train(load_config(path, sys.argv[2:]), path.parent, progress=False, export=False)\n"
    )
    command = [
        sys.executable,
        str(script),
        str(config),
        *settings,
        "training.devices=2",
        "training.accelerator=cpu",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    with (one / "metrics.csv").open() as first, (two / "metrics.csv").open() as second:
        rows = list(zip(csv.DictReader(first), csv.DictReader(second), strict=True))
        assert len(rows) == 4
        for mine, theirs in rows[1:]:
            assert float(mine["loss"]) == pytest.approx(float(theirs["loss"]), rel=1e-4)
    weights = [load_file(folder / "model.safetensors") for folder in (one, two)]
    for name, value in weights[0].items():
        assert torch.allclose(value, weights[1][name], atol=2e-4), name


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["architecture=segfromer"], "did you mean 'segformer'"),
        (["model.widht=3"], "did you mean 'width'"),
        (["task=instance"], "lite-fpn is not for instance"),
        (["data.height=100"], "data.height is 100, lite-fpn needs multiples of 32: try 96"),
        (["loss.terms={cross_entropy: 1}", "watch=nothing"], "there is no score 'nothing'"),
        (["taxonomy=deepfashion2"], "no map"),
        (
            ["optimiser.learning_rate=1e30", "optimiser.name=sgd", "training.clip=0"],
            "lower optimiser.learning_rate",
        ),
    ],
)
def test_a_run_that_cannot_be_says_why(tmp_path: Path, scenes: Path, overrides: list[str], says: str) -> None:
    with pytest.raises(EwardrobeError) as error:
        _train(tmp_path, scenes, *overrides)
    assert says in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "model.safetensors").exists()


def test_missing_and_broken_data(tmp_path: Path, scenes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DatasetError):
        _train(tmp_path / "a", scenes, "data.train=[{path: /nowhere}]")
    mine = write_scenes(tmp_path / "mine")
    (mine / "photos" / "0001.jpg").write_bytes(b"no photo")
    _train(tmp_path / "b", mine, "training.steps=1", "training.epochs=1")
    assert "left out: " in capsys.readouterr().err
    for photo in (mine / "photos").iterdir():
        photo.write_bytes(b"no photo")
    with pytest.raises(DatasetError, match="no photo can be learned from"):
        _train(tmp_path / "c", mine)


def test_another_config_does_not_go_on_in_the_same_folder(tmp_path: Path, scenes: Path) -> None:
    _train(tmp_path, scenes, "training.steps=1", "training.epochs=1")
    with pytest.raises(UsageError, match="run of another config"):
        _train(tmp_path, scenes, "training.steps=2", "training.epochs=1")
    # Written before a key existed: the run had that key's default.
    written = tmp_path / "config.yaml"
    document = yaml.safe_load(written.read_text())
    del document["loss"]["presence"], document["data"]["train"][0]["weight"]
    written.write_text(yaml.safe_dump(document))
    assert _train(tmp_path, scenes, "training.steps=1", "training.epochs=1").steps == 1


def test_a_finished_run_is_left_as_it_is(tmp_path: Path, scenes: Path) -> None:
    first = _train(tmp_path, scenes)
    before = (tmp_path / "model.safetensors").read_bytes()
    again = _train(tmp_path, scenes)
    assert again.best == pytest.approx(first.best) and (tmp_path / "model.safetensors").read_bytes() == before


def test_matting_learns_the_foreground(tmp_path: Path, scenes: Path) -> None:
    run = _train(
        tmp_path,
        scenes,
        "architecture=u2netp",
        "model={}",
        "task=matting",
        "training.steps=4",
        "training.epochs=1",
    )
    assert set(run.scores) == {"foreground_iou", "mae"}
    assert load_model(tmp_path).taxonomy.name == "foreground"


def test_weights_of_another_network_are_refused(tmp_path: Path, scenes: Path) -> None:
    _train(tmp_path, scenes, "training.steps=1", "training.epochs=1")
    about = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps({**about, "options": {"variant": 1}}))
    with pytest.raises(ModelError, match="are not of lite-fpn"):
        load_model(tmp_path)
    with pytest.raises(ModelError, match="holds no finished run"):
        load_model(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("overrides", "task", "classes"),
    [
        ([], "semantic", 17),
        (["architecture=unet", "model={encoder: resnet18, activation: sigmoid}"], "semantic", 17),
        (["architecture=u2netp", "model={}", "task=matting"], "matting", 2),
    ],
)
def test_a_run_ends_in_a_file_that_segments(
    tmp_path: Path, scenes: Path, overrides: list[str], task: str, classes: int
) -> None:
    run = _train(tmp_path, scenes, "training.steps=1", "training.epochs=1", *overrides, export=True)
    segmenter = Segmenter(run.onnx)
    assert segmenter.description.task == task and len(segmenter.taxonomy) == classes
    photo = next((scenes / "photos").iterdir())
    found = segmenter.segment(photo)
    assert found.label_map.shape == (96, 64)
    differences = export_run(tmp_path, tmp_path / "half.onnx", half=True).differences
    assert differences.photos == 2 and differences.probabilities < 0.05
    assert (tmp_path / "half.onnx").stat().st_size < 0.7 * run.onnx.stat().st_size


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 250 MB: room for a run's first checkpoints, and not for the next ones."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=250m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_in_a_checkpoint_costs_no_more_than_that_checkpoint(
    small_disk: Path, scenes: Path
) -> None:
    with pytest.raises(UsageError, match=r"the disk is full .* make room and start again"):
        _train(small_disk / "run", scenes, "training.keep=3")
    last = small_disk / "run" / "checkpoints" / "last.ckpt"
    steps = torch.load(last, map_location="cpu", weights_only=True)["global_step"]
    assert 0 < steps < 6
    subprocess.run(["mount", "-o", "remount,size=900m", str(small_disk)], check=True)
    assert _train(small_disk / "run", scenes, "training.keep=3").steps == 6
