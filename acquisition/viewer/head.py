"""A simulated head that wears a scene camera and moves a little while somebody looks at the screen."""

from __future__ import annotations

import numpy as np

from acquisition.binocular import BinocularGaze
from acquisition.homography import apply
from protocols.geometry import FloatArray, Screen

_FIELD_OF_VIEW_DEG = 80.0
_TURN_DEG = (4.0, 3.0, 2.0)  # pitch, yaw, roll
_SWAY_MM = (25.0, 15.0, 30.0)
_TURN_HZ = (0.31, 0.23, 0.17)
_SWAY_HZ = (0.19, 0.13, 0.11)


class Head:
    """A pinhole camera without distortion, on a head that turns and sways around its place.

    Args:
        screen: what it looks at.
        scene: its picture.
        seed: draws where in its movement it starts.
    """

    def __init__(self, screen: Screen, scene: Screen, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self._screen, self._scene = screen, scene
        self._turn_phase, self._sway_phase = rng.uniform(0, 2 * np.pi, (2, 3))

    def scene_of_screen(self, t_s: float) -> FloatArray:
        """Return the map from screen px to scene px at a time, shape (3, 3)."""
        turn = np.radians(_TURN_DEG) * np.sin(2 * np.pi * np.asarray(_TURN_HZ) * t_s + self._turn_phase)
        sway = np.asarray(_SWAY_MM) * np.sin(2 * np.pi * np.asarray(_SWAY_HZ) * t_s + self._sway_phase)
        place = sway + np.array([0.0, 0.0, self._screen.distance_mm])
        view = np.column_stack([_rotation(turn)[:, :2], place])  # the plane z = 0, in mm from its centre
        return np.asarray(self._camera() @ view @ self._mm_of_px())

    def in_scene(self, gaze: BinocularGaze) -> BinocularGaze:
        """Return the same gaze as fractions of the camera's picture instead of the screen."""
        maps = np.array([self.scene_of_screen(t_s) for t_s in gaze.t_s]).reshape(-1, 3, 3)
        screen_px, scene_px = np.asarray(self._screen.size_px), np.asarray(self._scene.size_px)
        eyes = [apply(maps, gaze.xy[:, eye] * screen_px) / scene_px for eye in (0, 1)]
        return BinocularGaze(gaze.t_s, np.stack(eyes, axis=1), gaze.pupil_mm)

    def _camera(self) -> FloatArray:
        width, height = self._scene.size_px
        focal_px = width / 2 / np.tan(np.radians(_FIELD_OF_VIEW_DEG / 2))
        return np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1.0]])

    def _mm_of_px(self) -> FloatArray:
        (width_px, height_px), (width_mm, height_mm) = self._screen.size_px, self._screen.size_mm
        return np.array(
            [
                [width_mm / width_px, 0.0, -width_mm / 2],
                [0.0, height_mm / height_px, -height_mm / 2],
                [0.0, 0.0, 1.0],
            ]
        )


def _rotation(angles: FloatArray) -> FloatArray:
    (sx, sy, sz), (cx, cy, cz) = np.sin(angles), np.cos(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x)
