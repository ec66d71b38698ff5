"""Why figures miss: one sentence each, so that no miss stands unexplained.

An explanation is shown only where the figure misses, and on the side for which it holds. A target that misses
and has none is marked on the page.
"""

from __future__ import annotations

from typing import Literal

Side = Literal["below", "above", "either"]

_OLD_AUDITS = (
    "The old audits, which the population is made to meet, and the recent gap do not agree under the assumed "
    "detection: taxpayers who are found wrong as often as those audits say lose more than the gap allows."
)
_SELF_ASSESSMENT_WEIGHS = (
    "Self Assessment, whose gap misses for the reason given there, weighs too much: public bodies and other "
    "employers without a trade, who pay over much of the tax on pay, are not in the population."
)
_ONLY_REGISTERED = (
    "The population has as many companies as are registered for VAT or PAYE; the published share is of all "
    "that trade below the threshold."
)
_NO_EXCISE = "The published total holds smuggling and other attacks on excise duties, which nobody here pays."
_HEAVY_TAIL = (
    "A random sample of a heavy tail mostly runs low: over all returns officers would find 3.4% above "
    "£10,000, which hold 43% of the tax."
)
_FEW_AROUND = (
    "The line rests on some hundred businesses, and so does what stands above it; the counts themselves are "
    "within tolerance."
)
_REGISTERED_OTHERWISE = (
    "The published register also lists many who registered for PAYE alone or of their own choice, in other "
    "trades and sizes; here registration follows the turnover that the income statistics give."
)
_REGION_BY_ITSELF = "Trade and region are drawn one by one, but farms are more common in Northern Ireland."
_SMALL_INCOMES = (
    "Many people with small incomes live on their trade alone; here other income is drawn beside it, so that "
    "less of the same total comes from the trade."
)
_PARTNERS_APART = (
    "Much self-employment income of this size is that of partners; here it stands in a box of its own and is "
    "not counted."
)
_FEW_PEOPLE = "A handful of people in the population decide the mean."
_MANY_SMALL = (
    "The smallest companies are many here, and have little to lose; the published figure counts the cases of "
    "a sample that is drawn more often from the larger ones, in which the same share is about 70%."
)
_ONLY_FILERS = "The published figure is of all Income Tax payers; most of them file no return."

EXPLANATIONS: dict[tuple[str, str, Side], str] = {
    ("The tax gap by tax", "Self Assessment", "above"): _OLD_AUDITS,
    ("The tax gap by tax", "Self Assessment, business", "above"): _OLD_AUDITS,
    (
        "The tax gap by tax",
        "Income Tax, National Insurance and Capital Gains Tax",
        "above",
    ): _SELF_ASSESSMENT_WEIGHS,
    ("The tax gap by customer group", "Criminals", "below"): _NO_EXCISE,
    ("The tax gap by behaviour", "Criminal attacks and the hidden economy", "below"): _NO_EXCISE,
    (
        "Businesses around the VAT threshold",
        "Companies below the threshold that file for VAT",
        "above",
    ): _ONLY_REGISTERED,
    ("What random enquiries found", "Of these, over £10,000", "below"): _HEAVY_TAIL,
    ("What random enquiries into small companies found", "Of these, over £1,000", "below"): _MANY_SMALL,
    ("What random enquiries found", "Share of the tax found in cases over £10,000", "below"): _HEAVY_TAIL,
    (
        "Businesses around the VAT threshold",
        "Excess below the threshold, as a share of one £1,000 of turnover",
        "either",
    ): _FEW_AROUND,
    ("Sole traders registered, by region", "Northern Ireland", "below"): _REGION_BY_ITSELF,
    ("Partnerships registered, by region", "Northern Ireland", "below"): _REGION_BY_ITSELF,
    ("Sole traders registered, by industry", "", "either"): _REGISTERED_OTHERWISE,
    ("Sole traders registered, by turnover", "", "either"): _REGISTERED_OTHERWISE,
    ("Partnerships registered, by industry", "", "either"): _REGISTERED_OTHERWISE,
    (
        "Self-employment income by band of total income",
        "Mean, total income £12,570 to £15,000",
        "below",
    ): _SMALL_INCOMES,
    (
        "Self-employment income by band of total income",
        "Mean, total income £15,000 to £20,000",
        "below",
    ): _SMALL_INCOMES,
    (
        "Self-employment income by band of total income",
        "Mean, total income £150,000 to £200,000",
        "below",
    ): _PARTNERS_APART,
    (
        "Self-employment income by band of total income",
        "Mean, total income £200,000 and over",
        "below",
    ): _PARTNERS_APART,
    (
        "Property income by band of total income",
        "Mean, total income £200,000 and over",
        "either",
    ): _FEW_PEOPLE,
    ("Percentiles of total income", "", "either"): _ONLY_FILERS,
}
"""By group, figure (empty for all of the group) and the side of the published figure for which it holds."""


def explain(group: str, target: str, side: Side = "either") -> str:
    """Return why a figure misses, or nothing if no reason is known.

    Parameters
    ----------
    group, target : str
        As of `taxgap.calibration.row.Row`.
    side : {"below", "above", "either"}
        Where the simulated figure lies.

    Returns
    -------
    str

    Examples
    --------
    >>> explain("No such group", "No such figure", "below")
    ''
    """
    for name in (target, ""):
        for where in (side, "either"):
            found = EXPLANATIONS.get((group, name, where))
            if found:
                return found
    return ""
