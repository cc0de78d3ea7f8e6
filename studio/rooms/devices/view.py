"""The room "Devices and display": renders the controller's state and turns clicks into its calls."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.house import House
from studio.rooms.devices.controller import DevicesController, Shared
from studio.rooms.devices.display_view import DisplayView
from studio.rooms.devices.instruments_view import InstrumentsView
from studio.rooms.devices.picker_view import PickerView
from studio.rooms.devices.source_list import SourceList
from studio.rooms.devices.source_view import SourceView
from studio.rooms.devices.state import DevicesState
from studio.rooms.room import Room
from studio.widgets.column import Column
from studio.widgets.panel import Panel
from studio.windows.monitors import monitors
from studio.windows.overlay import CardRuler, Identify

_BEAT_MS = 100


class DevicesRoom(Room):
    """Where gaze comes from, and the participant's display.

    Attributes:
        sources: the list at the left.
        source: the chosen one.
        picker: questions about a stream's channels.
        display: the participant's display.
        instruments: a photodiode and other recorders.
        go_on: the main button.
        why_not: why the main button cannot be pressed yet.
    """

    def __init__(self, house: House) -> None:
        super().__init__(house)
        shared = Shared(house.visit, house.settings, house.background, house.clock, self._recording)
        self.controller = DevicesController(shared)
        self._overlays: list[QWidget] = []
        self._beat = QTimer(self, interval=_BEAT_MS)
        self._beat.timeout.connect(self.controller.beat)
        self._furnish()
        self._listen()
        self._unwatch = [
            self.controller.state.watch(self._render),
            house.settings.watch(lambda settings: self.instruments.render_settings(settings)),
        ]

    def enter(self, about: Path | None) -> None:
        """Begin to look for streams; ``about`` a session file takes it as the source."""
        self.controller.enter(monitors())
        if about is not None:
            self.controller.replay(about)
        self._beat.start()

    def leave(self) -> None:
        """Stop looking, and close the preview before anything is recorded."""
        self._beat.stop()
        self._close_overlays()
        self.controller.leave()

    def redress(self) -> bool:
        """Furnish anew in the new colours; what was chosen and entered stays."""
        self._close_overlays()
        self.clear()
        self._furnish()
        self.instruments.render_settings(self.house.settings.value)
        self._render(self.controller.state.value)
        return True

    def close_down(self) -> None:
        """End preview and discovery."""
        self._beat.stop()
        for unwatch in self._unwatch:
            unwatch()
        self._close_overlays()
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.screenAdded.disconnect(self._monitors_changed)
            app.screenRemoved.disconnect(self._monitors_changed)
        self.controller.close_down()

    # ---- what is shown

    def _render(self, state: DevicesState) -> None:
        self.sources.render_state(state)
        self._turn_to(self.picker if state.picking is not None else self.source)
        if state.picking is not None:
            self.picker.render_picking(state.picking)
        else:
            self.source.render_state(state)
        self.display.render_setup(state.setup)
        missing = state.missing
        self.go_on.setEnabled(not missing)
        self.why_not.setText(missing)

    def _turn_to(self, part: QWidget) -> None:
        """Show the source or the questions; the hidden one must not ask for room."""
        for one in (self.source, self.picker):
            policy = QSizePolicy.Policy.Preferred if one is part else QSizePolicy.Policy.Ignored
            one.setSizePolicy(policy, policy)
        self._middle.setCurrentWidget(part)

    def _furnish(self) -> None:
        """Build everything in the house's colours."""
        palette = self.house.palette
        self.sources, self.source = SourceList(palette), SourceView(palette)
        self.picker, self.display = PickerView(palette), DisplayView(palette)
        self.instruments = InstrumentsView()
        self.go_on, self.why_not = QPushButton("Go on to calibration"), QLabel()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.go_on.setProperty("role", "main")
        self.go_on.setAccessibleName("Go on to calibration")
        self.go_on.setToolTip("Go on to calibration (Enter)")
        self.why_not.setWordWrap(True)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.source)
        self._middle.addWidget(self.picker)
        columns = QHBoxLayout()
        columns.setContentsMargins(0, 0, 0, 0)
        columns.addWidget(Panel("Where gaze comes from", self.sources), 3)
        columns.addWidget(Panel("Chosen source", Column(self._middle)), 5)
        columns.addWidget(Panel("Participant's display", Column(self._right())), 4)
        bottom = QHBoxLayout()
        bottom.addWidget(self.why_not, 1)
        bottom.addWidget(self.go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(columns, 1)
        layout.addLayout(bottom)

    def _right(self) -> QWidget:
        right = QWidget()
        layout = QVBoxLayout(right)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.display, 1)
        layout.addWidget(self.instruments)
        return right

    def _connect(self) -> None:
        controller = self.controller
        self.sources.chosen.connect(controller.choose)
        self.sources.session_wanted.connect(self._ask_session)
        self.source.pick_wanted.connect(controller.picker.begin)
        self.source.surface_wanted.connect(self._ask_surface)
        self.picker.answered.connect(controller.picker.answer)
        self.picker.cancelled.connect(controller.picker.stop)
        self.display.display_chosen.connect(controller.display)
        self.display.size_entered.connect(controller.size)
        self.display.distance_entered.connect(controller.distance)
        self.display.insisted.connect(controller.insist)
        self.display.identify_wanted.connect(self._identify)
        self.display.card_wanted.connect(self._measure)
        self.instruments.corner_chosen.connect(controller.photodiode)
        self.instruments.publishing.connect(controller.publish)
        self.go_on.clicked.connect(self._go_on)

    def _listen(self) -> None:
        """Take keys, and notice monitors that come and go."""
        for key in ("Return", "Enter"):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(self._enter_pressed)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenAdded.connect(self._monitors_changed)
        app.screenRemoved.connect(self._monitors_changed)

    # ---- what is done

    def _recording(self) -> bool:
        performance = self.house.performance.value
        return performance is not None and performance.running

    def _enter_pressed(self) -> None:
        """Take a number that is being typed, or the answer about channels; else go on."""
        focused = self.focusWidget()
        if isinstance(focused, QAbstractSpinBox) and focused.hasFocus():
            focused.interpretText()
        elif self.controller.state.value.picking is not None:
            self.picker.keep.click()
        else:
            self.go_on.click()

    def _go_on(self) -> None:
        self._beat.stop()
        self.controller.leave(lambda: self.house.go("calibration", None))

    def _monitors_changed(self) -> None:
        # Qt still lists a monitor while it tells that it goes.
        QTimer.singleShot(0, self, lambda: self.controller.monitors(monitors()))

    def _ask_session(self) -> None:
        folder = str(self.house.sessions_folder)
        name, _ = QFileDialog.getOpenFileName(self, "Session to replay", folder, "Sessions (*.h5)")
        if name:
            self.controller.replay(Path(name))

    def _ask_surface(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Surface file", "", "Surface files (*.toml)")
        if name:
            self.controller.wear(Path(name))

    def _identify(self) -> None:
        self._close_overlays()
        chosen = self.controller.state.value.setup.name
        for screen in QGuiApplication.screens():
            overlay = Identify(screen.name(), screen.name() == chosen)
            self._overlays.append(overlay)
            overlay.show_on(screen)

    def _measure(self) -> None:
        self._close_overlays()
        chosen = self.controller.state.value.setup.name
        for screen in QGuiApplication.screens():
            if screen.name() == chosen:
                ruler = CardRuler()
                ruler.measured.connect(self.controller.card)
                self._overlays.append(ruler)
                ruler.show_on(screen)

    def _close_overlays(self) -> None:
        for overlay in self._overlays:
            overlay.close()
            overlay.deleteLater()
        self._overlays.clear()
