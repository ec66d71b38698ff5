"""``taxgap suggest-mapping`` drafts a mapping on standard output, or in a file."""

import tomllib

import pytest

pytestmark = pytest.mark.xdist_group("cli")

RETURNS = "TRDR_REF,PRD_BEG,PRD_END,RCVD_DT,BOX1_P\nA1,01/04/2024,30/06/2024,31/07/2024,123456\n"


@pytest.fixture
def extracts(tmp_path):
    folder = tmp_path / "extracts"
    folder.mkdir()
    (folder / "vat_returns.csv").write_text(RETURNS)
    return folder


def test_the_draft_goes_to_standard_output(taxgap, extracts):
    run = taxgap("suggest-mapping", extracts)
    assert run.status == 0
    assert tomllib.loads(run.out)["tables"]["vat"]["columns"]["output_tax"]["unit"] == "pence"


def test_the_draft_goes_to_a_file_that_is_not_lost(taxgap, extracts, tmp_path):
    out = tmp_path / "columns.toml"
    assert taxgap("suggest-mapping", extracts, "--table", "vat", "--out", out).status == 0
    written = out.read_text()
    assert tomllib.loads(written)["tables"]["vat"]["source"] == "vat_returns.csv"
    assert taxgap("suggest-mapping", extracts, "--out", out).status == 2
    assert taxgap("suggest-mapping", extracts, "--out", out, "--replace").status == 0


def test_json_is_one_row_a_column(taxgap, extracts):
    rows = taxgap("suggest-mapping", extracts, "--json").data
    assert [row["suggested"] for row in rows][-1] == "output_tax"


def test_an_unknown_table_is_named(taxgap, extracts):
    run = taxgap("suggest-mapping", extracts, "--table", "vats")
    assert run.status == 2
    assert "vats" in run.err
