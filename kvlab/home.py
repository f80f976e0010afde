"""Where kvlab keeps its files."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """
    Return ``KVLAB_HOME``, by default ``~/.kvlab``; it need not exist.

    Raises:
        RuntimeError: there is no home directory.
    """
    return Path(os.environ.get("KVLAB_HOME") or Path.home() / ".kvlab")
