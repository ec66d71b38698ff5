"""UK tax law of individuals by tax year: what a person with given incomes owes.

`personal_tax` turns a frame of incomes into Income Tax and National Insurance contributions for the tax
years 2021-22 to 2025-26, in the four nations. The figures stand, with their sources, in the TOML files of
this folder; `tax_law` gives them for one year. A later year uses the last enacted law and is marked
`projected`; an earlier one is refused. `trading_allowance` and `property_allowance` give the deduction that
turns receipts into taxable profits.

What is taxed
-------------
Income Tax on non-savings income (Scottish rates for Scottish taxpayers), savings and dividends: personal
allowance and its withdrawal, allocation of the allowance in the way that leaves the least tax, starting rate
for savings, savings and dividend allowances, bands widened by gift aid and by pension contributions relieved
at source, trading losses brought forward, and the tax reduction for residential finance costs. National
Insurance: employee's Class 1 on an annual earnings period, Class 2 while it was compulsory, and Class 4 up
to its annual maximum.

What is left out
----------------
- Other people's circumstances: marriage allowance, married couple's allowance, the high income child benefit
  charge.
- Other allowances and reliefs: blind person's allowance, top-slicing and deficiency relief, venture capital
  schemes, loss relief against general income and its cap, averaging, qualifying loan interest, pension
  contributions under net pay arrangements (which lower pay for Income Tax but not for Class 1), relief for
  foreign tax, the remittance basis and the regime that followed it.
- Charges: the pensions annual allowance charge, the winter fuel payment charge, student loan repayments.
- National Insurance: each employment and each pay period apart, deferment and refunds for several
  employments, the married women's reduced rate, the part of a year after State Pension age is reached,
  Class 1A, voluntary Class 2 and Class 3, and the employer's contributions.
- People resident abroad, and trusts.
- Capital Gains Tax and every tax of companies.
- Rounding: tax is worked out in fractions of a penny; only the personal allowance is rounded, up to a pound,
  as the law says.
"""

from taxgap.tax.allowances import property_allowance, trading_allowance
from taxgap.tax.law import TaxLaw, tax_law, tax_years
from taxgap.tax.liability import personal_tax

__all__ = ["TaxLaw", "personal_tax", "property_allowance", "tax_law", "tax_years", "trading_allowance"]
