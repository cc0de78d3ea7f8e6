"""Servers as programs of their own, and the twins in this process that they must agree with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from protocols.invented import invented_screen
from protocols.stimulus import Viewport
from tuning.backbones.base import Backbone
from tuning.exporting.invented import invented_personas
from tuning.pagespec import PageSpec
from tuning.registry import load_backbone
from tuning.twin import Twin

GAZETWIN = str(Path(sys.executable).with_name("gazetwin"))
HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def backbone() -> Backbone:
    return load_backbone("carousel-tiny")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, backbone: Backbone) -> dict[str, Path]:
    """Two personas' files, by pseudonym."""
    folder = tmp_path_factory.mktemp("personas")
    found = {}
    for subject in invented_personas(2, backbone).subjects:
        found[subject.name] = folder / f"{subject.name}.safetensors"
        subject.persona.save(found[subject.name])
    return found


@pytest.fixture(scope="session")
def twins(files: dict[str, Path], backbone: Backbone) -> dict[str, Twin]:
    from tuning.persona import Persona

    return {name: Persona.load(path).on(backbone) for name, path in files.items()}


@pytest.fixture(scope="session")
def specs() -> list[PageSpec]:
    """Pages with 10 and 15 posters, scrolled, swiped, and for other tastes."""
    found = []
    for n in range(6):
        screen = invented_screen(np.random.default_rng([41, n]), f"served-{n}", "rows")
        viewport = Viewport(200.0 if n % 3 == 2 else 0.0, (n % 2,) * 10)
        found.append(
            PageSpec(screen=screen, viewport=viewport, preferred=("Horror", "Crime") if n == 4 else None)
        )
    return found


@contextmanager
def running(command: list[str], end: signal.Signals) -> Iterator[str]:
    """Yield the address of a server program; end it by a signal, and see that it ends well."""
    program = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert program.stdout is not None
    try:
        url = json.loads(program.stdout.readline())["url"]
        yield url
        program.send_signal(end)
        assert program.wait(timeout=30) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


@pytest.fixture(scope="session")
def url(files: dict[str, Path]) -> Iterator[str]:
    """Address of a server as a person starts it, who ends it with Ctrl-C."""
    command = [GAZETWIN, "serve", *(str(path) for path in files.values()), "--port", "0", "--json"]
    with running(command, signal.SIGINT) as found:
        yield found


@pytest.fixture(scope="session")
def tight_url(files: dict[str, Path]) -> Iterator[str]:
    """Address of a server with a slow model and little room; it ends by a terminate."""
    command = [sys.executable, "-P", str(HERE / "slow_server.py"), str(files["P01"])]
    with running(command, signal.SIGTERM) as found:
        yield found


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60) as found:
        yield found
