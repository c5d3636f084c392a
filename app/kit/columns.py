"""Columns on their way from pandas to the database."""

from __future__ import annotations

import numpy as np
import pandas as pd


def objects(values: pd.Series) -> np.ndarray:
    """A column as plain objects, with None for whatever pandas calls missing."""
    return np.asarray(values.astype(object).where(values.notna(), None).to_numpy(), dtype=object)
