"""What the comparisons with policyengine-uk share: the calculator, which takes half a minute to load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxgap.tax import tax_years

PEOPLE = 1_000

Calculate = Callable[[Mapping[str, np.ndarray], str, Mapping[str, str]], pd.DataFrame]


@pytest.fixture(scope="session")
def simulation() -> Any:
    """PEOPLE single people without any income."""
    policyengine_uk = pytest.importorskip("policyengine_uk")
    # One person, copied along an axis: a situation of a thousand people spelled out takes far longer to read.
    axis = {"name": "employment_income", "count": PEOPLE, "min": 0, "max": 1, "period": tax_years()[0][:4]}
    members = {"members": ["person"]}
    return policyengine_uk.Simulation(
        situation={
            "people": {"person": {}},
            "benunits": {"benunit": members},
            "households": {"household": members},
            "axes": [[axis]],
        }
    )


@pytest.fixture(scope="module")
def calculate(simulation: Any) -> Calculate:
    """Return the calculator as a function of its inputs, the tax year and its variables by our names."""
    own = simulation.clone()  # what one module sets must not stay for another

    def calculate(
        inputs: Mapping[str, np.ndarray], tax_year: str, variables: Mapping[str, str]
    ) -> pd.DataFrame:
        year = int(tax_year[:4])
        for name, values in inputs.items():
            own.set_input(name, year, values)
        return pd.DataFrame(
            {name: np.asarray(own.calculate(variable, year)) for name, variable in variables.items()}
        )

    return calculate
