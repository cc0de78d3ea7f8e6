"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
SessionPath = Annotated[Path, typer.Argument(metavar="SESSION", help="A recorded session (.h5).")]


class Device(StrEnum):
    """Where a model lives."""

    cpu = "cpu"
    cuda = "cuda"


class Precision(StrEnum):
    """Of a model's weights."""

    fp32 = "fp32"
    bf16 = "bf16"


BackboneName = Annotated[
    str,
    typer.Option(
        "--backbone",
        metavar="NAME",
        help="carousel-tiny, or folder or hub id of a Qwen3-VL or InternVL model.",
    ),
]
OwnBackbone = Annotated[
    str,
    typer.Option(
        "--backbone", metavar="NAME", help="Name, folder or hub id; by default that of the persona."
    ),
]
DeviceName = Annotated[Device, typer.Option("--device", help="Where a folder's or hub model runs.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="How many compute at a time, one thread each; here 1 by default."),
]
ClusterAddress = Annotated[
    str,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Ray cluster, local (Ray here), or slurm[:PARTITION].",
    ),
]
GpusPerWorker = Annotated[
    float, typer.Option("--gpus", min=0.0, help="GPUs per worker on a cluster; may be a fraction with Ray.")
]
PrecisionName = Annotated[Precision, typer.Option("--precision", help="Of a folder's or hub model.")]
