"""Names for the kinds of array that the kernel passes on."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.uint16] | NDArray[np.uint32]
Whole: TypeAlias = int | np.signedinteger[Any]
Words: TypeAlias = NDArray[np.uint64]
Table: TypeAlias = NDArray[Any]
