"""What all tests of lessons need."""

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A KVLAB_HOME of the test's own: what is passed here is not the progress that the start page's test shows."""
    monkeypatch.setenv("KVLAB_HOME", str(tmp_path / "kvlab-home"))
