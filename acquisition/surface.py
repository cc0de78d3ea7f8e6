"""Where a screen is in the picture of a scene camera: what a surface file says, and maps from streams.

Two kinds of stream can tell, both described in docs/trackers/surface.md: corners of tags that were detected
in the picture, one sample a tag, or ready 3x3 maps, one sample a picture.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from acquisition.homography import fit_homography, of_matrix, residual_px
from protocols.errors import SurfaceUnusable
from protocols.geometry import FloatArray, Screen

FORMAT = "gazetwin-surface/1"
TAG_CHANNELS = 9  # id, then x and y of four corners

Point = tuple[float, float]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Tag(_Table):
    """A tag on or beside the screen.

    Attributes:
        id: as printed in the tag.
        corners_px: top left, top right, bottom right, bottom left of its black square as it hangs there, in
            screen px; negative or beyond the size of the screen when it is fixed to the frame around it.
    """

    id: int = Field(ge=0)
    corners_px: tuple[Point, Point, Point, Point]


class TagStream(_Table):
    """A stream of tag corners.

    Attributes:
        stream: its name or source id.
        corners: in which order it sends a tag's corners: ``opencv`` from the top left clockwise, ``apriltag``
            from the bottom left counter-clockwise.
        at_least: how many tags a picture must show to be used.
        off_by_px: a picture is not used when a corner fits worse than this, in screen px.
        tag: the tags.
    """

    stream: str = Field(min_length=1)
    corners: Literal["opencv", "apriltag"] = "opencv"
    at_least: int = Field(default=2, ge=1)
    off_by_px: float = Field(default=15.0, gt=0)
    tag: tuple[Tag, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _tags_differ(self) -> Self:
        ids = [tag.id for tag in self.tag]
        if len(set(ids)) < len(ids):
            raise ValueError("two tags have the same id")
        if len(ids) < self.at_least:
            raise ValueError(f"{len(ids)} tags can never show at least {self.at_least}")
        return self

    def screen_px(self, tag_id: int) -> FloatArray | None:
        """Return a tag's corners (4, 2) on the screen in the order of the stream, None for an unknown tag."""
        for tag in self.tag:
            if tag.id == tag_id:
                order = [0, 1, 2, 3] if self.corners == "opencv" else [3, 2, 1, 0]
                return np.asarray(tag.corners_px, dtype=np.float64)[order]
        return None


class MatrixStream(_Table):
    """A stream of 3x3 maps from scene px to screen px.

    Attributes:
        stream: its name or source id.
    """

    stream: str = Field(min_length=1)


class Surface(_Table):
    """A surface file.

    Attributes:
        format: version of the file format.
        scene_size_px: width and height of the scene camera's picture.
        max_age_ms: a gaze sample further than this from the newest map is invalid.
        tags: where tag corners come from.
        maps: where ready maps come from; exactly one of the two.
    """

    format: Literal["gazetwin-surface/1"]
    scene_size_px: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]
    max_age_ms: float = Field(default=150.0, gt=0, le=2000)
    tags: TagStream | None = None
    maps: MatrixStream | None = None

    @model_validator(mode="after")
    def _one_stream(self) -> Self:
        if (self.tags is None) == (self.maps is None):
            raise ValueError("give either [tags] or [maps]")
        return self

    @property
    def stream(self) -> str:
        """Name or source id of the stream that tells where the screen is."""
        table = self.tags or self.maps
        return table.stream if table else ""

    @property
    def scene(self) -> Screen:
        """The scene camera's picture."""
        return Screen(size_px=self.scene_size_px)


def read_surface(path: Path) -> Surface:
    """Read a surface file.

    Raises:
        SurfaceUnusable: there is none, or it breaks the rules.
    """
    try:
        return Surface.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid(path, str(error)) from error
    except ValidationError as error:
        listed = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors())
        raise _invalid(path, listed) from error


def map_of_tags(surface: TagStream, rows: FloatArray) -> FloatArray:
    """Estimate the map of one picture.

    Args:
        surface: the tags that are known.
        rows: detected tags, shape (n, 9): id, then x and y of four corners in scene px.

    Returns:
        Scene px to screen px, shape (3, 3).

    Raises:
        SurfaceUnusable: too few known tags, or a view that cannot be used.
    """
    scene, screen = [], []
    for row in rows:
        once = np.isfinite(row).all() and (rows[:, 0] == row[0]).sum() == 1  # a reflection shows a tag twice
        known = surface.screen_px(int(row[0])) if once else None
        if known is not None:
            scene.append(row[1:].reshape(4, 2))
            screen.append(known)
    if len(scene) < surface.at_least:
        raise _no_map(f"{len(scene)} of the file's tags are seen, and {surface.at_least} are asked for")
    scene_px, screen_px = np.concatenate(scene), np.concatenate(screen)
    homography = fit_homography(scene_px, screen_px)
    worst_px = residual_px(homography, scene_px, screen_px)
    if not worst_px <= surface.off_by_px:
        raise _no_map(f"a corner is {worst_px:.0f} px from where the file says")
    return homography


def map_of_row(row: FloatArray, screen: Screen) -> FloatArray:
    """Return the map that one sample (9,) of a stream of maps holds.

    Raises:
        SurfaceUnusable: it holds none; a tool says so with NaN or zeros.
    """
    return of_matrix(row.reshape(3, 3), screen)


def _no_map(how: str) -> SurfaceUnusable:
    return SurfaceUnusable(
        f"No map from the scene camera to the screen: {how}.",
        "Gaze of this picture cannot be placed on the screen.",
        "Check the ids, positions and corner order in the surface file, and that the camera sees the tags.",
    )


def _invalid(path: Path, how: str) -> SurfaceUnusable:
    return SurfaceUnusable(
        f"{path} is no surface file: {how}.",
        "It says where the tags are, without which gaze cannot be mapped onto the screen.",
        f'See docs/trackers/surface.md; the first line is format = "{FORMAT}".',
    )
