"""National Insurance contributions of a year: Class 1 on pay, Classes 2 and 4 on trading profits."""

from __future__ import annotations

import numpy as np

from taxgap.tax.amounts import HALF_PENNY, Amounts, Flags
from taxgap.tax.law import EmployerLaw, NationalInsuranceLaw

# Regulation 100 adds the Class 2 contributions of 53 weeks, whatever the number of weeks in the year.
_MAXIMUM_CLASS_2_WEEKS = 53


def class_1(earnings: Amounts, exempt: Flags, law: NationalInsuranceLaw) -> Amounts:
    """Return the employee's Class 1 contributions on a year's pay from one employment.

    Parameters
    ----------
    earnings : numpy.ndarray
        Pay of the year, pounds.
    exempt : numpy.ndarray of bool
        Whether the person is over State Pension age.
    law : NationalInsuranceLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds, by an annual earnings period.
    """
    additional = law.class_1_rates[1] * np.maximum(earnings - law.upper_earnings_limit, 0.0)
    return np.where(exempt, 0.0, class_1_main(earnings, law) + additional)


def class_1_main(earnings: Amounts, law: NationalInsuranceLaw) -> Amounts:
    """Return the part of Class 1 that is charged at the main rate."""
    return law.class_1_rates[0] * _between(earnings, law.primary_threshold, law.upper_earnings_limit)


def class_1_secondary(earnings: Amounts, law: EmployerLaw) -> Amounts:
    """Return the employer's Class 1 contributions on a year's pay of one employee.

    Parameters
    ----------
    earnings : numpy.ndarray
        Pay of the year, pounds.
    law : EmployerLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds, by an annual earnings period, before the employment allowance. There is no upper limit.
    """
    return law.secondary_rate * np.maximum(earnings - law.secondary_threshold, 0.0)


def class_2(profits: Amounts, exempt: Flags, law: NationalInsuranceLaw) -> Amounts:
    """Return the compulsory Class 2 contributions of a person self-employed all year."""
    nearly = HALF_PENNY if law.class_2_due_at_threshold == 0 else -HALF_PENNY
    due = (profits > law.class_2_threshold + nearly) & ~exempt
    return np.where(due, law.class_2_weekly_rate * law.class_2_weeks, 0.0)


def class_4(profits: Amounts, earnings: Amounts, exempt: Flags, law: NationalInsuranceLaw) -> Amounts:
    """Return the Class 4 contributions on a year's trading profits, up to the annual maximum.

    Parameters
    ----------
    profits : numpy.ndarray
        Trading profits after losses brought forward, pounds.
    earnings : numpy.ndarray
        Pay of the year, pounds: contributions on it lower the maximum.
    exempt : numpy.ndarray of bool
        Whether the person was over State Pension age when the tax year began.
    law : NationalInsuranceLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds.
    """
    main, additional = law.class_4_rates
    ordinary = main * _between(profits, law.lower_profits_limit, law.upper_profits_limit)
    ordinary += additional * np.maximum(profits - law.upper_profits_limit, 0.0)
    maximum = class_4_maximum(profits, class_1_main(earnings, law) + class_2(profits, exempt, law), law)
    return np.where(exempt, 0.0, np.minimum(ordinary, maximum))


def class_4_maximum(profits: Amounts, paid: Amounts, law: NationalInsuranceLaw) -> Amounts:
    """Return the most that Class 4 can be for someone who also pays Class 1 or Class 2.

    Parameters
    ----------
    profits : numpy.ndarray
        Trading profits, pounds.
    paid : numpy.ndarray
        Class 1 contributions at the main rate and Class 2 contributions, pounds.
    law : NationalInsuranceLaw
        The figures of the year.

    Returns
    -------
    numpy.ndarray
        Pounds.

    Notes
    -----
    Social Security (Contributions) Regulations 2001 reg.100, as amended each year. Room at the main rate is
    what the full band would cost, with 53 weeks of Class 2, less what was paid (Steps One to Four). Profits
    in the band beyond what that room covers are charged at the additional rate (Steps Five to Eight), as are
    those above the upper limit (Step Nine). Where the regulation's Case 1 applies, the contributions are
    below the maximum either way.
    """
    main, additional = law.class_4_rates
    band = law.upper_profits_limit - law.lower_profits_limit
    room = np.maximum(main * band + _MAXIMUM_CLASS_2_WEEKS * law.class_2_weekly_rate - paid, 0.0)
    in_band = np.minimum(profits, law.upper_profits_limit) - law.lower_profits_limit
    beyond = np.maximum(in_band - room / main, 0.0)
    return room + additional * (beyond + np.maximum(profits - law.upper_profits_limit, 0.0))


def _between(amounts: Amounts, lower: float, upper: float) -> Amounts:
    return np.clip(amounts, lower, upper) - lower
