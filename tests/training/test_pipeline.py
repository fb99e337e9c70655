"""Background removal and garments trained by one command into one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("lightning", reason="Lightning is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.cli import run as command  # noqa: E402
from ewardrobe.errors import UsageError  # noqa: E402
from ewardrobe.segmentation import Segmenter  # noqa: E402
from ewardrobe.training.architectures.interface import SemanticNet  # noqa: E402
from ewardrobe.training.pipeline import GatedNet, load_pipeline  # noqa: E402
from tests.training.scenes import write_scenes  # noqa: E402

pytestmark = pytest.mark.train


class _Seen(SemanticNet):
    """Gives back the mean of what it sees, as logits of the classes, at half the size."""

    def __init__(self, classes: int, mean: float, std: float) -> None:
        super().__init__(classes)
        self.mean, self.std = (mean,) * 3, (std,) * 3

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.seen = image
        return (
            torch.nn.functional.avg_pool2d(image, 2)[:, :1]
            * torch.arange(1.0, self.classes + 1).view(1, -1, 1, 1),
        )


def test_the_background_network_sees_the_photo_as_it_was_trained_to_and_gates_the_garments() -> None:
    photo = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    garments, background = _Seen(4, 0.5, 0.25), _Seen(1, 0.4, 0.1)
    net = GatedNet(garments, background, reduction=2)
    (logits,) = net((photo - 0.5) / 0.25)
    expected = (torch.nn.functional.avg_pool2d(photo, 2) - 0.4) / 0.1
    torch.testing.assert_close(background.seen, expected, atol=1e-5, rtol=1e-5)
    alone = garments((photo - 0.5) / 0.25)[0].softmax(1)
    alpha = torch.nn.functional.interpolate(background(expected)[0].sigmoid(), size=(32, 48), mode="bilinear")
    probabilities = logits.exp()
    torch.testing.assert_close(probabilities.sum(1), torch.ones(1, 32, 48))
    torch.testing.assert_close(probabilities[:, 1:], alone[:, 1:] * alpha)
    assert net.divisor == 64


def _write(folder: Path, scenes: Path) -> Path:
    def sources(split: str) -> list[dict[str, str]]:
        return [{"path": str(scenes), "split": split}]

    for name, task, taxonomy, side in (("one", "matting", "wardrobe", 32), ("two", "semantic", "parts", 64)):
        document = {
            "architecture": "u2netp",
            "task": task,
            "taxonomy": taxonomy,
            "data": {
                "train": sources("train"),
                "validation": sources("val"),
                "height": side,
                "width": side,
                "workers": 0,
            },
            "training": {"steps": 1, "epochs": 1, "precision": "32-true", "threads": 1},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
    path = folder / "both.yaml"
    path.write_text(yaml.safe_dump({"pipeline": {"background": "one.yaml", "garments": "two.yaml"}}))
    return path


def test_one_command_trains_both_into_one_file(tmp_path: Path) -> None:
    scenes = write_scenes(tmp_path / "scenes", train=4)
    path, run = _write(tmp_path, scenes), tmp_path / "run"
    keys = ["garments.data.batch_size=2", "background.data.batch_size=4"]
    assert command(["train", str(path), *keys, "--run", str(run)]) == 0
    segmenter = Segmenter(run / "model.onnx")
    assert segmenter.taxonomy.name == "parts" and segmenter.description.input.divisor == 64
    result = segmenter.segment(next((scenes / "photos").glob("*.jpg")))
    assert (
        result.label_map.shape == (96, 64) and np.isin(result.label_map, range(len(segmenter.taxonomy))).all()
    )
    before = [(run / part / "model.safetensors").stat().st_mtime_ns for part in ("background", "garments")]
    (run / "model.onnx").unlink()
    assert command(["train", str(path), *keys, "--run", str(run)]) == 0
    assert [
        (run / part / "model.safetensors").stat().st_mtime_ns for part in ("background", "garments")
    ] == before
    assert (run / "model.onnx").exists()


def test_a_pipeline_that_makes_no_sense_is_one_line(tmp_path: Path) -> None:
    path = _write(tmp_path, tmp_path)
    with pytest.raises(UsageError, match=r"begin with background\. or garments\."):
        load_pipeline(path, ["training.steps=3"])
    with pytest.raises(UsageError, match="unknown key"):
        load_pipeline(path, ["garments.training.stepz=3"])
    for wrong, said in (
        ({"pipeline": {"background": "one.yaml"}}, "names two configs"),
        (
            {"pipeline": {"background": "two.yaml", "garments": "two.yaml"}},
            "must be a config of task matting",
        ),
        ({"pipeline": {"background": "one.yaml", "garments": "two.yaml"}, "data": {}}, "unknown key 'data'"),
    ):
        path.write_text(yaml.safe_dump(wrong))
        with pytest.raises(UsageError, match=said):
            load_pipeline(path)
    assert load_pipeline(tmp_path / "two.yaml") is None
