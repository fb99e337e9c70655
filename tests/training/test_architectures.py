"""What every semantic network must do, whichever it is."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("segmentation_models_pytorch", reason="pip install 'ewardrobe[train]'")

import torch.nn.functional as F  # noqa: E402

from ewardrobe.errors import UsageError  # noqa: E402
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec, read_description  # noqa: E402
from ewardrobe.training.architectures import ARCHITECTURES, create_model  # noqa: E402
from ewardrobe.training.architectures.interface import SemanticNet  # noqa: E402
from ewardrobe.training.export import export_onnx  # noqa: E402
from tests.training.semantic_nets import NETS, every_net  # noqa: E402

pytestmark = pytest.mark.train

CLASSES = 4


def _make(net_name: str, classes: int = CLASSES) -> SemanticNet:
    torch.manual_seed(0)
    name, options = NETS[net_name]
    net = create_model(name, classes, **options)
    assert isinstance(net, SemanticNet)
    return net


def _image(height: int, width: int, count: int = 2) -> torch.Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(1))


def _loss(net: SemanticNet, image: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy or BCE of the logits and of what comes after the named outputs, as a trainer takes it."""
    given = net(image)
    named = dict(zip(net.outputs, given, strict=False))
    total = torch.zeros(())
    if "presence" in named:
        total = total + F.binary_cross_entropy_with_logits(
            named["presence"], torch.ones_like(named["presence"])
        )
    for logits in (named["logits"], *given[len(net.outputs) :]):
        large = F.interpolate(logits, size=labels.shape[-2:], mode="bilinear", align_corners=False)
        if net.activation == "softmax":
            total = total + F.cross_entropy(large, labels)
        else:
            truth = F.one_hot(labels, CLASSES).permute(0, 3, 1, 2).float()
            total = total + F.binary_cross_entropy_with_logits(large, truth)
    return total


@every_net
def test_outputs_have_the_names_and_shapes_of_the_interface(net_name: str) -> None:
    net = _make(net_name)
    for height, width in ((net.divisor, 3 * net.divisor), (5 * net.divisor, net.divisor)):
        image = _image(height, width)
        with torch.no_grad():
            given, trained = net.eval()(image), net.train()(image)
        assert len(given) == len(net.outputs)
        logits = given[net.outputs.index("logits")]
        stride = height // logits.shape[-2]
        assert logits.shape == (2, CLASSES, height // stride, width // stride)
        assert [value.shape for value in trained[: len(given)]] == [value.shape for value in given]
        for auxiliary in trained[len(given) :]:
            assert auxiliary.shape[:2] == (2, CLASSES)
            assert auxiliary.shape[-1] * height == auxiliary.shape[-2] * width
    assert len(net.mean) == len(net.std) == 3 and min(net.std) > 0


def test_deep_supervision_has_six_side_outputs() -> None:
    net = _make("u2netp")
    assert len(net.train()(_image(32, 32))) == 7
    assert len(net.eval()(_image(32, 32))) == 1


@every_net
def test_gradients_reach_every_parameter_and_steps_lower_the_loss(net_name: str) -> None:
    net = _make(net_name).train()
    image = _image(64, 64)
    labels = torch.zeros(2, 64, 64, dtype=torch.int64)
    labels[:, 16:48, 8:40], labels[:, :16] = 1, 3
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = _loss(net, image, labels)
        loss.backward()
        losses.append(loss.item())
        unused = [name for name, parameter in net.named_parameters() if parameter.grad is None]
        assert not unused, f"no gradient reaches {unused}"
        optimizer.step()
    assert min(losses[2:]) < losses[0]


@every_net
def test_a_copy_with_the_same_state_computes_the_same(net_name: str) -> None:
    net, copy = _make(net_name), create_model(NETS[net_name][0], CLASSES, **NETS[net_name][1])
    net.train()(_image(64, 64))  # norms have seen something
    copy.load_state_dict(net.state_dict())
    with torch.no_grad():
        for ours, theirs in zip(net.eval()(_image(64, 32)), copy.eval()(_image(64, 32)), strict=True):
            assert torch.equal(ours, theirs)


@every_net
def test_encoder_parameters_are_some_of_the_net_s(net_name: str) -> None:
    net = _make(net_name)
    encoder = [id(parameter) for parameter in net.encoder_parameters()]
    every = {id(parameter) for parameter in net.parameters()}
    assert len(set(encoder)) == len(encoder) < len(every)
    assert set(encoder) < every
    heads = [name for name, _ in net.named_parameters() if name.startswith(tuple(net.heads))]
    assert heads and not {id(net.get_parameter(name)) for name in heads} & set(encoder)


@every_net
def test_only_the_heads_depend_on_the_number_of_classes(net_name: str) -> None:
    few, many = _make(net_name).state_dict(), _make(net_name, 7).state_dict()
    assert few.keys() == many.keys()
    changed = {name for name in few if few[name].shape != many[name].shape}
    assert changed and all(name.startswith(tuple(_make(net_name).heads)) for name in changed)


@pytest.mark.parametrize("name", ["u2netp", "unet", "deeplabv3plus", "segformer"])
def test_one_class_is_a_sigmoid(name: str) -> None:
    assert _make(name, 1).activation == "sigmoid"
    assert _make(name, 2).activation == "softmax"
    assert "matting" in ARCHITECTURES[name].tasks


@pytest.mark.slow
@every_net
def test_the_exported_graph_computes_what_the_net_does(net_name: str, tmp_path: Path) -> None:
    net, path = _make(net_name), tmp_path / "model.onnx"
    net.train()(_image(64, 64))
    description = ModelDescription(
        name=net_name,
        taxonomy="parts",
        input=InputSpec(long_side=256),
        mean=net.mean,
        std=net.std,
        outputs={name: OutputSpec(name) for name in net.outputs},  # type: ignore[arg-type]
    )
    # `export_onnx` compares at another size than it traces at.
    assert export_onnx(net, path, description, half=False) < 1e-4
    assert read_description(path) == description


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("resnet-9000", {}, "no architecture 'resnet-9000': choose from lite-fpn"),
        ("u2nett", {}, "did you mean 'u2net'?"),
        ("unet", {"encodr": "resnet18"}, "options of unet: unknown key 'encodr'; did you mean 'encoder'?"),
        ("unet", {"encoder": "resnet19"}, "no encoder 'resnet19', did you mean 'resnet18'?"),
        ("unet", {"activation": "relu"}, "activation: input should be 'softmax' or 'sigmoid', not 'relu'"),
        ("segformer", {"variant": "b9"}, "variant: input should be 'b0'"),
        ("lite-fpn", {"width": "wide"}, "width: input should be a valid integer"),
        ("deeplabv3plus", {"encoder": "vgg11"}, "encoder 'vgg11' has no output stride 16"),
    ],
)
def test_what_is_unknown_or_ill_typed_is_named(name: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        create_model(name, CLASSES, **options)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_batch_of_one_says_what_to_change() -> None:
    with pytest.raises(UsageError, match="batch_size"):
        _make("deeplabv3plus").train()(_image(32, 32, count=1))
