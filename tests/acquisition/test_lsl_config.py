from __future__ import annotations

import configparser
import os
import subprocess
import sys
from pathlib import Path

from acquisition.lsl_config import loopback_config, loopback_environment, new_session_id


def test_config_names_the_session_and_only_this_machine():
    read = configparser.ConfigParser()
    read.read_string(loopback_config("lab 7"))
    assert read["lab"]["SessionID"] == "lab 7"
    assert read["multicast"]["ResolveScope"] == "machine"
    assert "127.0.0.1" in read["multicast"]["ListenAddress"]
    assert int(read["ports"]["BasePort"]) + int(read["ports"]["PortRange"]) < 32_768


def test_sessions_do_not_share_an_id():
    assert new_session_id() != new_session_id()


def test_the_environment_names_a_written_file(tmp_path: Path):
    environment = loopback_environment(tmp_path, "one")
    assert Path(environment["LSLAPICFG"]).read_text(encoding="utf-8") == loopback_config("one")


def test_tests_run_in_their_own_session_and_home():
    assert "SessionID = gazetwin-" in Path(os.environ["LSLAPICFG"]).read_text(encoding="utf-8")
    assert "gazetwin-tests-" in os.environ["HOME"]


def test_a_stream_of_another_session_is_not_seen(tmp_path: Path):
    import pylsl

    other = loopback_environment(tmp_path, new_session_id())
    code = (
        "import pylsl,sys; i=pylsl.StreamInfo('Other','Gaze',1,60.0,'float32','other-session');"
        "o=pylsl.StreamOutlet(i); print('ready',flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **other},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert [s.name() for s in pylsl.resolve_byprop("source_id", "other-session", 1, 0.5)] == []
        child.communicate("")
