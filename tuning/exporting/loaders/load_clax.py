"""Loads exported personas into CLAX; comes with the files it loads and needs nothing of GazeTwin.

Made for clax-models 0.1.1 with jax 0.7.2 (newer versions of jax removed what its flax 0.11 needs).

    from load_clax import batch, personas, position_based_model

    model = position_based_model("exported", "P01")
    page = batch("exported", [["Drama", "Comedy", "Drama"]])
    clicks = model.sample(page, rngs=nnx.Rngs(1)).clicks        # (1, positions), bool
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


def personas(folder: str | Path) -> list[str]:
    """Return whose personas a folder holds, in the order of the file."""
    return list(_description(folder)["participants"])


def position_based_model(folder: str | Path, participant: str) -> Any:
    """Return one participant as `clax.PositionBasedModel`."""
    import jax.numpy as jnp
    from clax import PositionBasedModel
    from flax import nnx

    about = _description(folder)
    model = PositionBasedModel(
        positions=about["positions"], query_doc_pairs=len(about["genres"]), rngs=nnx.Rngs(0)
    )
    for name in ("examination", "attraction"):
        values, parameter = about["participants"][participant][name], getattr(model, name)
        parameter.baseline.value = jnp.asarray(values["baseline"])
        parameter.embeddings.embedding.value = jnp.asarray(values["embedding"])
    return model


def batch(folder: str | Path, genres: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return pages as CLAX takes them.

    Args:
        folder: the export.
        genres: per page, the main genre of the film at each position in reading order.
    """
    import jax.numpy as jnp

    about = _description(folder)
    ids = np.zeros((len(genres), about["positions"]), dtype=np.int32)  # CLAX counts from 1; 0 is padding
    for page, films in enumerate(genres):
        ids[page, : len(films)] = [about["genres"].index(genre) + 1 for genre in films]
    places = np.broadcast_to(np.arange(1, about["positions"] + 1, dtype=np.int32), ids.shape)
    shown = ids > 0
    return {
        "positions": jnp.asarray(places * shown),
        "query_doc_ids": jnp.asarray(ids),
        "mask": jnp.asarray(shown),
    }


def _description(folder: str | Path) -> dict[str, Any]:
    text = (Path(folder) / "personas.json").read_text(encoding="utf-8")
    description: dict[str, Any] = json.loads(text)
    return description
