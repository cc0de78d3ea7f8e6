"""The monitors that Qt knows."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication, QScreen

from studio.monitors import Monitor


def monitors() -> tuple[Monitor, ...]:
    """Return the monitors there are now, the operator's first."""
    primary = QGuiApplication.primaryScreen()
    found = [_monitor(screen, screen is primary) for screen in QGuiApplication.screens()]
    return tuple(sorted(found, key=lambda one: not one.primary))


def _monitor(screen: QScreen, primary: bool) -> Monitor:
    place, size = screen.geometry(), screen.physicalSize()
    told = (round(size.width(), 1), round(size.height(), 1))
    return Monitor(
        name=screen.name(),
        model=" ".join(filter(None, (screen.manufacturer(), screen.model()))),
        place=(place.left(), place.top(), place.width(), place.height()),
        ratio=screen.devicePixelRatio(),
        told_mm=told if min(told) > 0 else None,
        refresh_hz=screen.refreshRate(),
        primary=primary,
    )
