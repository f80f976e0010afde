"""``%load_ext kvlab``: the line magic ``%kv`` and the cell magic ``%%kvpolicy``."""

from kvlab.widgets.magics.magic import load, unload

__all__ = ["load", "unload"]
