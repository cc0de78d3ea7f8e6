"""`vllm`: soft prompts as ``prompt_embeds`` parts of chat requests to a vLLM server.

The server puts the part where it stands among the parts of the user's turn, so after the image and before the
question: what a persona with the placement ``after-image`` was fitted with, when the template puts nothing
between the two. A prompt in front of everything cannot be sent this way.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from protocols.errors import ExportError
from tuning.backbones.chat import ChatWording
from tuning.backbones.vlm import VisionLanguageBackbone
from tuning.exporting.checking import require, text_of, verified
from tuning.exporting.contract import Field, Personas, Setting, Subject, Verification
from tuning.exporting.model_side import BESIDE, HABIT, TABLES, fields, vision_language, write_beside
from tuning.exporting.written import write_json, write_json_lines

PROMPTS, REQUEST, IMAGE = "prompts.jsonl", "request.json", "<data URL of the page>"
EMBEDS = Field("prompt_embeds", "measured", "the soft prompt, in the model's precision")
TEXT = Field("messages", "derived", "the question of the fit, with the participant's preferred genres")
PRECISIONS = {torch.float32: "float32", torch.bfloat16: "bfloat16"}
LONGEST = 4096


class Vllm:
    """See the module."""

    name = "vllm"
    summary = "A vLLM server started with --enable-prompt-embeds answers chat requests as the participant."
    package = "vllm"
    version = "0.11"
    settings: tuple[Setting, ...] = ()
    fields = (EMBEDS, TABLES, HABIT, TEXT)

    def write(self, personas: Personas, folder: Path) -> tuple[Field, ...]:
        """Write all prompts, and a request per participant."""
        backbone = vision_language(personas)
        wording = _wording(backbone)
        lines = []
        for subject in personas.subjects:
            _refuse_other_place(subject, wording)
            payload = _payload(subject, backbone)
            lines.append(_line(subject, backbone, payload))
            own = folder / subject.name
            own.mkdir()
            write_json(own / REQUEST, _request(subject, backbone, wording, payload))
            write_beside(own / BESIDE, subject, {})
        write_json_lines(folder / PROMPTS, lines)
        return fields(personas.subjects, EMBEDS, TEXT)

    def verify(self, folder: Path) -> Verification:
        """Decode every payload as the server does; no server is started."""
        checks = [("every payload decodes to (tokens, width) as the server reads it", lambda: _loads(folder))]
        return verified("schema", self.package, self.version, checks)


def decoded(payload: str) -> Tensor:
    """Return a payload as the server reads it.

    Raises:
        ValueError: no base64, or no plain tensor.
    """
    raw = base64.b64decode(payload, validate=True)
    try:
        tensor = torch.load(io.BytesIO(raw), weights_only=True)
    except Exception as error:
        raise ValueError(f"the payload is no tensor ({type(error).__name__})") from error
    require(isinstance(tensor, Tensor), "the payload is no tensor")
    return torch.as_tensor(tensor)


def _wording(backbone: VisionLanguageBackbone) -> ChatWording:
    if not isinstance(backbone.wording, ChatWording):
        raise ExportError(
            f"{backbone.spec.id} has no chat template.",
            "A server would not know how to put the question.",
            "Fit personas on a Qwen3-VL or InternVL model, or export to merged.",
        )
    return backbone.wording


def _refuse_other_place(subject: Subject, wording: ChatWording) -> None:
    placement = subject.provenance.config.placement
    if placement == "after-image" and wording.question_follows_image:
        return
    between = "its template writes something between image and question"
    reason = between if placement == "after-image" else f"its prompt stands {placement}"
    raise ExportError(
        f"{subject.name} cannot be served by chat requests: {reason}.",
        "The server would put the prompt elsewhere than it was fitted, and answer differently.",
        "Export to merged, which any server loads and which keeps the place exactly.",
    )


def _payload(subject: Subject, backbone: VisionLanguageBackbone) -> str:
    precision = backbone.model.get_input_embeddings().weight.dtype
    buffer = io.BytesIO()
    torch.save(subject.persona.prompt.tokens.detach().cpu().to(precision).contiguous(), buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _line(subject: Subject, backbone: VisionLanguageBackbone, payload: str) -> dict[str, object]:
    tokens = subject.persona.prompt.tokens
    return {
        "participant": subject.name,
        "model": backbone.spec.id,
        "n_tokens": tokens.shape[0],
        "hidden": tokens.shape[1],
        "dtype": PRECISIONS[backbone.model.get_input_embeddings().weight.dtype],
        "placement": subject.provenance.config.placement,
        "prompt_embeds": payload,
    }


def _request(
    subject: Subject, backbone: VisionLanguageBackbone, wording: ChatWording, payload: str
) -> dict[str, object]:
    parts = [
        {"type": "image_url", "image_url": {"url": IMAGE}},
        {"type": "prompt_embeds", "data": payload},
        {"type": "text", "text": wording.text(subject.provenance.preferred)},
    ]
    turns = [{"role": "user", "content": parts}]
    return {"model": backbone.spec.id, "messages": turns, "max_tokens": 1, "temperature": 0.0}


def _loads(folder: Path) -> None:
    lines = text_of(folder / PROMPTS).splitlines()
    require(bool(lines), "there is no participant")
    for line in lines:
        told: dict[str, Any] = json.loads(line)
        tensor = decoded(told["prompt_embeds"])
        shape = (told["n_tokens"], told["hidden"])
        require(tuple(tensor.shape) == shape, f"the payload is {tuple(tensor.shape)}, its line says {shape}")
        require(PRECISIONS.get(tensor.dtype) == told["dtype"], f"the payload is {tensor.dtype}")
        require(tensor.shape[0] <= LONGEST, f"{tensor.shape[0]} tokens are no prompt")
        require(bool(torch.isfinite(tensor.float()).all()), "the payload holds no finite numbers")
        request = json.loads(text_of(folder / told["participant"] / REQUEST))
        kinds = [part["type"] for part in request["messages"][0]["content"]]
        require(kinds == ["image_url", "prompt_embeds", "text"], f"the parts stand as {kinds}")
        sent = request["messages"][0]["content"][1]["data"]
        require(sent == told["prompt_embeds"], "the request carries another prompt")
