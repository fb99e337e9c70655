"""Every instance network keeps the one interface: these tests run on each of them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("torchvision", reason="torchvision is not installed: pip install 'ewardrobe[train]'")

from ewardrobe import taxonomy  # noqa: E402
from ewardrobe.errors import MissingExtraError, ModelError, UsageError  # noqa: E402
from ewardrobe.segmentation import Segmenter  # noqa: E402
from ewardrobe.training.architectures import ARCHITECTURES, create_model  # noqa: E402
from ewardrobe.training.architectures.interface import InstanceNet  # noqa: E402
from ewardrobe.training.export_instance import describe_instance, export_instance  # noqa: E402
from ewardrobe.training.targets import to_target  # noqa: E402

pytestmark = pytest.mark.train

PARTS = taxonomy.load("parts")
NETS: dict[str, tuple[str, dict[str, Any]]] = {
    "maskrcnn": ("maskrcnn", {"backbone": "resnet18", "regions": 32}),
    "yolo11": ("yolo", {"version": 11}),
    "yolo26": ("yolo", {"version": 26}),
    "rfdetr": ("rfdetr", {"groups": 1}),
}
RATES = {"maskrcnn": 3e-4, "yolo": 3e-3, "rfdetr": 1e-4}


@dataclass
class Learned:
    """A network after a few steps on one batch, and what was seen on the way."""

    net: InstanceNet
    totals: list[float]
    without_gradient: list[str]
    empty: dict[str, float]


_LEARNED: dict[str, Learned] = {}


def make(kind: str, classes: int = len(PARTS), **more: Any) -> InstanceNet:
    name, options = NETS[kind]
    extra = ARCHITECTURES[name].extra
    if extra != "train":
        package = {"yolo": "ultralytics"}.get(extra, extra)
        pytest.importorskip(package, reason=f"{package} is not installed: pip install 'ewardrobe[{extra}]'")
    torch.manual_seed(0)
    net = create_model(name, classes, **options, **more)
    assert isinstance(net, InstanceNet)
    return net


def batch(net: InstanceNet, make_scene: Callable[..., Any]) -> tuple[Any, list[Any]]:
    """Two photos, normalised: one with a top and trousers in it, one with nothing."""
    height, width = 96, 72 if net.divisor == 12 else 96
    scene = make_scene(width, height, items=("top", "pants"))
    wardrobe = taxonomy.load("wardrobe")
    masks = np.stack([scene.label_map == wardrobe.index(name) for name in ("top", "pants")])
    full = to_target(torch.from_numpy(masks), torch.tensor([1, 2]))
    none = to_target(torch.zeros(0, height, width), torch.zeros(0, dtype=torch.int64))
    pixels = torch.from_numpy(np.stack([scene.pixels, np.full_like(scene.pixels, 120)])).permute(0, 3, 1, 2)
    mean, std = (torch.tensor(values)[:, None, None] for values in (net.mean, net.std))
    return (pixels.float() / 255 - mean) / std, [full, none]


def learned(kind: str, make_scene: Callable[..., Any]) -> Learned:
    """Made once for all tests."""
    if kind not in _LEARNED:
        net = make(kind).train()
        images, targets = batch(net, make_scene)
        parameters = [parameter for parameter in net.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(parameters, RATES[NETS[kind][0]])
        totals: list[float] = []
        missed: list[str] = []
        # A transformer from random weights loses ground at first: its matching of objects changes with every step.
        for _ in range(14 if kind == "rfdetr" else 6):
            loss = sum(net.losses(images, targets).values())
            optimizer.zero_grad()
            loss.backward()
            missed = missed or [n for n, p in net.named_parameters() if p.requires_grad and p.grad is None]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            totals.append(float(loss.detach()))
        empty = {name: float(value.detach()) for name, value in net.losses(images, [targets[1]] * 2).items()}
        _LEARNED[kind] = Learned(net.eval(), totals, missed, empty)
    return _LEARNED[kind]


@pytest.mark.parametrize("kind", NETS)
def test_losses_are_finite_and_fall(kind: str, make_scene: Callable[..., Any]) -> None:
    totals = learned(kind, make_scene).totals
    assert all(map(math.isfinite, totals))
    assert min(totals[-2:]) < 0.9 * totals[0], f"the loss does not fall: {totals}"


@pytest.mark.parametrize("kind", NETS)
def test_every_parameter_learns_and_photos_without_objects_are_fine(
    kind: str, make_scene: Callable[..., Any]
) -> None:
    seen = learned(kind, make_scene)
    assert not seen.without_gradient, f"no gradient reaches {seen.without_gradient[:5]}"
    assert seen.empty and all(map(math.isfinite, seen.empty.values()))
    encoder = {id(parameter) for parameter in seen.net.encoder_parameters()}
    assert encoder < {id(parameter) for parameter in seen.net.parameters()}


@pytest.mark.parametrize("kind", NETS)
def test_predictions_keep_the_contract(kind: str, make_scene: Callable[..., Any]) -> None:
    net = learned(kind, make_scene).net
    images, _ = batch(net, make_scene)
    found = net.predict(images)
    assert len(found) == 2
    for one in found:
        count = len(one["scores"])
        assert one["boxes"].shape == (count, 4)
        assert one["masks"].shape == (count, *images.shape[-2:]) and one["masks"].dtype == torch.bool
        assert one["labels"].dtype == torch.int64
        if count:
            assert one["labels"].min() >= 1 and one["labels"].max() < len(PARTS)
            assert (one["scores"][:-1] >= one["scores"][1:]).all(), "not best first"
            assert one["scores"].min() >= 0 and one["scores"].max() <= 1
            assert one["boxes"].min() >= 0 and one["boxes"].max() <= max(images.shape[-2:])


@pytest.mark.parametrize("kind", NETS)
def test_state_dict_makes_the_same_network(kind: str, make_scene: Callable[..., Any], tmp_path: Path) -> None:
    net = learned(kind, make_scene).net
    torch.save(net.state_dict(), tmp_path / "net.pth")
    other = make(kind, weights=str(tmp_path / "net.pth")).eval()
    assert "new:" not in other.loaded and "not used" not in other.loaded
    images, _ = batch(net, make_scene)
    with torch.no_grad():
        for ours, theirs in zip(net(images[:1]), other(images[:1]), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("kind", NETS)
def test_weights_of_other_classes_come_without_their_heads(
    kind: str, make_scene: Callable[..., Any], tmp_path: Path
) -> None:
    net = learned(kind, make_scene).net
    # As published: without our prefix.
    state = {name.removeprefix("net."): value for name, value in net.net.state_dict().items()}
    torch.save(state, tmp_path / "published.pth")
    other = make(kind, classes=9, weights=str(tmp_path / "published.pth"))
    assert "new:" in other.loaded
    ours, theirs = net.state_dict(), other.state_dict()
    for name, value in theirs.items():
        same = value.shape == ours[name].shape and torch.equal(value, ours[name])
        assert same != name.startswith(other.heads), name


@pytest.mark.parametrize("kind", NETS)
def test_the_exported_file_finds_what_the_network_finds(
    kind: str, make_scene: Callable[..., Any], tmp_path: Path
) -> None:
    net = learned(kind, make_scene).net
    scenes = [make_scene(120, 160, items=("top", "pants")), make_scene(160, 150, items=("dress",), seed=3)]
    # YOLO26 keeps 300 cells: smaller photos have too few.
    size = (96, 72) if net.fixed_size else 160
    description = describe_instance(net, "tiny", PARTS, size, training_data=("scenes",))
    differences = export_instance(
        net, tmp_path / "tiny.onnx", description, [scene.pixels for scene in scenes]
    )
    assert differences.photos == 2 and differences.unpaired == 0
    assert differences.boxes < 0.05 and differences.scores < 1e-4 and differences.masks < 1e-3
    segmentation = Segmenter(tmp_path / "tiny.onnx").segment(scenes[0].pixels)
    assert segmentation.label_map.shape == (160, 120)


def test_a_network_that_the_graph_does_not_match_is_not_written(
    make_scene: Callable[..., Any], tmp_path: Path
) -> None:
    net = make("maskrcnn")
    # The reader takes each class for the next one.
    description = replace(describe_instance(net, "tiny", PARTS, 96), labels=(2, 3, 1))
    with pytest.raises(ModelError, match="off"):
        export_instance(net, tmp_path / "wrong.onnx", description, [make_scene(96, 96).pixels])
    assert not list(tmp_path.iterdir())


def test_a_network_of_fixed_size_asks_for_both_sides() -> None:
    net = make("rfdetr")
    with pytest.raises(UsageError, match="one height and one width"):
        describe_instance(net, "tiny", PARTS, 96)


def test_maskrcnn_layers_can_be_frozen() -> None:
    net = make("maskrcnn", trainable_layers=1)
    learning = {name.split(".")[0] for name, p in net.net.backbone.body.named_parameters() if p.requires_grad}
    assert learning == {"layer4"}
    assert all(p.requires_grad for p in net.net.roi_heads.parameters())


def test_maskrcnn_takes_a_classifier_for_its_backbone(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    classifier = resnet18(weights=None)
    torch.save(classifier.state_dict(), tmp_path / "resnet18.pth")
    net = make("maskrcnn", weights=str(tmp_path / "resnet18.pth"))
    assert torch.equal(net.net.backbone.body.layer3[1].conv2.weight, classifier.layer3[1].conv2.weight)
    assert "100 of 142 tensors" in net.loaded


def test_published_weights_fail_with_one_line_offline(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="cannot get 'coco' from https://") as caught:
        create_model("maskrcnn", len(PARTS), weights="coco")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("published", [True, False])
def test_yolo_takes_an_exported_graph(
    published: bool, make_scene: Callable[..., Any], tmp_path: Path
) -> None:
    net = learned("yolo11", make_scene).net
    images, _ = batch(net, make_scene)
    # Ultralytics folds the norms into named convolutions before it exports, we leave that to the exporter.
    traced = copy.deepcopy(net.net).fuse(verbose=False) if published else net
    torch.onnx.export(traced, (images[:1],), str(tmp_path / "net.onnx"), dynamo=False, opset_version=18)
    other = make("yolo11", weights=str(tmp_path / "net.onnx")).eval()
    with torch.no_grad():
        for ours, theirs in zip(net(images), other(images), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


def test_yolo_states_its_licence() -> None:
    assert ARCHITECTURES["yolo"].licence == "AGPL-3.0"
    try:
        import ultralytics  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(MissingExtraError, match=r"AGPL-3\.0.*ewardrobe\[yolo\]"):
            create_model("yolo", len(PARTS))
