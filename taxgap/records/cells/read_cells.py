"""What becomes of a column of text: values in the schema's types, what cannot be read, what was mended."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cells:
    """A column that was read.

    Attributes
    ----------
    values : Series
        In the type of the schema; empty where the text stood for nothing or cannot be read.
    faults : dict of str to ndarray of bool
        By the code of a fault, the cells that cannot be read. No cell stands under two faults.
    mended : dict of str to int
        By the code of a form of writing, how many cells were written in it and read without loss, such as
        ``sign_after_number``. Cells in the plain form are not counted.
    """

    values: pd.Series
    faults: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    mended: dict[str, int] = field(default_factory=dict)

    @property
    def unread(self) -> NDArray[np.bool_]:
        """The cells that cannot be read, whatever the fault."""
        mask = np.zeros(len(self.values), dtype=np.bool_)
        for failing in self.faults.values():
            mask |= failing
        return mask
