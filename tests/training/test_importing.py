"""Networks of others, saved as they save them: the ONNX file gives what their own code gives."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'ewardrobe[train]'")
pytest.importorskip("torchvision", reason="torchvision is not installed: pip install 'ewardrobe[train]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'ewardrobe[train]'"
)

from safetensors.torch import save_file  # noqa: E402
from torchvision.models.detection import maskrcnn_resnet50_fpn, maskrcnn_resnet50_fpn_v2  # noqa: E402

from ewardrobe import taxonomy  # noqa: E402
from ewardrobe.cli import run  # noqa: E402
from ewardrobe.errors import EwardrobeError, ModelError, UsageError  # noqa: E402
from ewardrobe.segmentation import InputSpec, ModelDescription, OutputSpec, Segmenter  # noqa: E402
from ewardrobe.training.architectures.u2net import U2NetP  # noqa: E402
from ewardrobe.training.export_instance import Differences  # noqa: E402
from ewardrobe.training.exporting import SemanticDifferences  # noqa: E402
from ewardrobe.training.importing import import_model  # noqa: E402
from ewardrobe.training.importing.describing import describe  # noqa: E402
from ewardrobe.training.importing.maskrcnn import FirstMaskRCNN  # noqa: E402
from ewardrobe.training.importing.opening import open_foreign  # noqa: E402
from tests.conftest import render_scene  # noqa: E402

pytestmark = pytest.mark.train

PHOTO = render_scene(64, 96, items=("top", "pants"), seed=3).pixels
CLOTHES = taxonomy.load("segformer-clothes").labels
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def normalised(pixels: Any, mean: Any = MEAN, std: Any = STD) -> Any:
    """float32 (1, 3, H, W)."""
    image = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float() / 255
    return ((image - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None])[None]


def scores(path: Path, pixels: Any, **options: Any) -> Any:
    """The probabilities that eWardrobe reads from a file, float32 (classes, h, w)."""
    return Segmenter(path, threads=1, **options).segment(pixels).scores.probabilities


# --- SegFormer ---------------------------------------------------------------------------------------------------


def write_segformer(folder: Path, names: tuple[str, ...] = CLOTHES, **preprocessor: Any) -> Any:
    """A tiny SegFormer with random weights, as `save_pretrained` writes it."""
    torch.manual_seed(0)
    config = transformers.SegformerConfig(
        num_labels=len(names),
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 16, 24, 32],
        num_attention_heads=[1, 1, 2, 4],
        decoder_hidden_size=16,
    )
    net = transformers.SegformerForSemanticSegmentation(config).eval()
    for parameter in net.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)  # else all classes would be alike
    net.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    return net


def test_a_segformer_of_hugging_face(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    size = {"height": 96, "width": 64}
    net = write_segformer(tmp_path / "clothes", size=size, image_mean=mean, image_std=std)
    photo, path = tmp_path / "photo.png", tmp_path / "made" / "model.onnx"
    path.parent.mkdir()
    Image.fromarray(PHOTO).save(photo)
    assert run(["models", "export", str(tmp_path / "clothes"), "--to", str(path), "--check", str(photo)]) == 0
    said = capsys.readouterr()
    assert "1 photos: probabilities differ by" in said.out and "NVIDIA" in said.err
    with torch.no_grad():
        expected = net(pixel_values=normalised(PHOTO, mean, std)).logits.softmax(1)[0].numpy()
    found = Segmenter(path, threads=1)
    assert (found.description.name, found.description.taxonomy) == ("clothes", "segformer-clothes")
    assert not found.description.labels and found.size == (96, 64)
    assert np.ptp(expected) > 0.5, "a test of nothing"
    np.testing.assert_allclose(scores(path, PHOTO), expected, atol=1e-4)


def described(source: Path, **options: Any) -> ModelDescription:
    """What the file would say of itself."""
    name, foreign = open_foreign(str(source))
    return describe(foreign, name, **options)


def test_class_names_of_its_own_and_of_the_user(tmp_path: Path) -> None:
    folder, names = tmp_path / "own", tmp_path / "names.txt"
    write_segformer(folder, ("background", "kimono", "obi"), size=64)
    about = described(folder / "model.safetensors")
    assert (about.name, about.load_taxonomy().labels) == ("own", ("background", "kimono", "obi"))
    assert (about.mean, about.std, about.default_size()) == (MEAN, STD, (64, 64))
    names.write_text("dress\nbag\n")
    about = described(folder, classes=str(names), size=96)
    assert about.default_size() == (96, 96)
    assert [about.load_taxonomy()[index].name for index in about.labels] == ["background", "dress", "bag"]
    with pytest.raises(ModelError, match="a multiple of 32"):
        described(folder, size=100)
    names.write_text("dress\nbag\nhat\nshoe\n")
    with pytest.raises(ModelError, match="names 4 classes; own has 2 and a background"):
        described(folder, classes=str(names))
    with pytest.raises(ModelError, match="taxonomy parts has 4 classes; own has 3"):
        described(folder, classes="parts")
    with pytest.raises(UsageError, match="no such file, nor taxonomy"):
        described(folder, classes="party")


def test_a_description_says_what_the_folder_does_not(tmp_path: Path) -> None:
    folder, path = tmp_path / "ade", tmp_path / "about.json"
    write_segformer(folder, ("wall", "LABEL_1", "LABEL_2"))
    with pytest.raises(ModelError, match="does not say which its 3 classes are"):
        described(folder)
    given = ModelDescription(
        name="mine",
        taxonomy="parts",
        labels=(0, 3, 1),
        input=InputSpec("stretch", height=64, width=64),
        mean=MEAN,
        std=STD,
        outputs={"anything": OutputSpec("logits")},
    )
    path.write_text(given.to_json())
    about = described(folder, description=path)
    assert (about.name, about.labels, list(about.outputs)) == ("mine", (0, 3, 1), ["logits"])
    path.write_text(given.to_json().replace("[0, 3, 1]", "[0, 3]"))
    with pytest.raises(ModelError, match="describes 2 classes; the network has 3"):
        described(folder, description=path)
    with pytest.raises(UsageError, match="exclude one another"):
        described(folder, description=path, classes="parts")


# --- U²-Net ------------------------------------------------------------------------------------------------------


def write_u2net(path: Path, classes: int) -> U2NetP:
    """A small U²-Net with random weights, saved as the cloth segmentation's author did: from several GPUs."""
    torch.manual_seed(0)
    net = U2NetP(classes).eval()
    torch.save({f"module.{name}": value for name, value in net.state_dict().items()}, path)
    return net


