"""What came later changes no score."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxgap.batch import score
from taxgap.records import Records
from taxgap.risk import RiskModel

AS_OF = "2025-03-31"
SETTINGS = {"reasons": 2, "explain_share": 0.1, "validate": False}
TABLES = ("self_assessment", "third_party", "registrations", "enquiries", "payments", "taxpayers")


@pytest.fixture(scope="module")
def before(records: Records, model: RiskModel) -> pd.DataFrame:
    return score(records, model, as_of=AS_OF, **SETTINGS)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(added=st.tuples(st.sampled_from(TABLES), st.integers(2, 40), st.integers(1, 400), st.floats(0, 9)))
def test_rows_from_the_future_change_no_score(
    records: Records, model: RiskModel, before: pd.DataFrame, added: tuple[str, int, int, float]
) -> None:
    name, step, days, factor = added
    frames = {table: records.table(table) for table in records.tables}
    table = frames[name]
    later = table.iloc[::step].assign(received_on=pd.Timestamp(AS_OF) + pd.Timedelta(days=days))
    numbers = later.select_dtypes("float").columns
    later[numbers] = (later[numbers] * factor).round(2)
    if "version" in later:
        later["version"] += 1
    frames[name] = pd.concat([table, later], ignore_index=True)
    known = Records.from_frames(frames, as_of=str(records.as_of.date()))
    pd.testing.assert_frame_equal(score(known, model, as_of=AS_OF, **SETTINGS), before)
