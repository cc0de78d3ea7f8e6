"""The server as a program of its own, asked by a real client."""

from __future__ import annotations

import base64
import io
import json
import socket
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from protocols.errors import PersonaMismatch, SetupError
from protocols.raster import render
from protocols.wire import encode
from tuning.backbones.base import Backbone
from tuning.pagespec import PageSpec
from tuning.serving.program import serve
from tuning.twin import Twin

pytestmark = pytest.mark.engine
SAME = 16 * float(np.finfo(np.float32).eps)
"""In single precision a logit of 10 is rounded to 1e-6, in a batch otherwise than alone; at most 1.01e-6 seen."""


def body(spec: PageSpec) -> dict:
    return json.loads(spec.model_dump_json())


def picture(spec: PageSpec, **changes: object) -> dict:
    """Return the same page as a picture with boxes, without letters."""
    page = render(spec.screen, spec.viewport)
    file = io.BytesIO()
    Image.fromarray(page.image).save(file, "PNG")
    slots = [
        {
            "left_px": int(s.box.left),
            "top_px": int(s.box.top),
            "right_px": int(s.box.right),
            "bottom_px": int(s.box.bottom),
            "film": s.film,
        }
        for s in page.layout.slots
    ]
    return {"png_base64": base64.b64encode(file.getvalue()).decode(), "slots": slots, **changes}


def png(size: tuple[int, int] = (1920, 1080), **options: object) -> str:
    file = io.BytesIO()
    Image.new("RGB", size).save(file, "PNG", **options)
    return base64.b64encode(file.getvalue()).decode()


def furthest(told: dict, seen) -> float:
    """Return by how much an answer differs from what the twin does in this process."""
    pairs = (
        (told["twin"]["attention"], seen.twin.attention),
        (told["twin"]["click"], seen.twin.choice),
        (told["twin_combined"]["attention"], seen.combined.attention),
        (told["twin_combined"]["click"], seen.combined.choice),
    )
    return max(float(np.abs(np.array(a) - b).max()) for a, b in pairs)


