"""What the tests of the server send, and how they read a refusal."""

from __future__ import annotations

import base64
import io
import json

import httpx
from PIL import Image

from protocols.raster import render
from tuning.pagespec import PageSpec


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


def refused(answer: httpx.Response, status: int) -> dict:
    """Return why a request was refused, having checked that it was told well."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    why = answer.json()
    assert set(why) == {"code", "what", "why", "fix"}
    assert all(why.values())
    assert "Traceback" not in answer.text
    return why
