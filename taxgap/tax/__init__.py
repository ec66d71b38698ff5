"""UK tax law by tax year: what individuals, companies and employers owe, and the thresholds of VAT.

`personal_tax` turns a frame of incomes into Income Tax and National Insurance contributions for the tax
years 2021-22 to 2025-26, in the four nations. `payroll_tax` gives what is due on an employee's pay, and
`employment_allowance` what an employer may keep of it. `company_tax` turns accounting periods into
Corporation Tax, and `loan_tax_rate` is the rate on loans to participators. `vat_law` has the thresholds and
rates of VAT, and `flat_rate` the percentage of a trade under the Flat Rate Scheme. `trading_allowance` and
`property_allowance` give the deduction that turns receipts into taxable profits.

The figures stand, with their sources, in the TOML files of this folder; `tax_law` gives them for one tax
year, `company_law` and `vat_law` for one day. A later year or day uses the last known law and is marked
`projected`; an earlier one is refused: before 6 April 2021 for individuals and employers, 1 April 2020 for
companies, 1 April 2017 for VAT, 6 April 2016 for loans.

What is taxed
-------------
Income Tax on non-savings income (Scottish rates for Scottish taxpayers), savings and dividends: personal
allowance and its withdrawal, allocation of the allowance in the way that leaves the least tax, starting rate
for savings, savings and dividend allowances, bands widened by gift aid and by pension contributions relieved
at source, trading losses brought forward, and the tax reduction for residential finance costs. National
Insurance: employee's and employer's Class 1 on an annual earnings period, Class 2 while it was compulsory,
and Class 4 up to its annual maximum.

Corporation Tax on the taxable total profits of accounting periods of up to 12 months: small profits rate,
main rate and marginal relief, limits shared with associated companies and reduced in short periods, periods
that straddle a change of law. The rates of the Construction Industry Scheme are in `tax_law`.

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
  Class 1A, voluntary Class 2 and Class 3. In `payroll_tax` also employees over State Pension age, the nil
  rates of the employer for those under 21, apprentices, veterans and special sites, tax codes, the Scottish
  bands and the apprenticeship levy.
- People resident abroad, and trusts.
- Capital Gains Tax.
- Companies: ring fence profits, close investment-holding companies and companies resident abroad (no small
  profits rate and no marginal relief), exempt distributions in augmented profits, losses, group relief,
  credits and surcharges; how profits are measured; repayment of the tax on loans.
- VAT: the liability itself, exempt and zero-rated supplies, partial exemption and every scheme but the Flat
  Rate Scheme; the lower rates for hospitality from 15 July 2020 to 31 March 2022.
- Rounding: tax is worked out in fractions of a penny; only the personal allowance is rounded, up to a pound,
  as the law says.
"""

from taxgap.tax.allowances import property_allowance, trading_allowance
from taxgap.tax.companies import CompanyLaw, company_law, company_tax, loan_tax_rate
from taxgap.tax.flat_rates import flat_rate
from taxgap.tax.law import TaxLaw, tax_law, tax_years
from taxgap.tax.liability import personal_tax
from taxgap.tax.payroll import employment_allowance, payroll_tax
from taxgap.tax.vat import VatLaw, vat_law

__all__ = [
    "CompanyLaw",
    "TaxLaw",
    "VatLaw",
    "company_law",
    "company_tax",
    "employment_allowance",
    "flat_rate",
    "loan_tax_rate",
    "payroll_tax",
    "personal_tax",
    "property_allowance",
    "tax_law",
    "tax_years",
    "trading_allowance",
    "vat_law",
]
