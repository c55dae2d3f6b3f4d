"""What all tests share: one thread, and random examples that are the same in every run."""

import os

import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(
    1
)  # small nets: more threads only get in each other's way, and one gives the same bits every time

os.environ["KDLAB_CACHE"] = ""  # what was kept before must not decide what is tested, nor tests fill a user's folder

# How long an example takes depends on what else the machine does, and decides nothing here.
UNHURRIED = {"derandomize": True, "deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("kdlab", **UNHURRIED)
settings.register_profile("thorough", **UNHURRIED, max_examples=1000)  # `make test-all`
settings.load_profile("kdlab")