def refused(answer: httpx.Response, status: int) -> dict:
    """Return why a request was refused, having checked that it was told well."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    why = answer.json()
    assert set(why) == {"code", "what", "why", "fix"}
    assert all(why.values())
    assert "Traceback" not in answer.text
    return why


def test_answers_are_those_of_the_twins_also_when_all_ask_at_once(
    url: str, client: httpx.Client, specs: list[PageSpec], twins: dict[str, Twin]
) -> None:
    asked = [(name, spec) for spec in specs for name in twins] * 2

    def ask(who: str, spec: PageSpec) -> dict:
        return httpx.post(f"{url}/personas/{who}/looks", json=body(spec), timeout=60).json()

    alone = [client.post(f"/personas/{who}/looks", json=body(spec)).json() for who, spec in asked[:3]]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda pair: ask(*pair), asked))
    for (who, spec), answer in zip(asked, told, strict=True):
        seen = twins[who].look(spec)
        assert furthest(answer, seen) < SAME
        assert answer["participant"] == who
        assert answer["screen"] == spec.screen.id
        assert answer["films"] == [slot.film for slot in seen.page.layout.slots]
        assert [s["box_px"] for s in answer["slots"]] == seen.page.layout.boxes().tolist()
        assert 0 < answer["seconds"] < 60
    for answer, again in zip(alone, told, strict=False):
        for row in ("twin", "twin_combined"):
            for share in ("attention", "click"):
                assert np.allclose(answer[row][share], again[row][share], rtol=0, atol=SAME)
                assert sum(answer[row][share]) == pytest.approx(1)
    assert furthest(told[0], twins["P02"].look(specs[0])) > 0.01  # others are others


def test_a_picture_is_seen_as_the_page_it_shows(
    client: httpx.Client, specs: list[PageSpec], twins: dict[str, Twin]
) -> None:
    for spec in (specs[0], specs[2]):
        sent = picture(spec, preferred=["Drama"])
        sent["slots"].reverse()
        answer = client.post("/personas/P01/picture-looks", json=sent)
        assert answer.status_code == 200, answer.text
        assert furthest(answer.json(), twins["P01"].look(spec, ("Drama",))) < SAME
        assert answer.json()["films"] == [s["film"] for s in reversed(sent["slots"])]


def test_the_server_tells_who_is_there(client: httpx.Client, twins: dict[str, Twin]) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    ready = client.get("/ready").json()
    assert (ready["status"], ready["backbone"], ready["personas"]) == ("ready", "carousel-tiny", 2)
    everybody = client.get("/personas").json()
    assert [p["participant"] for p in everybody["personas"]] == list(twins)
    own = twins["P02"].persona.provenance
    one = client.get("/personas/P02").json()
    assert one == everybody["personas"][1]
    assert (tuple(one["preferred"]), one["heldout"]) == (own.preferred, own.heldout)


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


def test_bodies_that_are_too_large_are_refused(client: httpx.Client) -> None:
    large = b" " * (7 * 1024 * 1024)
    refused(client.post("/personas/P01/looks", content=large), 413)
    refused(client.post("/personas/P01/looks", content=iter([large[: 2**20]] * 9)), 413)  # of unknown length
    assert client.get("/ready").status_code == 200


def test_others_cannot_ask_under_a_name_of_their_own(client: httpx.Client) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", ""):
        refused(client.get("/personas", headers={"host": host}), 400)
    for host in ("localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8000"):
        assert client.get("/personas", headers={"host": host}).status_code == 200
    assert (
        "access-control-allow-origin" not in client.get("/personas", headers={"origin": "http://x"}).headers
    )


def test_who_cannot_be_answered_in_time_is_told(tight_url: str, specs: list[PageSpec]) -> None:
    def ask(_: int) -> httpx.Response:
        return httpx.post(f"{tight_url}/personas/P01/looks", json=body(specs[0]), timeout=60)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    found = {status: [a for a in answers if a.status_code == status] for status in (200, 503, 504)}
    assert sum(len(group) for group in found.values()) == len(answers)
    assert found[200]
    assert all(int(a.headers["retry-after"]) >= 1 for a in found[503])
    for status in (503, 504):
        assert [refused(a, status) for a in found[status]], status
    assert ask(0).status_code == 200  # and goes on


def test_who_sends_slowly_is_sent_away(tight_url: str) -> None:
    host, port = tight_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        head = f"POST /personas/P01/looks HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n"
        line.sendall(head.encode() + b"{")
        answer = b""
        while part := line.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"code":"Slow"' in answer


def test_a_body_that_never_ends_is_not_read_for_ever(tight_url: str) -> None:
    host, port = tight_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall(f"POST /x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000000000\r\n\r\n".encode())
        with pytest.raises(ConnectionError):
            line.sendall(bytes(100_000_000))


def test_a_place_that_is_taken_and_personas_that_are_not_there_are_told_before_a_model_is_loaded(
    files: dict[str, Path], tmp_path: Path
) -> None:
    def never() -> Backbone:
        raise AssertionError

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=str(port)):
            next(serve([str(files["P01"])], never, "127.0.0.1", port))
    for host in ("203.0.113.1", "no.such.host.invalid"):
        with pytest.raises(SetupError, match=host):
            next(serve([str(files["P01"])], never, host, 0))
    with pytest.raises(PersonaMismatch, match="absent"):
        next(serve([str(tmp_path / "absent")], never, "127.0.0.1", 0))


def test_listening_to_others_is_warned_of(files: dict[str, Path], backbone: Backbone) -> None:
    served = serve([str(files["P01"])], lambda: backbone, "0.0.0.0", 0)
    warned = next(served)
    assert warned.kind == "warned"
    assert "other computers" in warned.what
    served.close()


def test_somebody_served_twice_is_refused(files: dict[str, Path], backbone: Backbone) -> None:
    with pytest.raises(PersonaMismatch, match="pseudonyms"):
        next(serve([str(files["P01"])] * 2, lambda: backbone, "127.0.0.1", 0))


def test_a_page_message_is_a_request(client: httpx.Client, specs: list[PageSpec]) -> None:
    spec = json.loads(encode(specs[0]))
    assert spec.pop("v") == 1
    assert client.post("/personas/P01/looks", json=spec).status_code == 200
