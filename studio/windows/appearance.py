"""How the Studio looks: one typeface on every machine, and one style sheet per palette."""

from __future__ import annotations

from importlib.resources import files

from PySide6.QtCore import QDir
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from protocols.errors import SetupError
from studio.theme import Palette

FAMILY = "Open Sans"
BASE_PX = 13


def dress(app: QApplication, palette: Palette, font_scale: float = 1.0) -> None:
    """Give the application the shipped typeface and a palette's colours; ``font_scale`` 1 is ordinary.

    Raises:
        SetupError: the typeface is not there.
    """
    load_fonts()
    QDir.setSearchPaths("arrows", [str(files("studio") / "windows" / "arrows")])
    font = QFont(FAMILY)
    font.setPixelSize(round(BASE_PX * font_scale))
    app.setFont(font)
    app.setStyle("Fusion")
    app.setPalette(_qt_palette(palette))
    app.setStyleSheet(style_sheet(palette, font_scale))


def style_sheet(palette: Palette, font_scale: float = 1.0) -> str:
    """Return the Qt style sheet of a palette."""
    p, large, value = palette, round(17 * font_scale), round(15 * font_scale)
    dot = 2 * round(8 * font_scale)
    return f"""
    QMainWindow, QDialog, QMessageBox {{ background: {p.background}; }}
    QLabel {{ color: {p.text}; background: transparent; }}
    QLabel[role="muted"] {{ color: {p.muted}; }}
    QLabel[role="title"] {{ font-weight: bold; }}
    QLabel[role="phase"] {{ font-size: {large}px; font-weight: bold; }}
    QLabel[role="clock"] {{ font-size: {large}px; font-weight: bold; }}
    QLabel[role="value"] {{ font-size: {value}px; font-weight: bold; }}
    QFrame[role="panel"] {{ background: {p.surface}; border: 1px solid {p.border}; border-radius: 6px; }}
    QPushButton {{ background: {p.surface}; color: {p.text}; border: 1px solid {p.control};
        border-radius: 4px; padding: 5px 12px; min-height: 20px; }}
    QPushButton:hover {{ background: {p.sunken}; }}
    QPushButton:pressed, QPushButton:checked {{ background: {p.sunken}; border-color: {p.text}; }}
    QPushButton:focus {{ border: 2px solid {p.focus}; padding: 4px 11px; }}
    QPushButton:disabled {{ color: {p.muted}; border: 1px dashed {p.border}; }}
    QPushButton[role="door"] {{ text-align: left; min-width: {round(135 * font_scale)}px;
        padding: 8px 12px; }}
    QPushButton[role="door"]:focus {{ padding: 7px 11px; }}
    QPushButton[role="door"][step="now"] {{ border-left: 4px solid {p.bad}; font-weight: bold; }}
    QPushButton[role="door"][step="next"] {{ border-left: 4px solid {p.real}; font-weight: bold; }}
    QPushButton[role="door"][step="done"] {{ border-left: 4px solid {p.good}; }}
    QPushButton[role="main"] {{ background: {p.real}; color: {p.background}; border-color: {p.real};
        font-weight: bold; }}
    QPushButton[role="main"]:disabled {{ background: {p.surface}; color: {p.muted}; }}
    QPushButton[role="main"]:focus {{ border: 2px solid {p.focus}; }}
    QPushButton[role="grave"] {{ color: {p.bad}; border-color: {p.bad}; }}
    QPushButton[role="grave"]:disabled {{ color: {p.muted}; border: 1px dashed {p.border}; }}
    QPushButton[role="grave"]:focus {{ border: 2px solid {p.focus}; }}
    QLineEdit {{ background: {p.sunken}; color: {p.text}; border: 1px solid {p.control}; border-radius: 4px;
        padding: 5px 8px; selection-background-color: {p.selected}; selection-color: {p.text}; }}
    QLineEdit:focus {{ border: 2px solid {p.focus}; padding: 4px 7px; }}
    QPlainTextEdit, QTextEdit, QTextBrowser {{ background: {p.sunken}; color: {p.text};
        border: 1px solid {p.control}; border-radius: 4px; padding: 4px 6px; }}
    QPlainTextEdit:focus, QTextEdit:focus, QTextBrowser:focus {{ border: 2px solid {p.focus}; }}
    QComboBox, QSpinBox, QDoubleSpinBox {{ background: {p.sunken}; color: {p.text};
        border: 1px solid {p.control}; border-radius: 4px; padding: 4px 8px; min-height: 20px; }}
    QAbstractSpinBox QLineEdit {{ border: 0; padding: 0 0 0 7px; }}
    QComboBox::drop-down, QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button,
        QDoubleSpinBox::down-button {{ background: transparent; border: 0; width: {dot + 6}px; }}
    QComboBox::down-arrow, QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: url(arrows:down.svg);
        width: {dot // 2 + 2}px; height: {dot // 2}px; }}
    QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: url(arrows:up.svg);
        width: {dot // 2 + 2}px; height: {dot // 2}px; }}
    QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border: 2px solid {p.focus}; padding: 3px 7px; }}
    QComboBox QAbstractItemView {{ background: {p.surface}; color: {p.text};
        selection-background-color: {p.selected}; selection-color: {p.text}; }}
    QListWidget {{ background: {p.sunken}; color: {p.text}; border: 1px solid {p.control};
        border-radius: 4px; }}
    QListWidget:focus {{ border: 2px solid {p.focus}; }}
    QListWidget::item {{ padding: 4px; border-left: 4px solid transparent; }}
    QListWidget::item:selected {{ background: {p.selected}; color: {p.text};
        border-left: 4px solid {p.real}; }}
    QRadioButton {{ color: {p.text}; spacing: 6px; padding: 3px; border: 2px solid transparent; }}
    QRadioButton:focus {{ border: 2px solid {p.focus}; border-radius: 4px; }}
    QRadioButton::indicator {{ width: {dot - 2}px; height: {dot - 2}px; border: 1px solid {p.control};
        border-radius: {dot // 2}px; background: {p.sunken}; }}
    QRadioButton::indicator:checked {{ width: {dot - 8}px; height: {dot - 8}px; border: 4px solid {p.real};
        background: {p.text}; }}
    QTabWidget::pane {{ background: {p.surface}; border: 1px solid {p.border}; }}
    QTabBar::tab {{ background: {p.background}; color: {p.muted}; border: 1px solid {p.border};
        padding: 6px 12px; margin-right: 2px; border-bottom: 3px solid transparent; }}
    QTabBar::tab:selected {{ background: {p.surface}; color: {p.text}; border-bottom-color: {p.real}; }}
    QTabBar::tab:hover {{ color: {p.text}; }}
    QTabBar::tab:selected:focus {{ border: 2px solid {p.focus}; padding: 6px 11px; }}
    QScrollArea {{ border: 0; background: transparent; }}
    QScrollArea > QWidget > QWidget[role="page"] {{ background: transparent; }}
    QMenuBar {{ background: {p.background}; color: {p.text}; }}
    QMenuBar::item:selected, QMenu::item:selected {{ background: {p.selected}; color: {p.text}; }}
    QMenu::item:disabled {{ color: {p.muted}; }}
    QMenu {{ background: {p.surface}; color: {p.text}; border: 1px solid {p.border}; }}
    QSplitter::handle {{ background: {p.background}; }}
    QCheckBox {{ color: {p.text}; spacing: 6px; padding: 3px; border: 2px solid transparent; }}
    QCheckBox:focus {{ border: 2px solid {p.focus}; border-radius: 4px; }}
    QCheckBox::indicator, QListWidget::indicator {{ width: {dot}px; height: {dot}px; }}
    QCheckBox::indicator:unchecked, QListWidget::indicator:unchecked {{ background: {p.sunken};
        border: 1px solid {p.control}; border-radius: 2px; }}
    QTableWidget {{ background: {p.surface}; color: {p.text}; border: 2px solid transparent;
        gridline-color: {p.border}; }}
    QTableWidget:focus {{ border: 2px solid {p.focus}; }}
    QTableWidget::item {{ padding: 0 6px; }}
    QTableWidget::item:selected {{ background: {p.selected}; color: {p.text}; }}
    QHeaderView {{ background: {p.surface}; border: 0; }}
    QHeaderView::section {{ background: {p.surface}; color: {p.muted}; border: 0; padding: 3px 6px;
        border-bottom: 1px solid {p.border}; }}
    QProgressBar {{ background: {p.sunken}; border: 1px solid {p.control}; border-radius: 4px;
        color: {p.text}; text-align: center; min-height: 16px; }}
    QProgressBar::chunk {{ background: {p.border}; border-radius: 3px; }}
    QToolTip {{ background: {p.sunken}; color: {p.text}; border: 1px solid {p.control}; padding: 3px; }}
    """


def load_fonts() -> None:
    """Make the shipped typeface known to Qt.

    Raises:
        SetupError: it is not there.
    """
    if FAMILY in QFontDatabase.families():
        return
    folder = files("protocols") / "fonts"
    for name in ("OpenSans-Regular.ttf", "OpenSans-Bold.ttf"):
        if QFontDatabase.addApplicationFontFromData((folder / name).read_bytes()) < 0:
            raise SetupError(
                f"The typeface {name} cannot be loaded.",
                "Windows would differ from machine to machine, or show no letters at all.",
                "Reinstall gazetwin.",
            )


def _qt_palette(palette: Palette) -> QPalette:
    role = QPalette.ColorRole
    colours = {
        role.Window: palette.background,
        role.WindowText: palette.text,
        role.Base: palette.sunken,
        role.AlternateBase: palette.surface,
        role.Text: palette.text,
        role.PlaceholderText: palette.muted,
        role.Button: palette.surface,
        role.ButtonText: palette.text,
        role.Highlight: palette.selected,
        role.HighlightedText: palette.text,
    }
    made = QPalette()
    for which, colour in colours.items():
        made.setColor(which, QColor(colour))
    return made