def test_a_u2net_of_one_output_removes_backgrounds(tmp_path: Path) -> None:
    net, path = write_u2net(tmp_path / "u2netp.pth", 1), tmp_path / "u2netp.onnx"
    done = import_model(str(tmp_path / "u2netp.pth"), path, size=64, photos=[PHOTO])
    about = Segmenter(path).description
    assert (about.task, about.taxonomy, about.mean, about.std) == ("matting", "foreground", MEAN, STD)
    assert isinstance(done.differences, SemanticDifferences) and done.differences.changed_pixels < 0.001
    pixels = np.ascontiguousarray(PHOTO[:64])
    with torch.no_grad():
        alpha = net(normalised(pixels))[0][0, 0].sigmoid()
    # As rembg does: the darkest place is 0, the brightest 1.
    expected = ((alpha - alpha.min()) / (alpha.max() - alpha.min())).numpy()
    np.testing.assert_allclose(scores(path, pixels)[1], expected, atol=1e-3)


def test_a_u2net_of_four_outputs_is_the_cloth_segmentation(tmp_path: Path) -> None:
    net = write_u2net(tmp_path / "cloth.pth", 4)
    about = described(tmp_path / "cloth.pth")
    half = (0.5, 0.5, 0.5)
    assert (about.taxonomy, about.mean, about.std, about.default_size()) == (
        "u2net-cloth",
        half,
        half,
        (768, 768),
    )
    found, image = open_foreign(str(tmp_path / "cloth.pth"))[1].net, normalised(PHOTO, half, half)
    with torch.no_grad():
        torch.testing.assert_close(found(image)[0], net(image)[0])
    write_u2net(tmp_path / "six.pth", 6)
    with pytest.raises(ModelError, match="does not say which its 6 classes are"):
        described(tmp_path / "six.pth")


