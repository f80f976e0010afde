"""`import kvlab` brings in nothing heavy."""

import subprocess
import sys

import pytest

import kvlab

HEAVY = (
    "sqlalchemy", "pandas", "ipywidgets", "starlette", "uvicorn", "IPython", "pydantic", "cryptography", "azure", "boto3",
)  # fmt: skip

LOOK = """
import sys, time
start = time.perf_counter()
import kvlab
took = time.perf_counter() - start
print(f"{1000 * took:.0f} ms")
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_nothing_heavy_comes_with_the_package():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True, timeout=60)

    took, modules = done.stdout.splitlines()
    print(f"import kvlab took {took}")
    assert set(HEAVY).isdisjoint(modules.split())


@pytest.mark.parametrize("name", kvlab.__all__)
def test_every_name_is_there_when_it_is_used(name):
    assert getattr(kvlab, name) is not None
    assert name in dir(kvlab)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'certifcate'"):
        kvlab.certifcate  # noqa: B018
