"""Outfits, wears, outfit photos, settings, backup and restore over HTTP."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.segmentation.models import person
from tests.web.conftest import Served, picture

API = "/api/v1"


def made(served: Served, **fields: Any) -> dict[str, Any]:
    answer = served.client.post(f"{API}/outfits", json={"garments": [1, 5], **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{API}/outfits/{answer.json()['id']}"
    return dict(answer.json())


def place(garment: int, x: float = 0.5, y: float = 0.5, scale: float = 0.3) -> dict[str, Any]:
    return {"garment": garment, "x": x, "y": y, "scale": scale}


def test_an_outfit_from_the_first_to_the_last(served: Served) -> None:
    client = served.client
    outfit = made(served, name="Office", occasion="Work", season="autumn")
    # Laid out by itself: the coat, known by its type, lies behind the shirt.
    assert [(item["garment"], item["slot"]) for item in outfit["items"]] == [(5, "outerwear"), (1, "top")]
    assert outfit["occasion"] == "work"
    path = f"{API}/outfits/{outfit['id']}"
    items = [place(1, 0.25), place(3, 0.75, 1.1, 0.2)]
    edited = client.patch(path, json={"items": items, "name": ""}).json()
    assert [{key: item[key] for key in items[0]} for item in edited["items"]] == items
    assert (edited["name"], edited["title"]) == (None, "navy shirt, navy shirt")
    copy = client.post(f"{path}/clone")
    assert copy.status_code == 201
    assert [item["x"] for item in copy.json()["items"]] == [0.25, 0.75]
    assert client.get(f"{API}/outfits", params={"garment": 3}).json()["total"] == 2
    assert client.get(f"{API}/outfits", params={"text": "nothing"}).json()["outfits"] == []
    assert client.delete(path).status_code == 204
    assert client.get(path).json()["removed_at"]
    for method, below in (("DELETE", ""), ("POST", "/clone"), ("PATCH", "")):
        body = {"json": {"name": "x"}} if method == "PATCH" else {}
        assert client.request(method, path + below, **body).status_code == 404
    assert client.post(f"{API}/undo").json()["undone"]["verb"] == "remove outfit"
    assert client.get(path).json()["removed_at"] is None


def test_of_two_who_edit_an_outfit_the_second_is_told(served: Served) -> None:
    outfit = made(served)
    path, headers = f"{API}/outfits/{outfit['id']}", {"If-Match": f'"{outfit["version"]}"'}
    assert served.client.patch(path, json={"name": "First"}, headers=headers).status_code == 200
    second = served.client.patch(path, json={"name": "Second"}, headers=headers)
    assert (second.status_code, served.client.get(path).json()["name"]) == (412, "First")
    assert served.client.delete(path, headers=headers).status_code == 412
    served.client.post(f"{API}/undo")
    assert served.client.get(path).headers["etag"] == headers["If-Match"]


def test_a_garment_that_is_gone_leaves_its_place(served: Served) -> None:
    outfit = made(served)
    served.client.delete(f"{API}/garments/5")
    left = served.client.get(f"{API}/outfits/{outfit['id']}").json()
    assert ([item["garment"] for item in left["items"]], left["gone"]) == ([1], 1)
    assert left["picture"] != outfit["picture"]
    clone = served.client.post(f"{API}/outfits/{outfit['id']}/clone").json()
    assert (len(clone["items"]), clone["gone"]) == (1, 0)
    worn = served.client.post(f"{API}/wears", json={"outfit": outfit["id"]}).json()
    assert [wear["garment"] for wear in worn] == [1]


def test_a_picture_of_an_outfit(served: Served) -> None:
    outfit = made(served)
    assert outfit["picture"].startswith(f"{API}/outfits/{outfit['id']}/picture?v=")
    small = served.client.get(f"{outfit['picture']}&width=200")
    image = Image.open(io.BytesIO(small.content))
    assert (image.format, image.size, image.mode) == ("PNG", (200, 250), "RGBA")
    assert set(image.info) <= {"dpi"}
    assert b"Secret" not in small.content
    assert np.asarray(image)[0, 0, 3] == 0
    assert "immutable" in small.headers["cache-control"]
    again = served.client.get(
        f"{outfit['picture']}&width=200", headers={"If-None-Match": small.headers["etag"]}
    )
    assert again.status_code == 304
    white = served.client.get(
        f"{API}/outfits/1/picture", params={"width": 600, "background": "#fffffe", "download": True}
    )
    pixels = np.asarray(Image.open(io.BytesIO(white.content)))
    assert pixels.shape == (750, 600, 3)
    assert pixels[0, 0].tolist() == [255, 255, 254]
    assert (pixels != [255, 255, 254]).any(axis=2).mean() > 0.05
    assert 'filename="outfit-1.png"' in white.headers["content-disposition"]


def test_wears_by_day_outfit_and_garment(served: Served) -> None:
    client = served.client
    outfit = made(served, name="Office")
    logged = client.post(f"{API}/wears", json={"outfit": outfit["id"], "on": "2026-05-01"})
    assert logged.status_code == 201
    again = client.post(f"{API}/wears", json={"outfit": outfit["id"], "on": "2026-05-01"})
    assert again.json() == logged.json()
    client.post(f"{API}/wears", json={"garments": [2, 3], "on": "2026-05-01"})
    client.post(f"{API}/wears", json={"garments": [2], "on": "2026-05-03", "notes": "rain"})
    day = client.get(f"{API}/days/2026-05-01").json()
    assert [(entry["title"], len(entry["garments"])) for entry in day["outfits"]] == [("Office", 2)]
    assert [entry["garment"] for entry in day["garments"]] == [2, 3]
    days = client.get(f"{API}/days", params={"since": "2026-05-01", "until": "2026-05-31"}).json()
    assert [found["day"] for found in days] == ["2026-05-01", "2026-05-03"]
    assert client.get(f"{API}/days/2026-05-02").json()["garments"] == []
    wears = client.get(f"{API}/wears", params={"garment": 2, "since": "2026-05-02"}).json()
    assert [(wear["worn_on"], wear["notes"]) for wear in wears] == [("2026-05-03", "rain")]
    struck = [entry["wear"] for entry in day["outfits"][0]["garments"]]
    assert client.delete(f"{API}/wears", params={"id": [*struck, 999]}).status_code == 404
    assert client.delete(f"{API}/wears", params={"id": struck}).status_code == 204
    assert client.get(f"{API}/days/2026-05-01").json()["outfits"] == []
    assert client.post(f"{API}/undo").json()["undone"]["verb"] == "remove wear"
    assert len(client.get(f"{API}/days/2026-05-01").json()["outfits"][0]["garments"]) == 2
    # An outfit that is removed still was worn.
    client.delete(f"{API}/outfits/{outfit['id']}")
    assert client.get(f"{API}/days/2026-05-01").json()["outfits"][0]["removed"] is True


def relit(data: bytes) -> bytes:
    """Another photo of the same: a little brighter, one column less."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))[:, 1:]
    target = io.BytesIO()
    Image.fromarray(np.clip(pixels.astype(int) + 2, 0, 255).astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


def matched(served: Served, data: bytes) -> dict[str, Any]:
    answer = served.client.post(f"{API}/photos/match", files={"photo": ("me.png", data)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_an_outfit_photo_is_matched_to_what_is_owned_and_logged(
    served: Served, upload: Callable[..., httpx.Response]
) -> None:
    client, shot = served.client, picture(person(50))
    added = served.wait(upload(shot).json()["id"])["garments"]
    total = client.get(f"{API}/garments").json()["total"]
    # The very photo is known as such, without guessing.
    known = matched(served, shot)
    assert known["photo"] is not None
    assert [seen["proposed"] for seen in known["garments"]] == [item["id"] for item in added]
    seen = matched(served, relit(shot))
    assert seen["photo"] is None
    assert [item["proposed"] for item in seen["garments"]] == [item["id"] for item in added]
    assert all(item["candidates"][0]["score"] > 0.9 for item in seen["garments"])
    thumb = Image.open(io.BytesIO(base64.b64decode(seen["garments"][0]["thumbnail"])))
    assert thumb.format == "WEBP"
    assert client.get(f"{API}/garments").json()["total"] == total  # looking stores nothing
    top = added[0]["id"]
    logged = client.post(
        f"{API}/photos/worn",
        files={"photo": ("me.png", relit(shot))},
        data={"garments": json.dumps({"1": top, "2": None}), "on": "2026-06-02"},
    )
    assert logged.status_code == 201, logged.text
    assert logged.json()["garments"][0] == top
    assert client.get(f"{API}/garments").json()["total"] == total + 1
    assert len(client.get(f"{API}/garments/{top}").json()["appearances"]) == 2
    day = client.get(f"{API}/days/2026-06-02").json()
    assert [entry["garment"] for entry in day["garments"]] == logged.json()["garments"]
    # One step of undo takes the photo, the new garment and the wears back.
    assert client.post(f"{API}/undo").json()["undone"]["verb"] == "wear"
    assert client.get(f"{API}/garments").json()["total"] == total
    assert len(client.get(f"{API}/garments/{top}").json()["appearances"]) == 1
    assert client.get(f"{API}/days/2026-06-02").json()["garments"] == []


def test_an_outfit_photo_with_nonsense_beside_it(served: Served) -> None:
    for garments, status, line in (
        ("", 422, "garments"),
        ("[1]", 422, "JSON"),
        ("{}", 422, "at least one"),
        ('{"1": "x"}', 422, "JSON"),
        ('{"one": 1}', 422, "JSON"),
        ('{"9": 1}', 422, "there is no garment 9 in this photo"),
        ('{"1": 99}', 404, "there is no garment 99"),
        ('{"1": 1, "2": 1}', 422, "once"),
    ):
        answer = served.client.post(
            f"{API}/photos/worn", files={"photo": ("me.png", picture())}, data={"garments": garments}
        )
        assert answer.status_code == status, (garments, answer.text)
        assert line in answer.json()["detail"], garments
    assert len(served.client.get(f"{API}/photos").json()) == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "line"),
    [
        ("POST", "/outfits", {}, 422, "garments"),
        ("POST", "/outfits", {"garments": [1], "items": [place(1)]}, 422, "one of them"),
        ("POST", "/outfits", {"garments": []}, 422, "garments"),
        ("POST", "/outfits", {"garments": [1, 1]}, 422, "each garment once"),
        ("POST", "/outfits", {"garments": [99]}, 404, "there is no garment 99"),
        ("POST", "/outfits", {"items": [place(1, x=9)]}, 422, "x"),
        ("POST", "/outfits", {"items": [place(1, scale=0)]}, 422, "scale"),
        ("POST", "/outfits", {"garments": [1], "name": "x" * 300}, 422, "name is longer"),
        ("POST", "/outfits", {"garments": [1], "smell": 1}, 422, "smell"),
        ("POST", "/outfits/layout", {"garments": [1, 99]}, 404, "there is no garment 99"),
        ("POST", "/outfits/layout", {"garments": [1, 1]}, 422, "once"),
        ("GET", "/outfits/99", None, 404, "there is no outfit 99"),
        ("GET", "/outfits/99/picture", None, 404, "there is no outfit 99"),
        ("GET", f"/outfits/{2**70}", None, 422, "outfit_id"),
        ("POST", "/wears", {}, 422, "which garments were worn"),
        ("POST", "/wears", {"garments": [1], "outfit": 1}, 422, "not both"),
        ("POST", "/wears", {"garments": [1], "on": "yesterday"}, 422, "on"),
        ("DELETE", "/wears", None, 422, "id"),
        ("DELETE", "/wears?id=0", None, 422, "number"),
        ("GET", "/days/2026-13-01", None, 422, "day"),
        ("GET", "/days?since=0001-01-01&until=2026-01-01", None, 422, "at most 400 days"),
        ("GET", "/days?until=0001-01-05", None, 200, ""),
        ("PATCH", "/settings", {"smell": 1}, 422, "smell"),
        ("PATCH", "/settings", {"theme": "plaid"}, 422, "the theme must be one of"),
        ("PATCH", "/settings", {"currency": "Euro"}, 422, "three letters"),
        ("PATCH", "/settings", {"model": "../secret"}, 422, "there is no model"),
        ("PATCH", "/settings", {"model": __file__}, 422, "there is no model"),
        ("PATCH", "/settings", {"colours": ["blurple"]}, 422, "there is no colour"),
        ("PATCH", "/settings", {"types": []}, 422, "at least one"),
        ("PATCH", "/settings", {"types": [{"title": "A", "slot": "tail", "types": []}]}, 422, "no place 'tail'"),
        ("PATCH", "/settings", {"types": [{"title": "A", "slot": "top", "types": ["x", "X"]}]}, 422, "twice"),
    ],
)  # fmt: skip
def test_bad_requests_get_one_line(
    served: Served, method: str, path: str, body: dict[str, Any] | None, status: int, line: str
) -> None:
    answer = served.client.request(method, API + path, json=body)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert line in answer.json()["detail"]
    assert str(served.home) not in answer.text


def test_settings_are_kept_and_told(served: Served) -> None:
    client = served.client
    first = client.get(f"{API}/settings")
    assert first.json()["tagging"] is True
    headers = {"If-Match": first.headers["etag"]}
    types = [{"title": "Above", "slot": "top", "types": ["jersey"]}]
    changed = client.patch(f"{API}/settings", json={"currency": "chf", "types": types}, headers=headers)
    assert (changed.json()["currency"], changed.json()["types"]) == ("CHF", types)
    assert client.patch(f"{API}/settings", json={"currency": ""}, headers=headers).status_code == 412
    # Both or none.
    assert client.patch(f"{API}/settings", json={"currency": "EUR", "theme": "plaid"}).status_code == 422
    kept = json.loads((served.home / "settings.json").read_text("utf-8"))
    assert kept == {"currency": "CHF", "types": types}
    assert client.patch(f"{API}/settings", json={"types": None}).json()["types"] == first.json()["types"]


def test_a_price_is_in_the_currency_of_the_settings(served: Served) -> None:
    client = served.client
    client.patch(f"{API}/settings", json={"currency": "CHF"})
    assert client.patch(f"{API}/garments/1", json={"price": "20"}).json()["currency"] == "CHF"
    assert client.patch(f"{API}/garments/5", json={"price": "20"}).json()["currency"] == "EUR"
    assert client.post(f"{API}/garments", json={"price": 5, "currency": "USD"}).json()["currency"] == "USD"
    assert client.patch(f"{API}/garments/3", json={"name": "Plain"}).json()["currency"] is None


def test_without_tagging_garments_come_bare_and_are_still_recognised(
    served: Served, upload: Callable[..., httpx.Response]
) -> None:
    client, shot = served.client, picture(person(50))
    client.patch(f"{API}/settings", json={"tagging": False})
    found = served.wait(upload(shot).json()["id"])
    assert found["status"] == "done"
    for item in found["garments"]:
        garment = client.get(f"{API}/garments/{item['id']}").json()
        for field in ("label", "type", "colour", "pattern", "material", "style", "occasion", "season"):
            assert garment[field] is None, field
        assert (garment["colours"], garment["provenance"]) == ([], {})
        assert garment["appearances"][0]["label"]  # what was found there is known of the picture
    seen = matched(served, relit(shot))
    assert [item["proposed"] for item in seen["garments"]] == [item["id"] for item in found["garments"]]
    # Where each is worn is known for the board all the same.
    ids = [item["id"] for item in found["garments"]]
    slots = {item["slot"] for item in client.post(f"{API}/outfits/layout", json={"garments": ids}).json()}
    assert slots == {"top", "pants", "footwear"}
    client.patch(f"{API}/settings", json={"tagging": True})
    after = served.wait(upload(picture(person(20))).json()["id"])
    assert client.get(f"{API}/garments/{after['garments'][0]['id']}").json()["type"] is not None


def test_a_backup_comes_back_whole(served: Served) -> None:
    client = served.client
    made(served, name="Office")
    client.patch(f"{API}/settings", json={"theme": "dark"})
    backup = client.get(f"{API}/backup")
    assert backup.headers["content-type"] == "application/zip"
    assert "wardrobe-" in backup.headers["content-disposition"]
    before = client.get(f"{API}/garments").json()
    client.delete(f"{API}/garments/1", params={"purge": True})
    client.delete(f"{API}/outfits/1")
    client.patch(f"{API}/settings", json={"theme": None})
    files = {"backup": ("wardrobe.zip", backup.content)}
    refused = client.post(f"{API}/restore", files=files)
    assert (refused.status_code, "replace=true" in refused.json()["detail"]) == (422, True)
    assert client.get(f"{API}/garments/1").status_code == 404
    assert client.post(f"{API}/restore", files=files, data={"replace": "true"}).status_code == 204
    assert client.get(f"{API}/garments").json() == before
    assert client.get(before["garments"][-1]["cutout"]).status_code == 200
    assert client.get(f"{API}/outfits/1").json()["removed_at"] is None
    assert client.get(f"{API}/settings").json()["theme"] == "dark"
    assert list((served.home / "scratch").iterdir()) == []


def test_what_is_no_backup_changes_nothing(served: Served) -> None:
    backup = served.client.get(f"{API}/backup").content
    before = served.client.get(f"{API}/garments").json()
    middle = len(backup) // 2
    damaged = backup[:middle] + bytes(64) + backup[middle + 64 :]
    for data in (b"", b"PK nonsense", backup[:-100], damaged, picture()):
        answer = served.client.post(
            f"{API}/restore", files={"backup": ("b.zip", data)}, data={"replace": "true"}
        )
        assert answer.status_code == 422, answer.text
        assert "nothing was changed" in answer.json()["detail"]
    assert served.client.get(f"{API}/garments").json() == before
    assert list((served.home / "scratch").iterdir()) == []
