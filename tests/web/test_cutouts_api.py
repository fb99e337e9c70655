"""Cut-outs over HTTP: painted, put back, made again, cut out of a photo; and many garments at once."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ewardrobe.wardrobe import Wardrobe
from tests.web.conftest import Served, picture


def png(mask: npt.NDArray[np.bool_]) -> bytes:
    target = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(target, "PNG")
    return target.getvalue()


def mask_of(served: Served, path: str) -> npt.NDArray[np.bool_]:
    return np.asarray(Image.open(io.BytesIO(served.client.get(path).read()))) >= 128


@pytest.fixture
def worn(served: Served, upload: Callable[..., httpx.Response]) -> dict[str, Any]:
    """A garment found in a photo that the server's own model knows: the top that somebody wears."""
    found = served.wait(upload(picture()).json()["id"])["garments"]
    number = next(item["id"] for item in found if item["class"] == "top")
    return dict(served.client.get(f"/api/v1/garments/{number}").json())


def test_painting_and_putting_back(served: Served, worn: dict[str, Any]) -> None:
    item = worn["appearances"][0]
    base = f"/api/v1/garments/{worn['id']}/appearances/{item['id']}"
    first = mask_of(served, item["mask"])
    assert (mask_of(served, f"{base}/mask/preview") == first).all()
    x, _, width, _ = item["box"]
    painted = first.copy()
    painted[:, : x + width // 2] = False
    answer = served.client.put(
        f"{base}/mask", files={"mask": ("m.png", png(painted))}, headers={"If-Match": f'"{worn["version"]}"'}
    )
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["version"] != worn["version"]
    new = changed["appearances"][0]
    assert new["checked_at"] and new["cutout"] != item["cutout"]
    assert (mask_of(served, new["mask"]) == painted).all()
    # The second editor still has the first version.
    late = served.client.put(
        f"{base}/mask", files={"mask": ("m.png", png(first))}, headers={"If-Match": f'"{worn["version"]}"'}
    )
    assert late.status_code == 412 and "changed meanwhile" in late.json()["detail"]
    back = served.client.post(f"{base}/mask/reset").json()
    assert (mask_of(served, back["appearances"][0]["mask"]) == first).all()
    assert back["appearances"][0]["checked_at"] is None
    assert served.client.post("/api/v1/undo").json()["undone"]["verb"] == "reset mask"
    redone = served.client.post(f"{base}/mask/redo", json={}).json()
    assert (mask_of(served, redone["appearances"][0]["mask"]) == first).all()
    accepted = served.client.post(f"{base}/accept").json()
    assert accepted["appearances"][0]["checked_at"]


def test_a_mask_painted_small_keeps_the_detail_elsewhere(served: Served, worn: dict[str, Any]) -> None:
    item = worn["appearances"][0]
    base = f"/api/v1/garments/{worn['id']}/appearances/{item['id']}"
    first = mask_of(served, item["mask"])
    height, width = first.shape
    small = np.asarray(Image.fromarray(first).resize((width // 2, height // 2), Image.Resampling.BOX))
    answer = served.client.put(f"{base}/mask", files={"mask": ("m.png", png(small))})
    assert (mask_of(served, answer.json()["appearances"][0]["mask"]) == first).mean() > 0.99


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"no picture", 422),
        (png(np.ones((4, 400), np.bool_)), 422),
        (png(np.ones((5000, 5000), np.bool_)), 422),
        (png(np.zeros((256, 192), np.bool_)), 422),
        (picture()[:200], 422),
    ],
)
def test_masks_that_are_none(served: Served, data: bytes, status: int) -> None:
    before = served.client.get("/api/v1/garments/1").json()
    answer = served.client.put("/api/v1/garments/1/appearances/1/mask", files={"mask": ("m.png", data)})
    assert answer.status_code == status and "\n" not in answer.json()["detail"]
    assert str(served.home) not in answer.text
    assert served.client.get("/api/v1/garments/1").json() == before


def test_what_is_not_there(served: Served) -> None:
    client = served.client
    mask = {"mask": ("m.png", png(np.ones((72, 96), np.bool_)))}
    assert client.put("/api/v1/garments/1/appearances/2/mask", files=mask).status_code == 404
    assert client.put("/api/v1/garments/99/appearances/1/mask", files=mask).status_code == 404
    assert client.post("/api/v1/garments/1/appearances/2/accept").status_code == 404
    assert client.post("/api/v1/garments/1/appearances/1/mask/reset").status_code == 422
    assert (
        client.post("/api/v1/garments/1/appearances/1/mask/redo", json={"model": "/etc/passwd"}).status_code
        == 422
    )
    assert client.post("/api/v1/garments/1/appearances/1/move", json={"to": 99}).status_code == 404
    assert client.post("/api/v1/garments/1/appearances/1/move", json={}).status_code == 422
    assert client.post("/api/v1/photos/99/pick", json={"point": [1, 1]}).status_code == 404
    for aim in ({}, {"box": [1, 1, 5, 5], "point": [1, 1]}, {"box": [900, 900, 5, 5]}, {"point": [-5, 0]}):
        assert client.post("/api/v1/photos/1/pick", json=aim).status_code == 422, aim
    assert client.post("/api/v1/photos/1/pick", json={"appearance": 3}).status_code == 404
    assert (
        client.post("/api/v1/photos/1/garments", json={"box": [5, 5, 40, 40], "label": "wheel"}).status_code
        == 422
    )


def test_a_model_is_one_of_the_catalogue_never_a_file(served: Served) -> None:
    before = served.client.get("/api/v1/garments").json()["total"]
    for path in ("garments/1/appearances/1/mask/redo", "photos/1/pick", "photos/1/garments"):
        for model in ("/etc/passwd", ""):
            asked = {"model": model} | ({} if path.endswith("redo") else {"appearance": 1})
            answer = served.client.post(f"/api/v1/{path}", json=asked)
            assert answer.status_code == 422, (path, answer.text)
            assert "there is no model" in answer.json()["detail"]
    assert served.client.get("/api/v1/garments").json()["total"] == before


def test_exactly_that(served: Served, worn: dict[str, Any]) -> None:
    item = worn["appearances"][0]
    photo, truth = item["photo_id"], mask_of(served, item["mask"])
    x, y, width, height = item["box"]
    answer = served.client.post(
        f"/api/v1/photos/{photo}/pick", json={"box": [x - 3, y - 3, width + 6, height + 6]}
    )
    assert (answer.headers["x-label"], answer.headers["x-by"]) == ("top", "model")
    picked = np.asarray(Image.open(io.BytesIO(answer.read()))) >= 128
    assert np.count_nonzero(picked & truth) / np.count_nonzero(picked | truth) > 0.9
    point = [int(value) for value in np.argwhere(truth)[len(np.argwhere(truth)) // 2][::-1]]
    answer = served.client.post(f"/api/v1/photos/{photo}/pick", json={"point": point})
    assert answer.headers["x-label"] == "top"
    made = served.client.post(f"/api/v1/photos/{photo}/garments", json={"point": point, "label": "outerwear"})
    assert made.status_code == 201 and made.json()["label"] == "outerwear"
    outlines = served.client.get(f"/api/v1/photos/{photo}/outlines").json()
    assert made.json()["id"] in [entry["garment"]["id"] for entry in outlines]
    assert all(len(ring) >= 3 for entry in outlines for ring in entry["outlines"])
    # Merged and split again.
    merged = served.client.post(
        f"/api/v1/garments/{worn['id']}/merge", json={"other": made.json()["id"]}
    ).json()
    second = merged["appearances"][1]["id"]
    split = served.client.post(f"/api/v1/garments/{worn['id']}/appearances/{second}/move", json={}).json()
    assert [entry["id"] for entry in split["appearances"]] == [second]
    moved = served.client.post(
        f"/api/v1/garments/{split['id']}/appearances/{second}/move", json={"to": worn["id"]}
    ).json()
    assert (moved["id"], len(moved["appearances"])) == (worn["id"], 2)


def test_thirty_at_once(served: Served) -> None:
    with Wardrobe.open(served.home) as wardrobe:
        ids = [wardrobe.new(type="sock", tags="own").id for _ in range(30)]
    client = served.client
    answer = client.patch(
        "/api/v1/garments",
        json={"ids": ids, "set": {"status": "archived", "status_reason": "<b>holes</b>"}, "add_tags": ["x"]},
    )
    assert answer.json() == {"changed": 30}
    one = client.get(f"/api/v1/garments/{ids[7]}").json()
    assert (one["status"], one["status_reason"], one["tags"]) == ("archived", "<b>holes</b>", ["own", "x"])
    archived = {"query": {"type": "sock", "status": "archived"}, "remove": True}
    assert client.patch("/api/v1/garments", json=archived).json() == {"changed": 30}
    assert client.get(f"/api/v1/garments/{ids[0]}").json()["removed_at"]
    client.post("/api/v1/undo")
    client.post("/api/v1/undo")
    assert client.get(f"/api/v1/garments/{ids[7]}").json()["status"] == "active"
    for wrong in (
        {"set": {"status": "sold"}},
        {"ids": ids, "query": {}, "set": {"status": "sold"}},
        {"ids": ids, "set": {"status": "eaten"}},
        {"ids": ids},
        {"ids": ids, "remove": True, "set": {"status": "sold"}},
        {"query": {"owner": "x"}, "remove": True},
    ):
        assert client.patch("/api/v1/garments", json=wrong).status_code == 422, wrong
    assert client.patch("/api/v1/garments", json={"ids": [*ids, 999], "remove": True}).status_code == 404
    assert client.get("/api/v1/garments").json()["total"] == 35


def test_a_photo_under_way_can_be_given_up(served: Served, upload: Callable[..., httpx.Response]) -> None:
    number = upload(picture()).json()["id"]
    while served.client.get(f"/api/v1/uploads/{number}").json()["status"] == "waiting":
        time.sleep(0.005)
    # The process that looks at photos takes a second to start, so this comes before it is done.
    assert served.client.delete(f"/api/v1/uploads/{number}").json()["status"] == "cancelled"
    assert served.wait(number)["garments"] == []
    assert served.client.delete(f"/api/v1/uploads/{number}").status_code == 409
    # The next one is taken as if nothing had been.
    assert served.wait(upload(picture(), "next.png").json()["id"])["status"] == "done"
