"""Trying on, by the API and in a real Chromium: the person is painted, the garment drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import ExifTags, Image

from ewardrobe.wardrobe import SegmentedItem, Wardrobe
from tests.segmentation.models import person
from tests.tryon.conftest import flat_piece
from tests.wardrobe import rendered
from tests.web.conftest import Served, picture, serving
from tests.web.test_pages import CHROMIUM, SLOW, Watched, browser, expect

__all__ = ["browser"]

GREEN = (20, 160, 40)


def own(home: Path) -> tuple[int, int]:
    """Put a green T-shirt and a bag into the wardrobe; their numbers."""
    shirt = flat_piece("top", colour=GREEN)
    cutout = Image.fromarray(np.dstack([shirt.pixels, shirt.alpha]))
    masks = np.zeros((2, rendered.SIZE[1], rendered.SIZE[0]), bool)
    masks[0, 10:60, 10:40] = masks[1, 10:60, 50:80] = True
    items = [
        SegmentedItem("top", 0.9, (10, 10, 30, 50), masks[0], cutout, rendered.attributes(7)),
        SegmentedItem("bag", 0.9, (50, 10, 30, 50), masks[1], cutout, rendered.attributes(8)),
    ]
    with Wardrobe.open(home) as wardrobe:
        top, bag = wardrobe.add_segmented(rendered.photo(7), items, model=rendered.MODEL).garments
        wardrobe.edit(top.id, name="Green shirt")
        return top.id, bag.id


@pytest.fixture
def owned(home: Path) -> tuple[int, int]:
    return own(home)


@pytest.fixture
def dressing(home: Path, owned: tuple[int, int], model: Path) -> Iterator[Served]:
    with serving(home, model) as served:
        yield served


def ask(served: Served, photo: bytes | None, **fields: Any) -> httpx.Response:
    files = {} if photo is None else {"photo": ("me.png", photo)}
    return served.client.post("/api/v1/try-on", files=files or None, data=fields)


def test_a_garment_is_put_on_without_a_place_in_it(dressing: Served, owned: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    photo = picture(kind="JPEG", exif=exif, quality=95)
    answer = ask(dressing, photo, garments=[owned[0]])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(answer.content)) as made:
        assert made.size == (192, 256)
        assert not made.getexif()
        pixels = np.asarray(made).astype(int)
    chest = pixels[60:100, 75:88].reshape(-1, 3)
    assert (chest[:, 1] > chest[:, 0] + 40).mean() > 0.8
    assert ask(dressing, photo, garments=[owned[0]]).content == answer.content


def test_what_cannot_be_is_one_line(dressing: Served, owned: tuple[int, int]) -> None:
    top, bag = owned
    photo = picture()
    for status, said, data, fields in (
        (422, "not both", None, {"garments": [top]}),
        (422, "not both", photo, {"garments": [top], "photo_id": 1}),
        (422, "different garments", photo, {"garments": [top, top]}),
        (422, "class bag", photo, {"garments": [bag]}),
        (422, "has no photo", photo, {"garments": [5]}),
        (404, "no garment 99", photo, {"garments": [99]}),
        (404, "no photo 99", None, {"garments": [top], "photo_id": 99}),
        (422, "garments", photo, {}),
        (422, "nobody was found", picture([("dress", (0, 0, 4, 4))]), {"garments": [top]}),
        (415, "not a photo", b"%PDF-1.7", {"garments": [top]}),
    ):
        answer = ask(dressing, data, **fields)
        assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_the_page_from_photo_to_picture(browser: Any, dressing: Served, tmp_path: Path) -> None:
    file = tmp_path / "me.png"
    file.write_bytes(picture(person(50)))
    tab = Watched(browser, dressing.url)
    page = tab.page
    page.goto("/")
    page.get_by_role("link", name="Try on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Try on")
    go = page.get_by_role("button", name="Try on")
    expect(go).to_be_disabled()
    expect(page.locator(".piece", has_text="Green shirt")).to_have_count(1)
    page.get_by_label("Search the wardrobe").fill("green")
    expect(page.locator(".piece")).to_have_count(1)
    page.locator(".piece").focus()
    page.keyboard.press("Space")
    expect(page.locator(".piece")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#state")).to_have_text("Choose a photo.")
    page.get_by_label("Choose a photo").set_input_files(file)
    expect(page.locator("#state")).to_have_text("To try on: Green shirt")
    go.click()
    expect(page.locator("#after")).to_be_visible(timeout=SLOW)
    slider = page.get_by_label("Before and after")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_js_property("value", "0")
    assert (
        page.locator("#after").evaluate("image => getComputedStyle(image).clipPath").startswith("inset(0px")
    )
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the picture").click()
    with Image.open(saved.value.path()) as image:
        assert image.size == (192, 256)
    tab.context.close()
    assert tab.complaints == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_a_refusal_is_said_on_the_page(browser: Any, dressing: Served, tmp_path: Path) -> None:
    file = tmp_path / "wall.png"
    file.write_bytes(picture([("dress", (0, 0, 4, 4))]))
    tab = Watched(browser, dressing.url)
    page = tab.page
    page.goto("/try-on")
    page.locator(".piece", has_text="Green shirt").click()
    page.get_by_label("Choose a photo").set_input_files(file)
    page.get_by_role("button", name="Try on").click()
    expect(page.get_by_role("alert")).to_contain_text("nobody was found", timeout=SLOW)
    expect(page.locator("#after")).to_be_hidden()
    tab.context.close()


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_fits(browser: Any, dressing: Served, width: int, scheme: str) -> None:
    tab = Watched(browser, dressing.url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    tab.page.goto("/try-on")
    expect(tab.page.locator(".piece").first).to_be_visible()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    nameless = "found => found.filter(field => field.type !== 'hidden' && !field.labels.length).length"
    assert tab.page.locator("input, select, textarea").evaluate_all(nameless) == 0
    tab.context.close()
