from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.segmentation import Segmenter, read_description  # noqa: E402
from ewardrobe.training.architectures import create_model  # noqa: E402
from ewardrobe.training.batches import Phase  # noqa: E402
from ewardrobe.training.default import describe_default, load_recipe  # noqa: E402
from ewardrobe.training.export import export_onnx  # noqa: E402
from ewardrobe.training.items import Item, TrainingSet  # noqa: E402
from ewardrobe.training.loop import Recipe, Trainer, predict  # noqa: E402
from ewardrobe.training.pseudo import label_tagged, label_tagged_once  # noqa: E402

pytestmark = pytest.mark.train


def _data() -> TrainingSet:
    rng = np.random.default_rng(0)
    items = []
    for n in range(4):
        pixels = rng.integers(0, 60, (80, 64, 3), np.uint8)
        labels = np.zeros((80, 64), np.uint8)
        labels[20:60, 16:48] = 5
        pixels[labels == 5] += np.uint8(150)
        items.append(Item(str(n), "worn", pixels, labels, alpha=(labels > 0).astype(np.uint8) * 255))
    return TrainingSet(items[:2], items[2:], [])


def _trainer(folder: Path, steps: int) -> Trainer:
    recipe = Recipe(
        (Phase(4, 64, 64, 2),), warmup=1, checkpoint_every=steps, validate_every=1000, workers=0, seed=1
    )
    torch.manual_seed(0)
    return Trainer(
        lambda: create_model("lite-fpn", 17, variant=0, width=16),
        _data(),
        _data(),
        recipe,
        folder,
        17,
        lambda number, model: None,
    )


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    through = _trainer(tmp_path / "through", 100)
    through.run()

    class StopError(Exception):
        pass

    class Stopping(Trainer):
        def save(self) -> None:
            super().save()
            if self.step == 2:
                raise StopError

    stopped = _trainer(tmp_path / "halves", 2)
    stopped.__class__ = Stopping
    with pytest.raises(StopError):
        stopped.run()
    resumed = _trainer(tmp_path / "halves", 100)
    assert resumed.step == 2
    resumed.run()
    assert resumed.step == through.step == 4
    # Dropout draws from the global generator, which a checkpoint does not carry: equal but for that.
    for (name, a), b in zip(
        through.optimizer.state_dict()["param_groups"][0].items(),
        resumed.optimizer.state_dict()["param_groups"][0].values(),
        strict=True,
    ):
        assert a == b, name
    assert resumed.ema.updates == through.ema.updates


def test_training_learns_the_garment(tmp_path: Path) -> None:
    recipe = Recipe(
        (Phase(30, 64, 64, 4, flat=0.0),), warmup=5, learning_rate=5e-3, encoder_rate=2e-3, ema=0.9, workers=0
    )
    torch.manual_seed(0)
    trainer = Trainer(
        lambda: create_model("lite-fpn", 17, variant=0, width=16),
        _data(),
        _data(),
        recipe,
        tmp_path,
        17,
        lambda number, model: None,
    )
    trainer.run()
    before = create_model("lite-fpn", 17, variant=0, width=16).eval()
    item = _data().worn[0]

    def probability(model: torch.nn.Module) -> float:
        found = predict(model.eval(), item.pixels, 96)
        middle = found[
            5, found.shape[1] // 3 : 2 * found.shape[1] // 3, found.shape[2] // 3 : 2 * found.shape[2] // 3
        ]
        return float(middle.mean())

    assert probability(trainer.model) > 3 * probability(before)


def test_pseudo_labels_stay_within_the_tags() -> None:
    torch.manual_seed(0)
    model = create_model("lite-fpn", 17, variant=0, width=16).eval()
    item = _data().worn[0]
    item.allowed = np.isin(np.arange(17), [0, 1, 2, 8])
    share = label_tagged(model, [item], side=96, certain=0.0)
    assert share == 1.0
    assert set(np.unique(item.labels)) <= {0, 1, 2, 8}
    assert label_tagged(model, [item], side=96, certain=1.1) == 0.0
    assert (item.labels == 255).all()


def test_pseudo_labels_are_made_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model("lite-fpn", 17, variant=0, width=16).eval()
    first, again = _data().worn[:1], _data().worn[:1]
    for items in (first, again):
        items[0].allowed = np.ones(17, bool)
    label_tagged_once(model, first, tmp_path / "labels.npz", side=96)
    model.head.weight.data.neg_()
    label_tagged_once(model, again, tmp_path / "labels.npz", side=96)
    assert np.array_equal(first[0].labels, again[0].labels)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.npz"]


def test_exported_file_segments_as_the_model_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = create_model("lite-fpn", 17, variant=0, width=16).eval()
    path = tmp_path / "model.onnx"
    assert export_onnx(model, path, describe_default({"worn": {"photos": 80}})) < 1e-2
    assert read_description(path).scores == {"worn": {"photos": 80}}
    assert path.stat().st_size < 2.3 * sum(p.numel() for p in model.parameters()), (
        "weights are stored as float16"
    )
    assert b".py" not in path.read_bytes(), "no path of the machine that exported it"
    item = _data().worn[0]
    result = Segmenter(path, size=96).segment(item.pixels)
    assert result.label_map.shape == (80, 64)
    assert result.features is not None
    expected = predict(model, item.pixels, 96)
    expected = (
        torch.nn.functional.interpolate(expected[None], size=(80, 64), mode="bilinear")[0].argmax(0).numpy()
    )
    assert (expected == result.label_map).mean() > 0.9, "resizing and normalisation are those of training"


def test_shipped_recipe_can_be_read() -> None:
    recipe, options = load_recipe()
    assert recipe.phases and all(p.height % 32 == p.width % 32 == 0 for p in recipe.phases)
    assert options["variant"] in (0, 1, 2)
