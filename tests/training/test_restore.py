from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.errors import ModelError  # noqa: E402
from ewardrobe.training.architectures import create_model  # noqa: E402
from ewardrobe.training.architectures.layers import ConvNormAct, freeze_norms  # noqa: E402
from ewardrobe.training.default import describe_default  # noqa: E402
from ewardrobe.training.export import export_onnx  # noqa: E402
from ewardrobe.training.restore import mixed, restore_from_onnx  # noqa: E402

pytestmark = pytest.mark.train


def _model() -> torch.nn.Module:
    """With statistics like a trained model's: nowhere 0 and 1."""
    model = create_model("lite-fpn", 17, variant=0, width=16)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
        if isinstance(module, torch.nn.BatchNorm2d | torch.nn.LayerNorm):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.2)
    return model.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.nn.Module, Path]:
    torch.manual_seed(0)
    model, path = _model(), tmp_path_factory.mktemp("export") / "model.onnx"
    export_onnx(model, path, describe_default(), half=False)
    return model, path


def test_a_restored_model_computes_what_the_file_does_and_knows_its_statistics(
    exported: tuple[torch.nn.Module, Path],
) -> None:
    model, path = exported
    images = torch.randn(6, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    restored = create_model("lite-fpn", 17, variant=0, width=16)
    restore_from_onnx(restored, path, images.split(3))
    restored.dropout.p = 0.0
    with torch.no_grad():
        expected, found = model(images)[0], restored.eval()(images)[0]
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)
        # On the very images that the statistics were taken from, a norm that measures them anew changes little.
        measured = restored.train()(images)[0]
    assert (measured - expected).abs().mean() < 0.02 * expected.std()


def test_mixed_weights_lie_between() -> None:
    torch.manual_seed(0)
    old, new = _model(), _model()
    mean = mixed(new, old.state_dict(), 0.25).state_dict()
    for name, value in mean.items():
        if value.dtype.is_floating_point:
            expected = 0.75 * old.state_dict()[name] + 0.25 * new.state_dict()[name]
            torch.testing.assert_close(value, expected)
    assert not torch.equal(new.head.weight, mean["head.weight"])


def test_another_architecture_is_refused(exported: tuple[torch.nn.Module, Path]) -> None:
    other = create_model("lite-fpn", 17, variant=0, width=24)
    with pytest.raises(ModelError, match="another architecture"):
        restore_from_onnx(other, exported[1], [torch.randn(1, 3, 64, 64)])


@pytest.mark.parametrize("depthwise", [False, True])
@pytest.mark.parametrize("act", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_frozen_norms_compute_and_learn_as_inference_does(depthwise: bool, act: bool, stride: int) -> None:
    torch.manual_seed(0)
    layer = ConvNormAct(8, 8, 3, stride, depthwise=depthwise, act=act)
    norm = layer[1]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    x = torch.randn(2, 8, 12, 8, requires_grad=True)
    plain = layer.eval()(x)
    upstream = torch.randn_like(plain)
    expected = torch.autograd.grad(plain, [x, *layer.parameters()], upstream)
    freeze_norms(layer)
    frozen = layer.train()(x)
    torch.testing.assert_close(frozen, plain, rtol=1e-4, atol=1e-4)
    for ours, theirs in zip(
        torch.autograd.grad(frozen, [x, *layer.parameters()], upstream), expected, strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
    assert norm.num_batches_tracked == 0
