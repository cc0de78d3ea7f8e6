"""The menus of the Studio's window: what is rarely needed, and what people look for in menus."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QLabel, QMainWindow, QMenu, QVBoxLayout

from studio.house import House
from studio.settings import Settings
from studio.state import Notice

SHORTCUTS = (
    ("Alt+1 to Alt+8", "go to a room"),
    ("Enter", "press the room's main button"),
    ("Tab, Shift+Tab", "next and previous control"),
    ("Ctrl++, Ctrl+-, Ctrl+0", "larger, smaller, ordinary letters"),
    ("Ctrl+T", "dark or light"),
    ("Ctrl+F", "search among the sessions (Start)"),
    ("F1", "this list"),
    ("Ctrl+Q", "close the Studio"),
)


class Menus:
    """Fills a window's menu bar.

    Args:
        window: gets the menus.
        house: what the rooms share.

    Attributes:
        larger: makes letters larger.
        smaller: makes letters smaller.
        ordinary: makes letters as they are at first.
        dark: the dark theme.
        light: the light theme.
        folder: asks for the data folder.
        shortcuts: shows the keys.
        doctor: looks whether everything is installed.
    """

    def __init__(self, window: QMainWindow, house: House) -> None:
        self._window, self._house = window, house
        studio, view, help_ = (window.menuBar().addMenu(name) for name in ("&Studio", "&View", "&Help"))
        self.folder = self._action(studio, "&Data folder…", "", self._ask_folder)
        self.close = self._action(studio, "&Close", "Ctrl+Q", window.close)
        self.dark = self._action(view, "&Dark", "", lambda: self._theme("dark"))
        self.light = self._action(view, "L&ight", "", lambda: self._theme("light"))
        self.other = self._action(view, "&Other theme", "Ctrl+T", self._other_theme)
        view.addSeparator()
        self.larger = self._action(view, "&Larger letters", "Ctrl++", lambda: self._scale(1))
        self.larger.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        self.smaller = self._action(view, "&Smaller letters", "Ctrl+-", lambda: self._scale(-1))
        self.ordinary = self._action(view, "Or&dinary letters", "Ctrl+0", lambda: self._scale(0))
        self.shortcuts = self._action(help_, "&Keys", "F1", self._show_keys)
        self.doctor = self._action(help_, "&Doctor: is everything installed?", "", self._ask_doctor)
        self._choose_between(self.dark, self.light)
        house.settings.watch(self._render)

    def _action(self, menu: QMenu, words: str, keys: str, do: Callable[[], object]) -> QAction:
        action = QAction(words, self._window)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: do())
        menu.addAction(action)
        return action

    def _choose_between(self, *actions: QAction) -> None:
        group = QActionGroup(self._window)
        for action in actions:
            action.setCheckable(True)
            group.addAction(action)

    def _render(self, settings: Settings) -> None:
        (self.light if settings.theme == "light" else self.dark).setChecked(True)

    def _theme(self, theme: str) -> None:
        self._house.settings.put(self._house.settings.value.model_copy(update={"theme": theme}))

    def _other_theme(self) -> None:
        self._theme("dark" if self._house.settings.value.theme == "light" else "light")

    def _scale(self, steps: int) -> None:
        self._house.settings.put(self._house.settings.value.scaled(steps))

    def _ask_folder(self) -> None:
        now = self._house.settings.value.data_folder
        chosen = QFileDialog.getExistingDirectory(self._window, "Where sessions are kept", str(now))
        if chosen:
            update = {"data_folder": Path(chosen)}
            self._house.settings.put(self._house.settings.value.model_copy(update=update))

    def _show_keys(self) -> None:
        rows = "".join(f"<tr><td><b>{k}</b></td><td>{words}</td></tr>" for k, words in SHORTCUTS)
        self._show("Keys", f"<table cellpadding='4'>{rows}</table>")

    def _ask_doctor(self) -> None:
        self._house.notice.put(Notice("Looking whether everything is installed …", "quiet"))
        self._house.background(_examined, self._tell_doctor, lambda e: self._tell_doctor(str(e)))

    def _tell_doctor(self, text: str) -> None:
        self._house.notice.put(None)
        self._show("Doctor", text)

    def _show(self, title: str, text: str) -> None:
        dialog = QDialog(self._window)
        dialog.setWindowTitle(title)
        label = QLabel(text)
        label.setWordWrap(True)
        label.setAccessibleName(title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(dialog.reject)
        layout = QVBoxLayout(dialog)
        layout.addWidget(label)
        layout.addWidget(buttons)
        dialog.open()


def _examined() -> str:
    from studio.doctor import examine

    rows = "".join(
        f"<tr><td><b>{escape(f.name)}</b></td><td>{f.level}</td><td>{escape(f'{f.found}. {f.fix}')}</td></tr>"
        for f in examine()
    )
    return f"<table cellpadding='4'>{rows}</table>"
