"""How a process that runs our commands deals with memory."""

import gc
import os

OBJECTS_BETWEEN_COLLECTIONS = 1_000_000
# Arrow asks for pages of two megabytes, of which much is cleared and never used: with small ones a million
# models take a tenth less time. Arrow reads this when it is loaded.
ENVIRONMENT = {"MIMALLOC_ALLOW_THP": "0"}


def settle() -> None:
    """Set this process up, before Arrow is imported; what a user has set in the environment stays."""
    # Rules and licenses are many objects that stay: looking through them again and again costs much.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
