"""Attributes of rows as JSON for the database."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gis.io.json_rows import json_rows


def attributes(plain: pd.DataFrame, used: set[str]) -> np.ndarray:
    """What has no place of its own, as one JSON text a row, its values as the file has them.

    >>> frame = pd.DataFrame({"asset": pd.array([370211010018003001, None], dtype="Int64"), "code": ["a", "b"]})
    >>> attributes(frame, {"code"}).tolist()
    ['{"asset":370211010018003001}', '{"asset":null}']
    """
    rest = plain[[name for name in plain.columns if name not in used]]
    return np.array(json_rows(rest, clean=_without_nul), dtype=object)


def _without_nul(text: str) -> str:
    # PostgreSQL's JSON has no place for it.
    return text.replace("\0", "") if "\0" in text else text
