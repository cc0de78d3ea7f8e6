"""Plane-to-plane maps: a head-worn camera's picture of a flat screen, and back to the screen.

A screen is flat, so a camera without lens distortion sees it through a homography: a 3x3 matrix, up to scale.
It is estimated from corresponding points by the normalised direct linear transform (Hartley and Zisserman,
Multiple View Geometry, 2nd edition, algorithm 4.2).
"""

from __future__ import annotations

import numpy as np

from protocols.errors import SurfaceUnusable
from protocols.geometry import FloatArray, Screen

_RANK = 1e-4  # second smallest singular value of normalised points, relative; noise of 1 px is about 1e-3
_CONDITION = 1e7
_FAR_PX = 1e6
_WHY = "A map from a bad view would put gaze where nobody looked."


def fit_homography(scene_px: FloatArray, screen_px: FloatArray) -> FloatArray:
    """Estimate the map from scene px to screen px.

    Args:
        scene_px: points in the scene camera's picture, shape (n, 2), n >= 4.
        screen_px: the same points on the screen, shape (n, 2); may lie off the screen.

    Returns:
        Shape (3, 3), scaled so that the centre of the points has weight 1.

    Raises:
        SurfaceUnusable: too few points, on a line or in one place, or seen as in a mirror.
    """
    scene, screen = np.asarray(scene_px, dtype=np.float64), np.asarray(screen_px, dtype=np.float64)
    _refuse_unusable(scene, screen)
    to_scene, to_screen = _normalisation(scene), _normalisation(screen)
    rows = _equations(apply(to_scene, scene), apply(to_screen, screen))
    _, sizes, right = np.linalg.svd(rows)
    if sizes[7] < _RANK * sizes[0]:
        raise _unusable("the points lie on a line, or all but one do")
    normalised = right[-1].reshape(3, 3)
    homography = np.linalg.inv(to_screen) @ normalised @ to_scene
    return checked(homography, scene)


def checked(homography: FloatArray, scene_px: FloatArray) -> FloatArray:
    """Return the map, scaled so that the centre of ``scene_px`` has weight 1.

    Args:
        homography: scene px to screen px, shape (3, 3), any scale.
        scene_px: where it has to make sense, shape (n, 2).

    Raises:
        SurfaceUnusable: it is not a view of a screen's front.
    """
    if not np.isfinite(homography).all():
        raise _unusable("the map holds values that are no numbers")
    weight = homography[2] @ np.append(scene_px.mean(axis=0), 1.0)
    if abs(weight) < 1e-12 * max(np.abs(homography).max(), 1e-300):
        raise _unusable("the surface is seen edge on")
    scaled = homography / weight
    weights = np.column_stack([scene_px, np.ones(len(scene_px))]) @ scaled[2]
    if (weights <= 0).any():
        raise _unusable("the surface reaches behind the camera")
    if np.linalg.det(scaled) <= 0:
        raise _unusable(
            "the surface is seen as in a mirror, which no camera does; corners are in another order"
        )
    normalised = scaled @ np.linalg.inv(_normalisation(scene_px)) if len(scene_px) > 1 else scaled
    if np.linalg.cond(normalised / np.abs(normalised).max(axis=1, keepdims=True)) > _CONDITION:
        raise _unusable("the surface is seen at too flat an angle")
    return np.asarray(scaled)


def of_matrix(matrix: FloatArray, screen: Screen) -> FloatArray:
    """Return a map that another program has estimated, checked and scaled as ``fit_homography`` does.

    Args:
        matrix: scene px to screen px, shape (3, 3), any scale.
        screen: whose corners it must map sensibly.

    Raises:
        SurfaceUnusable: it is not a view of a screen's front.
    """
    largest = np.abs(matrix).max()
    if not np.isfinite(matrix).all() or not largest > 0 or np.linalg.matrix_rank(matrix / largest) < 3:
        raise _unusable("the map is no invertible matrix")
    matrix = matrix / largest
    corners = np.array([[x, y, 1.0] for x in (0.0, screen.size_px[0]) for y in (0.0, screen.size_px[1])])
    seen = corners @ np.linalg.inv(matrix).T
    if not (seen[:, 2] > 0).all() and not (seen[:, 2] < 0).all():
        raise _unusable("the surface reaches behind the camera")
    corners_px = np.asarray(seen[:, :2] / seen[:, 2:])
    if not np.abs(corners_px).max() < _FAR_PX:
        raise _unusable("the surface reaches out of any picture")
    return checked(matrix, corners_px)


def apply(homography: FloatArray, xy: FloatArray) -> FloatArray:
    """Map points.

    Args:
        homography: shape (3, 3), or one for each point (n, 3, 3).
        xy: shape (n, 2), NaN allowed.

    Returns:
        Shape (n, 2); NaN for a NaN, and for a point at or beyond the horizon of the surface.
    """
    lifted = np.column_stack([xy, np.ones(len(xy))])
    mapped = np.einsum("...ij,...j->...i", homography, lifted)
    weight = mapped[:, 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(weight > 0, mapped[:, :2] / weight, np.nan))


def residual_px(homography: FloatArray, scene_px: FloatArray, screen_px: FloatArray) -> float:
    """Return the largest distance in screen px between mapped and true points."""
    return float(np.linalg.norm(apply(homography, scene_px) - screen_px, axis=1).max())


def _refuse_unusable(scene: FloatArray, screen: FloatArray) -> None:
    if scene.shape != screen.shape or scene.ndim != 2 or scene.shape[1] != 2:
        raise _unusable(f"points of shapes {scene.shape} and {screen.shape} do not correspond")
    if len(scene) < 4:
        raise _unusable(f"{len(scene)} points are known, and a map needs four")
    if not (np.isfinite(scene).all() and np.isfinite(screen).all()):
        raise _unusable("some points are no numbers")
    if max(np.abs(scene).max(), np.abs(screen).max()) > _FAR_PX:
        raise _unusable(f"some points are more than {_FAR_PX:.0e} px away")
    if np.ptp(scene, axis=0).max() == 0 or np.ptp(screen, axis=0).max() == 0:
        raise _unusable("all points are in one place")


def _normalisation(points: FloatArray) -> FloatArray:
    """Return the map that moves the points' centre to 0 and their mean distance from it to sqrt 2."""
    centre = points.mean(axis=0)
    scale = np.sqrt(2.0) / np.linalg.norm(points - centre, axis=1).mean()
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1.0]])


def _equations(source: FloatArray, target: FloatArray) -> FloatArray:
    """Return the linear equations, shape (2 n, 9), that the nine entries of the map satisfy."""
    zeros = np.zeros((len(source), 3))
    lifted = np.column_stack([source, np.ones(len(source))])
    u, v = target[:, :1], target[:, 1:]
    above = np.hstack([lifted, zeros, -u * lifted])
    below = np.hstack([zeros, lifted, -v * lifted])
    return np.vstack([above, below])


def _unusable(how: str) -> SurfaceUnusable:
    return SurfaceUnusable(
        f"No map from the scene camera to the screen: {how}.",
        _WHY,
        "Show the camera two tags or more, well apart, from the front; check ids and corner order.",
    )
