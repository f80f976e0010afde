"""Outside programs that some tests need."""

import os
import shutil
from typing import NoReturn

import pytest


def tool(name: str) -> str:
    """
    Return the path of a program, or skip the test (fail it when KVLAB_REQUIRE_TOOLS=1) because it is absent.
    """
    return shutil.which(name) or missing(f"the program '{name}'")


def missing(what: str) -> NoReturn:
    """
    Skip the test, or fail it when KVLAB_REQUIRE_TOOLS=1, for want of something.
    """
    reason = f"needs {what}"
    if os.environ.get("KVLAB_REQUIRE_TOOLS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
