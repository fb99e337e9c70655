"""The live page in a real Chromium, whose camera is a film."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ewardrobe.segmentation import Segmenter
from ewardrobe.wardrobe import Wardrobe
from tests.web.conftest import Served, serving
from tests.web.fake_camera import CAMERA_FLAGS, EXAMPLES, write_film
from tests.web.test_accessibility import violations
from tests.web.test_pages import CHROMIUM, SLOW, Watched

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
pytest.importorskip("websockets", reason="needs the package websockets")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
expect = sync_api.expect

PACE = r"[\d.]+ pictures a second · \d+ ms each, 95 % within \d+ ms"


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    film = write_film(tmp_path_factory.mktemp("film") / "film.mjpeg", [EXAMPLES / "astronaut.jpg"])
    with sync_api.sync_playwright() as playwright:
        opened = []

        def start(*flags: str) -> Any:
            opened.append(playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *flags]))
            return opened[-1]

        start.camera = (*CAMERA_FLAGS, f"--use-file-for-fake-video-capture={film}")  # type: ignore[attr-defined]
        yield start
        for browser in opened:
            browser.close()


@pytest.fixture(scope="module")
def browser(launch: Any) -> Any:
    return launch(*launch.camera)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One with the model that ships: the film shows real clothes."""
    with serving(tmp_path_factory.mktemp("live") / "home", "default") as served:
        yield served


@pytest.fixture
def tab(browser: Any, server: Served) -> Iterator[Watched]:
    watched = Watched(browser, server.url)
    yield watched
    watched.context.close()
    assert watched.complaints == []


def begin(page: Any) -> None:
    page.goto("/live")
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator("#pane-0 canvas")).to_be_visible(timeout=SLOW)


def colours_in(page: Any, pane: int) -> list[list[int]]:
    """What is drawn: the colour of a wall's, a face's and a suit's pixel (see `write_film`)."""
    return list(
        page.locator(f"#pane-{pane} canvas").evaluate(
            """canvas => {
                const copy = document.createElement("canvas");
                [copy.width, copy.height] = [canvas.width, canvas.height];
                const context = copy.getContext("2d");
                context.drawImage(canvas, 0, 0);
                return [[0.65, 0.15], [0.45, 0.3], [0.3, 0.85]].map(([x, y]) =>
                    [...context.getImageData(Math.round(x * copy.width), Math.round(y * copy.height), 1, 1).data]);
            }"""
        )
    )


def test_garments_are_coloured_while_one_moves(tab: Watched) -> None:
    page = tab.page
    begin(page)
    expect(page.locator("#pane-0 .pace")).to_have_text(re.compile(PACE), timeout=SLOW)
    expect(page.locator("#pane-0 .classes")).to_contain_text("Skin")
    assert page.locator("#pane-0 .classes li").count() >= 2
    assert page.locator("#pane-0 canvas").evaluate("canvas => [canvas.width, canvas.height]") == [640, 480]
    first = colours_in(page, 0)
    page.wait_for_timeout(700)
    assert first != colours_in(page, 0)
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("#pane-0 .classes")).to_contain_text("% sure", timeout=SLOW)
    looks = []
    for strength in ("0", "100"):
        page.get_by_label("Strength of the colours").fill(strength)
        page.wait_for_timeout(500)
        looks.append(colours_in(page, 0))
    wall, face, suit = (plain != strong for plain, strong in zip(*looks, strict=True))
    assert (wall, face, suit) == (False, True, True)
    page.get_by_role("button", name="Stop camera").click()
    expect(page.get_by_text("The camera is off").first).to_be_visible()
    expect(page.locator("#pane-0 canvas")).to_be_hidden()
    expect(page.get_by_role("button", name="Freeze")).to_be_disabled()


def test_two_models_on_the_stream_and_on_a_still(tab: Watched) -> None:
    page = tab.page
    begin(page)
    page.get_by_role("button", name="Compare models").click()
    for pane, name in enumerate(("live", "full")):
        expect(page.locator(f"#model-{pane}")).to_have_value(f"default/{name}")
        expect(page.locator(f"#pane-{pane} .pace")).to_contain_text("ms each", timeout=SLOW)
        expect(page.locator(f"#pane-{pane} .classes")).to_contain_text("Skin")
    assert violations(page) == []
    page.get_by_role("button", name="Freeze").click()
    for pane in range(2):
        expect(page.locator(f"#pane-{pane} .pace")).to_have_text(
            re.compile(r"[1-9] garments? in \d+ ms"), timeout=SLOW
        )
        expect(page.locator(f"#pane-{pane} .classes")).to_contain_text("% sure")
    still = [colours_in(page, pane) for pane in range(2)]
    page.wait_for_timeout(500)
    assert [colours_in(page, pane) for pane in range(2)] == still
    page.get_by_label("Strength of the colours").fill("0")
    page.wait_for_timeout(300)
    assert [colours_in(page, pane) for pane in range(2)] != still
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("#pane-0 .pace")).to_contain_text("pictures a second", timeout=SLOW)
    # What was chosen is chosen still when one comes back.
    page.reload()
    expect(page.get_by_role("button", name="Compare models")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_label("Strength of the colours")).to_have_value("0")


