"""Tables in Parquet files: the same again, and never half a file."""

import sys
from importlib.util import find_spec

import pandas as pd
import pytest

from kvlab import tables
from kvlab.errors import VaultError
from kvlab.tables.certificate import DTYPES
from tests.tool import missing
from tests.vault.make import ec_key, ec_policy, finish, self_signed


@pytest.fixture(autouse=True)
def _needs_pyarrow(request):
    if find_spec("pyarrow") is None and "without" not in request.node.name:
        missing("the extra 'parquet'")


def test_what_is_read_back_is_the_same_table(vault, tmp_path):
    finish(vault)
    vault.create_certificate("shop", ec_policy("CN=shop", issuer="Unknown"))
    mixed = [*(self_signed(ec_key(), f"CN{number}") for number in range(7)), b"rubbish!", 7]

    for source in (vault, mixed):
        assert tables.write_parquet(source, tmp_path / "a.parquet", rows=3) == len(tables.certificates(source))
        back = pd.read_parquet(tmp_path / "a.parquet")
        assert {name: str(dtype) for name, dtype in back.dtypes.items()} == {
            **DTYPES,
            "not_after": "datetime64[ms, UTC]",
        }
        pd.testing.assert_frame_equal(
            pd.DataFrame(tables.certificates(source)).astype("object"), back.astype("object"), check_dtype=False
        )
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_an_empty_source_is_a_file_without_rows(tmp_path):
    assert tables.write_parquet([], tmp_path / "a.parquet") == 0
    assert list(pd.read_parquet(tmp_path / "a.parquet").columns) == list(DTYPES)


def test_a_file_stays_as_it_was_when_the_source_fails(vault, tmp_path):
    tables.write_parquet([self_signed(ec_key())], tmp_path / "a.parquet")

    def breaks():
        yield self_signed(ec_key())
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="broke"):
        tables.write_parquet(breaks(), tmp_path / "a.parquet", rows=1)
    with pytest.raises(VaultError, match="certificates list"):
        tables.write_parquet(vault.as_principal("nobody"), tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="at least one row"):
        tables.write_parquet([], tmp_path / "a.parquet", rows=0)

    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_without_pyarrow_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ImportError, match=r'pip install "kvlab\[parquet\]"'):
        tables.write_parquet([], tmp_path / "a.parquet")
