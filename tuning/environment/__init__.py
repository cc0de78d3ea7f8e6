"""Gymnasium environment in which a recommender fills carousel pages and a participant's twin clicks.

Importing this registers ``GazeTwin/Carousel-v0``::

    import gymnasium
    import tuning.environment

    env = gymnasium.make("GazeTwin/Carousel-v0", persona="P01.persona.safetensors")
"""

from __future__ import annotations

from gymnasium.envs.registration import register

ID = "GazeTwin/Carousel-v0"

register(id=ID, entry_point="tuning.environment.carousel:Carousel")
