"""Outside programs that some tests need."""

import os
import shutil

import pytest


def tool(name: str) -> str:
    """
    Return the path of a program, or skip the test (fail it when KVLAB_REQUIRE_TOOLS=1) because it is absent.
    """
    path = shutil.which(name)
    if path is None:
        reason = f"needs the program '{name}'"
        if os.environ.get("KVLAB_REQUIRE_TOOLS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
