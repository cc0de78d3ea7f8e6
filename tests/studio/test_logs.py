"""What happened is written down, and what nobody caught is said."""

from __future__ import annotations

import logging
import sys
import threading

from studio.logs import LogFile


def test_what_happens_is_written_and_everything_is_as_before_afterwards(tmp_path):
    before = (sys.excepthook, threading.excepthook, logging.getLogger().level)
    logs = LogFile(tmp_path)
    logs.open(lambda _: None)
    logging.getLogger("studio.test").info("hello")
    logs.close()
    logs.close()
    assert "hello" in logs.path.read_text()
    assert (sys.excepthook, threading.excepthook, logging.getLogger().level) == before


def test_an_error_that_nobody_caught_is_said_with_the_place_of_its_details(tmp_path):
    logs, said = LogFile(tmp_path), []
    logs.open(said.append)
    try:
        raise RuntimeError("the lamp is broken")
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    logs.close()
    (words,) = said
    assert "the lamp is broken" in words
    assert str(logs.path) in words
    assert "test_logs.py" in logs.path.read_text()


def test_so_is_one_in_a_thread(tmp_path):
    logs, said = LogFile(tmp_path), []

    def fail():
        raise RuntimeError("the other lamp")

    logs.open(said.append)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    logs.close()
    assert "the other lamp" in said[0]
