"""The server as a program of its own, asked by a real client."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from protocols.errors import ExportError, PersonaMismatch, SetupError
from protocols.wire import encode
from tests.tuning.serving.asked import body, picture, refused
from tuning.backbones.base import Backbone
from tuning.pagespec import PageSpec
from tuning.provenance import ConsentReference, SessionReference
from tuning.serving.program import serve
from tuning.twin import Twin

pytestmark = pytest.mark.engine
SAME = 16 * float(np.finfo(np.float32).eps)
"""Single precision rounds a logit of 10 to 1e-6, in a batch otherwise than alone; at most 1.01e-6 seen."""


def furthest(told: dict, seen) -> float:
    """Return by how much an answer differs from what the twin does in this process."""
    pairs = (
        (told["twin"]["attention"], seen.twin.attention),
        (told["twin"]["click"], seen.twin.choice),
        (told["twin_combined"]["attention"], seen.combined.attention),
        (told["twin_combined"]["click"], seen.combined.choice),
    )
    return max(float(np.abs(np.array(a) - b).max()) for a, b in pairs)


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


def test_who_did_not_agree_to_leave_is_served_here_only(twins: dict[str, Twin], tmp_path: Path) -> None:
    own = twins["P01"].persona
    consent = ConsentReference(version="1", scopes=("recording", "twin"))
    session = SessionReference(session="s", sha256="", study="", study_digest="", consent=consent)
    file = tmp_path / "P01.safetensors"
    replace(own, provenance=own.provenance.model_copy(update={"sessions": (session,)})).save(file)

    def loaded() -> Backbone:
        raise StopAsyncIteration

    with pytest.raises(StopAsyncIteration):
        list(serve([str(file)], loaded, "127.0.0.1", 0))
    with pytest.raises(ExportError, match="P01 agreed to recording, twin"):
        list(serve([str(file)], loaded, "0.0.0.0", 0))


def test_somebody_served_twice_is_refused(files: dict[str, Path], backbone: Backbone) -> None:
    with pytest.raises(PersonaMismatch, match="pseudonyms"):
        next(serve([str(files["P01"])] * 2, lambda: backbone, "127.0.0.1", 0))


def test_a_page_message_is_a_request(client: httpx.Client, specs: list[PageSpec]) -> None:
    spec = json.loads(encode(specs[0]))
    assert spec.pop("v") == 1
    assert client.post("/personas/P01/looks", json=spec).status_code == 200
