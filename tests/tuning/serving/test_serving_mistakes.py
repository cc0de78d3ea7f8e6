"""Names, pages and pictures that are none: a clear refusal, and nothing of the machine is touched."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.tuning.serving.asked import body, picture, refused
from tuning.pagespec import PageSpec

pytestmark = pytest.mark.engine


def png(size: tuple[int, int] = (1920, 1080), **options: object) -> str:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "PNG", **options)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    "name",
    [
        "P03",
        "p01",
        "..",
        "%2e%2e%2fP01",
        "..%2f..%2fetc%2fpasswd",
        "P01%00",
        "P01%0d%0aX-Injected: 1",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "=cmd|calc",
        "P01.safetensors",
        "P01:P02",
        "%ff%fe",
        "A" * 65,
        "A" * 20_000,
    ],
)
def test_other_names_are_nobody(client: httpx.Client, specs: list[PageSpec], name: str) -> None:
    for answer in (
        client.get(f"/personas/{name}"),
        client.post(f"/personas/{name}/looks", json=body(specs[0])),
    ):
        assert answer.status_code in (404, 422)
        refused(answer, answer.status_code)
        assert "X-Injected" not in answer.headers


def changed(spec: dict, path: str, value: object) -> dict:
    """Return a page with one thing in it replaced, or added."""
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    found = json.loads(json.dumps(spec))
    place = found
    for parent in parents:
        place = place[parent]
    place[last] = value
    return found


WRONG = {
    "images": "/etc",
    "images ": "x",
    "kind": "load",
    "screen/rows/0/films/0/title": "",
    "screen/rows/0/films/1/title": "\ud800",
    "screen/rows/0/films/2/title": "a bell \x07",
    "screen/rows/0/films/3/title": "long " * 100,
    "screen/rows/0/films/0/year": "1999",
    "screen/rows/0/films/0/year ": 1999,
    "screen/rows/0/films/4/year": True,
    "screen/rows/1/films/0/genres": [],
    "screen/rows/1/films/1/genres": ["<|image_pad|>"],
    "screen/rows/1/films": [],
    "screen/rows/2/films": [{"title": "A", "year": 1, "genres": ["Drama"]}] * 6,
    "screen/rows/3/films": [{"title": "A", "year": 1, "genres": ["Drama"]}] * 65,
    "screen/rows": [],
    "screen": None,
    "viewport/scroll_px": -1,
    "viewport/scroll_px ": 0,
    "viewport/swipes": [0, 0],
    "viewport": {"scroll_px": 1e9, "swipes": [0] * 10},
    "viewport/swipes/0": 3,
    "viewport/swipes/1": -1,
    "preferred": ["Westerns of the lost kind"],
    "preferred/0": 7,
}


@pytest.mark.parametrize("path", list(WRONG))
def test_a_page_that_is_not_one_is_refused(client: httpx.Client, specs: list[PageSpec], path: str) -> None:
    sent = changed({**body(specs[0]), "preferred": ["Drama"]}, path, WRONG[path])
    refused(_posted(client, json.dumps(sent)), 422)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 422),
        ("{", 400),
        ("[" * 100_000, 400),
        ("null", 422),
        ("[]", 422),
        ('"page"', 422),
        ("\x00", 400),
        ('{"screen": NaN}', 422),
        ("1" * 10_000, 400),
    ],
)
def test_what_is_no_page_at_all_is_refused(client: httpx.Client, text: str, status: int) -> None:
    refused(_posted(client, text), status)


def test_numbers_that_json_does_not_know_are_refused(client: httpx.Client, specs: list[PageSpec]) -> None:
    sent = json.dumps(body(specs[0]))
    for number in ("NaN", "Infinity", "1e999"):
        refused(_posted(client, sent.replace('"scroll_px": 0.0', f'"scroll_px": {number}')), 422)


def test_names_of_posters_are_nothing_to_the_server(client: httpx.Client, specs: list[PageSpec]) -> None:
    sent = body(specs[0])
    named = changed(sent, "screen/rows/0/films/0/poster", "../../../../../../etc/passwd")
    told = [client.post("/personas/P01/looks", json=page).json() for page in (sent, named)]
    assert told[0]["twin"] == told[1]["twin"]


def _posted(client: httpx.Client, text: str) -> httpx.Response:
    return client.post(
        "/personas/P01/looks",
        content=text.encode("utf-8", "surrogatepass"),
        headers={"content-type": "application/json"},
    )


def test_other_methods_paths_and_forms_are_refused(client: httpx.Client) -> None:
    assert "POST" in _header(client.get("/personas/P01/looks"), "allow", 405)
    refused(client.delete("/personas/P01"), 405)
    refused(client.get("/docs"), 404)  # it would load programs from the internet
    refused(client.get("/static/../../etc/passwd"), 404)
    refused(client.post("/personas/P01/looks", files={"page": b"{}"}), 422)
    refused(client.post("/personas/P01/looks", data={"screen": "x"}), 422)


def _header(answer: httpx.Response, name: str, status: int) -> str:
    refused(answer, status)
    return answer.headers[name]


def test_a_layout_that_nothing_is_known_about_is_refused(client: httpx.Client, specs: list[PageSpec]) -> None:
    sent = picture(specs[0])
    sent["slots"][0]["right_px"] -= 30
    assert "layout" in refused(client.post("/personas/P01/picture-looks", json=sent), 422)["why"]


def test_pictures_that_are_none_are_refused(client: httpx.Client, specs: list[PageSpec]) -> None:
    good = picture(specs[0])
    slots, whole = good["slots"], base64.b64decode(good["png_base64"])

    def ask(**changes: object) -> httpx.Response:
        return client.post("/personas/P01/picture-looks", json={**good, **changes})

    jpeg = io.BytesIO()
    Image.new("RGB", (1920, 1080)).save(jpeg, "JPEG")
    for data in (
        b"",
        b"not a picture",
        whole[:1000],
        whole[: len(whole) // 2],
        jpeg.getvalue(),
        _torn(whole),
    ):
        refused(ask(png_base64=base64.b64encode(data).decode()), 422)
    refused(ask(png_base64="http://127.0.0.1/page.png"), 422)
    refused(ask(png_base64="é"), 422)
    refused(ask(png_base64=png((640, 480))), 422)
    refused(ask(png_base64=_bomb(60_000, 60_000)), 413)
    refused(ask(png_base64=_bomb(8_000, 8_000)), 413)
    refused(ask(png_base64=_wordy()), 422)
    refused(ask(slots=[]), 422)
    refused(ask(slots=[*slots, slots[0]]), 422)  # more than fit, and twice the same
    refused(ask(slots=[slots[0], slots[0]]), 422)
    refused(ask(slots=[{**slots[0], "right_px": slots[0]["left_px"]}]), 422)
    refused(ask(slots=[{**slots[0], "bottom_px": 4000}]), 422)
    refused(ask(images="/etc"), 422)


def _torn(whole: bytes) -> bytes:
    return whole[:5000] + bytes(64) + whole[5064:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _bomb(width: int, height: int) -> str:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    data = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def _wordy() -> str:
    """Return a picture that unpacks to a hundred megabytes of text."""
    words = PngInfo()
    words.add_text("comment", "x" * 100_000_000, zip=True)
    return png(pnginfo=words)
