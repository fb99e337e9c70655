"""Photos in through the API, to garments in the wardrobe; and photos in, results out."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from PIL import Image

from ewardrobe.imaging import decode_rle
from ewardrobe.web.security import MAX_UPLOAD
from tests.segmentation.models import person
from tests.web.conftest import Served, picture, serving

Upload = Callable[..., httpx.Response]


def test_a_photo_becomes_garments_once(served: Served, upload: Upload) -> None:
    answer = upload(picture(), "me.png")
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/v1/uploads/{answer.json()['id']}"
    done = served.wait(answer.json()["id"])
    assert (done["status"], done["name"]) == ("done", "me.png")
    assert [found["class"] for found in done["garments"]] == ["top", "pants", "footwear"]
    again = served.wait(upload(picture(), "the same.png").json()["id"])
    assert (again["status"], again["reason"]) == ("skipped", "already in the wardrobe")
    assert [found["id"] for found in again["garments"]] == [found["id"] for found in done["garments"]]
    assert served.client.get("/api/v1/photos").json()[0]["name"] == "me.png"
    assert served.client.get("/api/v1/garments").json()["total"] == 8
    assert not list((served.home / "inbox" / "photos").iterdir())
    listed = served.client.get("/api/v1/uploads").json()
    assert (listed["counts"]["done"], listed["counts"]["skipped"]) == (1, 1)
    assert served.client.delete("/api/v1/uploads").json() == {"forgotten": 2}
    assert served.client.get("/api/v1/uploads").json()["uploads"] == []


def test_what_is_no_photo_is_refused_or_said(served: Served, upload: Upload) -> None:
    for data in (b"", b"%PDF-1.7 something", b"PK\3\4" + b"x" * 100):
        refused = upload(data, "x.jpg")
        assert refused.status_code == 415
        assert "not a photo" in refused.json()["detail"]
    assert served.client.get("/api/v1/uploads").json()["uploads"] == []
    broken = served.wait(upload(picture()[:300], "broken.png").json()["id"])
    assert broken["status"] == "failed"
    assert str(served.home) not in broken["reason"]
    nothing = served.wait(upload(picture([]), "wall.png").json()["id"])
    assert (nothing["status"], nothing["reason"]) == ("done", "no garment found, not stored")
    assert served.client.post("/api/v1/photos", data={"photo": "text"}).status_code == 422


def test_hostile_names(served: Served, upload: Upload) -> None:
    names = {
        "../../../etc/passwd.png": "passwd.png",
        "C:\\Users\\me\\a.png": "a.png",
        "<b>'.png": "<b>'.png",
        "x" * 300 + ".png": "x" * 200,
        " ": "photo",
        "Ünïcödé 👗.png": "Ünïcödé 👗.png",
    }
    for number, (name, kept) in enumerate(names.items()):
        answer = upload(picture([("dress", (40 + number, 30, 100, 180))]), name)
        assert answer.status_code == 202, answer.text
        assert answer.json()["name"] == kept
    assert served.wait(answer.json()["id"])["status"] == "done"
    stored = [photo["name"] for photo in served.client.get("/api/v1/photos").json()]
    assert stored[:6] == list(reversed(names.values()))
    assert upload(picture(), "x" * 100_000).status_code == 400


def test_too_much_is_refused_before_it_is_read(served: Served) -> None:
    host = served.url.removeprefix("http://")
    for path in ("/photos", "/segment", "/cutout"):
        with socket.create_connection(host.split(":")) as raw:  # type: ignore[arg-type]
            head = f"POST /api/v1{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {10 * MAX_UPLOAD}\r\n"
            raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode())
            assert b" 413 " in raw.recv(200)
    assert httpx.post(f"{served.api}/undo", content=b"x" * 2_000_000).status_code == 413


def test_a_body_that_grows_too_large_is_cut_off(served: Served) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'
    block = b"\x89PNG\r\n" + b"\0" * (1 << 20)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(2 * MAX_UPLOAD >> 20):
            yield block

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    try:
        answer = served.client.post("/api/v1/photos", headers=headers, content=body())
    except httpx.WriteError:
        pass  # the server had hung up already
    else:
        assert answer.status_code == 413
    assert served.client.get("/api/v1/uploads").json()["uploads"] == []


def test_what_waits_can_be_cancelled(home: Path, model: Path) -> None:
    with serving(home, model) as served:
        # While the first is under way (the process behind has yet to start), the others wait.
        shapes = [[("dress", (40 + number, 30, 100, 180))] for number in range(3)]
        first, *others = [
            served.client.post("/api/v1/photos", files={"photo": ("a.png", picture(shape))}).json()["id"]  # type: ignore[arg-type]
            for shape in shapes
        ]
        for number in others:
            assert served.client.delete(f"/api/v1/uploads/{number}").json()["status"] == "cancelled"
            assert served.client.delete(f"/api/v1/uploads/{number}").status_code == 409
        assert served.wait(first)["status"] == "done"
        assert served.client.delete(f"/api/v1/uploads/{first}").status_code == 409
        assert served.client.get("/api/v1/garments").json()["total"] == 6


def test_segment_stores_nothing(served: Served) -> None:
    answer = served.client.post("/api/v1/segment", files={"photo": ("a.png", picture(person(50)))})
    document = answer.json()
    names = {item["id"]: item["name"] for item in document["categories"]}
    assert [names[item["category_id"]] for item in document["annotations"]] == ["top", "pants", "footwear"]
    top = document["annotations"][0]
    assert decode_rle(top["segmentation"]).sum() == top["area"]
    assert decode_rle(top["segmentation"]).shape == (256, 192)
    assert served.client.get("/api/v1/garments").json()["total"] == 5
    broken = served.client.post("/api/v1/segment", files={"photo": ("a.png", picture()[:300])})
    assert broken.status_code == 415
    assert "\n" not in broken.json()["detail"]


def test_cutouts_come_as_one_picture_or_several(served: Served) -> None:
    def cut(shapes: object = None, **fields: str) -> httpx.Response:
        files = {"photo": ("a.png", picture(shapes))}  # type: ignore[arg-type]
        return served.client.post("/api/v1/cutout", files=files, data=fields)

    whole = Image.open(io.BytesIO(cut().content))
    assert (whole.mode, whole.size) == ("RGBA", (192, 256))
    white = Image.open(io.BytesIO(cut(background="#ffffff", crop="true").content))
    assert (white.mode, white.size < (192, 256)) == ("RGB", True)
    pieces = zipfile.ZipFile(io.BytesIO(cut(of="garments").content))
    assert pieces.namelist() == ["1-top.png", "2-pants.png", "3-footwear.png"]
    assert zipfile.ZipFile(io.BytesIO(cut(of="dress").content)).namelist() == []
    assert cut(of="spoon").status_code == 422
    assert cut(background="#12").status_code == 422
    assert cut([]).status_code == 404
