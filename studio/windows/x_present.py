"""When frames began, as the X server reports it through its Present extension.

The extension tells time and number of a vertical blank of the screen that a window is on. Times count in µs
from the last boot, as the session clock does on Linux.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import logging
import select
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

_COMPLETE_MASK = 2
_PATIENCE_S = 0.1
_APART_S = 1.0  # another computer's server, or another clock
_SERIAL = 1


class _Complete(ctypes.Structure):
    _pack_ = 1
    _fields_ = (
        ("response_type", ctypes.c_uint8),
        ("extension", ctypes.c_uint8),
        ("sequence", ctypes.c_uint16),
        ("length", ctypes.c_uint32),
        ("event_type", ctypes.c_uint16),
        ("kind", ctypes.c_uint8),
        ("mode", ctypes.c_uint8),
        ("event", ctypes.c_uint32),
        ("window", ctypes.c_uint32),
        ("serial", ctypes.c_uint32),
        ("ust", ctypes.c_uint64),
        ("full_sequence", ctypes.c_uint32),
        ("msc", ctypes.c_uint64),
    )


class XPresent:
    """Asks the X server for the next frame of a window's screen. Belongs to one thread once it is made.

    Args:
        window: X id of a window that stays as long as this does.
        now_s: session clock.

    Raises:
        OSError: there is no X server, or none with the Present extension.
    """

    def __init__(self, window: int, now_s: Callable[[], float]) -> None:
        self._now_s, self._window = now_s, window
        self._xcb, self._present, self._libc = _libraries()
        self._connection = self._xcb.xcb_connect(None, None)
        self._events: Any = None
        try:
            self._listen()
        except OSError:
            self.close()
            raise

    def next_frame_s(self) -> float | None:
        """Wait for the next frame to begin; return the session time of that, None when it is not told."""
        self._present.xcb_present_notify_msc(self._connection, self._window, _SERIAL, 0, 1, 0)
        self._xcb.xcb_flush(self._connection)
        deadline = time.monotonic() + _PATIENCE_S
        while (left_s := deadline - time.monotonic()) > 0:
            found = self._xcb.xcb_poll_for_special_event(self._connection, self._events)
            if found:
                told_s = ctypes.cast(found, ctypes.POINTER(_Complete)).contents.ust / 1e6
                self._libc.free(found)
                return told_s if abs(told_s - self._now_s()) < _APART_S else None
            select.select([self._xcb.xcb_get_file_descriptor(self._connection)], [], [], left_s)
        return None

    def close(self) -> None:
        """Leave the X server. Idempotent."""
        if self._connection:
            if self._events:
                self._xcb.xcb_unregister_for_special_event(self._connection, self._events)
            self._xcb.xcb_disconnect(self._connection)
            self._connection = self._events = None

    def _listen(self) -> None:
        if self._xcb.xcb_connection_has_error(self._connection):
            raise OSError("no X server answers")
        extension = ctypes.c_void_p.in_dll(self._present, "xcb_present_id")
        told = self._xcb.xcb_get_extension_data(self._connection, ctypes.byref(extension))
        if not told or not ctypes.cast(told, ctypes.POINTER(ctypes.c_uint8))[8]:
            raise OSError("the X server has no Present extension")
        number = self._xcb.xcb_generate_id(self._connection)
        self._events = self._xcb.xcb_register_for_special_xge(
            self._connection, ctypes.byref(extension), number, None
        )
        self._present.xcb_present_select_input(self._connection, number, self._window, _COMPLETE_MASK)
        self._xcb.xcb_flush(self._connection)


def _libraries() -> tuple[Any, Any, Any]:
    xcb, present = ctypes.CDLL("libxcb.so.1"), ctypes.CDLL("libxcb-present.so.0")
    pointer, u32, u64 = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64
    for name, result, arguments in (
        ("xcb_connect", pointer, [ctypes.c_char_p, pointer]),
        ("xcb_connection_has_error", ctypes.c_int, [pointer]),
        ("xcb_get_extension_data", pointer, [pointer, pointer]),
        ("xcb_generate_id", u32, [pointer]),
        ("xcb_register_for_special_xge", pointer, [pointer, pointer, u32, pointer]),
        ("xcb_unregister_for_special_event", None, [pointer, pointer]),
        ("xcb_poll_for_special_event", pointer, [pointer, pointer]),
        ("xcb_get_file_descriptor", ctypes.c_int, [pointer]),
        ("xcb_flush", ctypes.c_int, [pointer]),
        ("xcb_disconnect", None, [pointer]),
    ):
        function = getattr(xcb, name)
        function.restype, function.argtypes = result, arguments
    present.xcb_present_select_input.argtypes = [pointer, u32, u32, u32]
    present.xcb_present_notify_msc.argtypes = [pointer, u32, u32, u64, u64, u64]
    # Both return a 4-byte cookie.
    present.xcb_present_select_input.restype = present.xcb_present_notify_msc.restype = u32
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [pointer]
    return xcb, present, libc