# --- Mask R-CNN --------------------------------------------------------------------------------------------------


def test_a_state_dict_of_torchvisions_mask_rcnn(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = maskrcnn_resnet50_fpn_v2(
        weights=None, weights_backbone=None, num_classes=4, min_size=64, max_size=96
    ).eval()
    # Random weights score all regions alike; larger ones do not.
    torch.nn.init.normal_(net.roi_heads.box_predictor.cls_score.weight, std=0.3)
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    path = tmp_path / "net.onnx"
    with pytest.raises(ModelError, match="does not say which its 4 classes are"):
        import_model(str(tmp_path / "net.safetensors"), path)
    done = import_model(
        str(tmp_path / "net.safetensors"), path, classes="parts", size=96, photos=[PHOTO], half=False
    )
    assert isinstance(done.differences, Differences) and done.differences.detections > 10
    assert done.differences.boxes < 0.01 and done.differences.scores < 1e-3
    with torch.no_grad():
        (expected,) = net([torch.from_numpy(PHOTO).permute(2, 0, 1).float() / 255])
    found = Segmenter(path, threads=1).segment(PHOTO).detections
    assert found is not None and len(expected["scores"])
    count = min(10, len(expected["scores"]))
    np.testing.assert_allclose(found.scores[:count], expected["scores"][:count], atol=1e-3)
    np.testing.assert_array_equal(found.labels[:count], expected["labels"][:count])
    np.testing.assert_allclose(found.boxes[:count], expected["boxes"][:count], atol=0.1)
    for index in range(count):
        probability = expected["masks"][index, 0].numpy()
        # A random network's masks are noise around one half: only what is clearly on one side must stay there.
        clear = np.abs(probability - 0.5) > 0.02
        np.testing.assert_array_equal(found.mask(index)[clear], probability[clear] >= 0.5)


def test_names_of_the_first_mask_rcnn_are_those_of_any_release() -> None:
    with torch.device("meta"):
        names = list(maskrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict())
    old = [
        "backbone.fpn.inner_blocks.0.weight",
        "backbone.fpn.layer_blocks.3.bias",
        "rpn.head.conv.weight",
        "roi_heads.mask_head.mask_fcn4.bias",
        "roi_heads.mask_predictor.mask_fcn_logits.bias",
    ]
    renamed = [FirstMaskRCNN.rename(None, name) for name in old]  # type: ignore[arg-type]
    assert set(renamed) <= set(names)
    assert [FirstMaskRCNN.rename(None, name) for name in names] == names  # type: ignore[arg-type]


# --- Ultralytics -------------------------------------------------------------------------------------------------


def test_an_ultralytics_checkpoint_needs_leave(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ultralytics = pytest.importorskip(
        "ultralytics", reason="ultralytics is not installed: pip install 'ewardrobe[yolo]'"
    )
    torch.manual_seed(0)
    yolo = ultralytics.YOLO("yolo11n-seg.yaml")
    yolo.model.names = {index: f"garment {index}" for index in range(80)}
    norms = [module for module in yolo.model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        image = torch.from_numpy(PHOTO).permute(2, 0, 1)[None].float() / 255
        yolo.model.train()(torch.cat([image, image.flip(3), torch.rand_like(image)]))
        for branch in yolo.model.model[-1].cv3:
            torch.nn.init.normal_(branch[-1].weight, std=0.2)
            torch.nn.init.constant_(branch[-1].bias, -3)  # scores of all sizes
    yolo.save(tmp_path / "mine.pt")
    source, path = str(tmp_path / "mine.pt"), tmp_path / "mine.onnx"
    assert run(["models", "export", source, "--to", str(path)]) == 2
    said = capsys.readouterr()
    assert "--allow-pickle" in said.err and "AGPL-3.0" in said.err and said.err.count("\n") == 1
    assert not path.exists()
    arguments = ["--allow-pickle", "--size", "96"]
    assert run(["models", "export", source, "--to", str(path), *arguments]) == 0
    said = capsys.readouterr()
    assert "runs the code in it" in said.err and "AGPL-3.0" in said.err and "detections" in said.out
    model = Segmenter(path, threads=1)
    assert (model.taxonomy.labels[1], len(model.taxonomy)) == ("garment 0", 81)
    # Its own run of the same file, letterboxed to the same input.
    own = ultralytics.YOLO(source)
    (result,) = own.predict(
        np.ascontiguousarray(PHOTO[..., ::-1]),
        imgsz=96,
        conf=0.05,
        iou=0.7,
        retina_masks=True,
        verbose=False,
        save=False,
    )
    found = model.segment(PHOTO).detections
    assert found is not None and len(result.boxes) > 15
    # Ultralytics leaves out what has an empty mask, as random weights often give.
    kept = [index for index in range(len(found)) if found.mask(index).any()][:15]
    np.testing.assert_allclose(found.scores[kept], result.boxes.conf[:15].numpy(), atol=1e-3)
    np.testing.assert_allclose(found.boxes[kept], result.boxes.xyxy[:15].numpy(), atol=0.5)
    np.testing.assert_array_equal(found.labels[kept], result.boxes.cls[:15].numpy() + 1)
    for index, mask in zip(kept, result.masks.data.numpy(), strict=False):
        assert (found.mask(index) != (mask > 0)).mean() < 0.01


# --- What is none of them ----------------------------------------------------------------------------------------


def test_wrong_sources_are_one_line_and_write_nothing(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "tensors.pth")
    torch.save(Path("/"), tmp_path / "pickle.pt")
    (tmp_path / "text.pth").write_text("no weights")
    state = U2NetP(1).state_dict()
    torch.save({key: state[key] for key in state if "side3" not in key}, tmp_path / "part.pth")
    write_segformer(tmp_path / "encoder")
    write_segformer(tmp_path / "other")
    config = json.loads((tmp_path / "other" / "config.json").read_text())
    for folder, change in (("encoder", {"hidden_sizes": [8, 16, 24, 48]}), ("other", {"model_type": "bert"})):
        (tmp_path / folder / "config.json").write_text(json.dumps({**config, **change}))
    (tmp_path / "empty").mkdir()
    wrong = {
        "tensors.pth": "no network that is known",
        "pickle.pt": "would run code",
        "text.pth": "cannot read text.pth",
        "part.pth": "side3",
        "encoder": "of another architecture",
        "other": "of type 'bert'",
        "empty": "no config.json",
        "missing.pth": "there is no file or folder",
    }
    for name, says in wrong.items():
        with pytest.raises(EwardrobeError, match=says) as caught:
            import_model(str(tmp_path / name), tmp_path / "no.onnx")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "no.onnx").exists()


def test_a_hub_out_of_reach_is_one_line_unless_its_cache_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    def unreachable(*_: Any) -> None:
        raise OSError

    for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HF_ENDPOINT"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match=r"cannot get nobody/tiny: .* is not reached"):
        import_model("nobody/tiny", tmp_path / "no.onnx")
    cached = tmp_path / "cache" / "models--nobody--tiny"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("0123abc")
    write_segformer(cached / "snapshots" / "0123abc")
    name, found = open_foreign("nobody/tiny")
    assert (name, found.fields["source"]) == ("tiny", "https://huggingface.co/nobody/tiny")
