import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")

from ewardrobe.training.losses import class_weights, dice_loss, presence_loss, segmentation_loss, unweighted  # noqa: E402

pytestmark = pytest.mark.train


def _case() -> tuple["torch.Tensor", "torch.Tensor"]:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 4, 6, 5, generator=generator)
    labels = torch.randint(0, 4, (2, 6, 5), generator=generator)
    labels[0, :2] = 255
    labels[labels == 3] = 1
    return logits, labels


def test_dice_is_its_definition() -> None:
    logits, labels = _case()
    p = logits.softmax(1)
    valid = labels != 255
    expected = []
    for k in range(4):
        truth = (labels == k) & valid
        if truth.any():
            hit = (p[:, k] * truth).sum()
            expected.append((2 * hit + 1) / ((p[:, k] * valid).sum() + truth.sum() + 1))
    assert len(expected) == 3, "class 3 is not in the labels and enters no mean"
    torch.testing.assert_close(dice_loss(p, labels, valid), 1 - torch.stack(expected).mean())


def test_ignored_pixels_change_nothing() -> None:
    logits, labels = _case()
    weights = torch.ones(4)
    presence = torch.zeros(2, 4)
    base = segmentation_loss(logits, presence, labels, weights)
    changed = logits.clone()
    changed[0, :, :2] += torch.randn(4, 2, 5) * 10
    torch.testing.assert_close(segmentation_loss(changed, presence, labels, weights), base)
    changed[0, 0, 4] += 10
    assert not torch.isclose(segmentation_loss(changed, presence, labels, weights), base)


def test_presence_loss_asks_for_what_is_there_and_leaves_specks_open() -> None:
    labels = torch.zeros(1, 100, 100, dtype=torch.long)
    labels[0, :50] = 1
    labels[0, 99, 99] = 2  # 0.01 % of the photo
    right = torch.tensor([[20.0, 20.0, 0.0, -20.0]])
    assert presence_loss(right, labels) < 1e-6
    assert presence_loss(-right, labels) > 10
    speck = right.clone()
    speck[0, 2] = 20
    assert torch.equal(presence_loss(speck, labels), presence_loss(right, labels))


def test_rare_classes_weigh_more() -> None:
    weights = class_weights(torch.tensor([10_000, 100, 10, 0]))
    assert weights[0] < weights[1] < weights[2] <= weights[3] <= 3.0


def test_unweighting_gives_the_probabilities_back() -> None:
    """Half the pixels are class 0, half class 1, and nothing tells them apart: the model should say 50 : 50."""
    torch.manual_seed(0)
    model = torch.nn.Module()
    model.head = torch.nn.Conv2d(1, 2, 1)
    labels = torch.tensor([0, 1]).repeat(1, 8, 4)
    weights = torch.tensor([0.3, 2.0])
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    x = torch.zeros(1, 1, 8, 8)
    for _ in range(300):
        loss = torch.nn.functional.cross_entropy(model.head(x), labels, weight=weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    biased = model.head(x).softmax(1)[0, 0].mean()
    fair = unweighted(model, weights).head(x).softmax(1)[0, 0].mean()
    assert float(biased) < 0.2
    assert abs(float(fair) - 0.5) < 0.02