def test_a_snapshot_goes_into_the_wardrobe(tab: Watched, server: Served) -> None:
    page = tab.page
    begin(page)
    page.get_by_role("button", name="Add to wardrobe").click()
    expect(page.locator("#toast")).to_contain_text("appear under “Add”")
    (upload,) = server.client.get("/api/v1/uploads").json()["uploads"]
    assert upload["name"].startswith("camera-")
    done = server.wait(upload["id"])
    assert done["status"] == "done", done
    assert done["garments"]
    (photo,) = server.client.get("/api/v1/photos").json()
    assert (photo["width"], photo["height"]) == (640, 480)


def test_a_socket_that_is_cut_comes_back(tab: Watched) -> None:
    page = tab.page
    begin(page)
    # The worker alone knows the socket.
    worker = page.workers[0]
    worker.evaluate("socket.close()")
    expect(page.locator("#status")).to_contain_text("Trying again")
    expect(page.locator("#status")).to_have_text("", timeout=SLOW)
    expect(page.locator("#pane-0 .pace")).to_contain_text("ms each", timeout=SLOW)
    before = worker.evaluate("number")
    page.wait_for_timeout(1500)
    assert worker.evaluate("number") > before


def test_a_page_from_before_the_server_is_told(tab: Watched, server: Served) -> None:
    page = tab.page
    stale = server.client.get("/live").text.replace(server.token, "of-another-server")
    page.route("**/live", lambda route: route.fulfill(body=stale, content_type="text/html"))
    page.goto("/live")
    page.get_by_role("button", name="Start camera").click()
    expect(page.get_by_role("alert")).to_contain_text("from before the server was started; load it again")
    expect(page.get_by_role("button", name="Start camera")).to_be_enabled()


def test_a_garment_of_the_wardrobe_is_put_on(browser: Any, home: Path) -> None:
    flat = EXAMPLES.parent / "flat" / "striped-t-shirt.jpg"
    with Wardrobe.open(home) as wardrobe:
        (shirt,) = wardrobe.add(flat, segmenter=Segmenter()).garments
        wardrobe.edit(shirt.id, name="Striped shirt")
    with serving(home, "default") as served:
        tab = Watched(browser, served.url)
        page = tab.page
        begin(page)
        expect(page.locator("#pane-0 .classes")).to_contain_text("Skin")
        page.get_by_label("Put on me").select_option("Striped shirt")
        # With a garment on there is no list of classes.
        expect(page.locator("#pane-0 .classes li")).to_have_count(0, timeout=SLOW)
        expect(page.locator("#status")).to_have_text("")
        page.get_by_role("button", name="Freeze").click()
        page.wait_for_timeout(500)
        held = colours_in(page, 0)
        page.wait_for_timeout(500)
        assert colours_in(page, 0) == held
        page.get_by_label("Put on me").select_option("Nothing: show the colours")
        expect(page.locator("#pane-0 .classes")).to_contain_text("Skin", timeout=SLOW)
        tab.context.close()
    assert tab.complaints == []


@pytest.mark.parametrize(
    ("flags", "script", "line"),
    [
        ((*CAMERA_FLAGS[:1], "--deny-permission-prompts"), "", "The camera was refused"),
        ((), "", "There is no camera here"),
        ((), "MediaDevices.prototype.getUserMedia = undefined", "knows no cameras"),
        (
            (),
            "for (const [owner, name] of [[navigator, 'mediaDevices'], [window, 'isSecureContext']])"
            " Object.defineProperty(owner, name, { value: undefined });",
            "safe addresses only",
        ),
    ],
)
def test_without_a_camera_it_says_what_to_do(
    launch: Any, server: Served, flags: tuple[str, ...], script: str, line: str
) -> None:
    tab = Watched(launch(*flags), server.url)
    if script:
        tab.page.add_init_script(script)
    tab.page.goto("/live")
    start = tab.page.get_by_role("button", name="Start camera")
    start.click()
    expect(tab.page.get_by_role("alert")).to_contain_text(line)
    expect(start).to_be_enabled()
    assert violations(tab.page) == []
    tab.context.close()
    assert tab.complaints == []


def test_a_camera_taken_away_is_said(tab: Watched) -> None:
    page = tab.page
    begin(page)
    page.evaluate(
        """() => {
            const [track] = document.querySelector("video").srcObject.getVideoTracks();
            track.dispatchEvent(new Event("ended"));
        }"""
    )
    expect(page.get_by_role("alert")).to_contain_text("taken away")
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator("#pane-0 canvas")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_the_keyboard_alone_is_enough(tab: Watched) -> None:
    page = tab.page
    page.goto("/live")
    page.get_by_role("button", name="Start camera").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#pane-0 canvas")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("button", name="Stop camera")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Freeze")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start camera")).to_be_focused()
