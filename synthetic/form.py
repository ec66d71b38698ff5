"""What the generator knows of a tax: its form, the scene in which it is filled in, and what can go wrong.

A regime gives one `Form`. Planting, enquiries, payments and the tables are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from taxgap.synthetic.published import trades
from taxgap.synthetic.streams import Floats, Streams

Amounts = dict[str, Floats]
Bools = NDArray[np.bool_]

PANEL = (
    "entity",
    "taxpayer_id",
    "period",
    "period_start",
    "period_end",
    "due_on",
    "year",
    "counter",
    "trade",
    "disposition",
    "agent",
    "gross",
)
"""The columns of every scene's panel, one row a return: whose it is, for when, and who he is. `year` is the
position in `ALL_YEARS` of the tax year that holds the last day, `counter` distinguishes the draws of one
taxpayer, `trade` is a row of `trades()` or -1, `disposition` is standard normal (larger is less careful),
`gross` is the size of the business or income in GBP a year. `pay_by` may be there as
well, where tax falls due on another day than the return."""

_SIZE_FADES = 0.48
_TYPICAL_SIZE = 25_000.0


@dataclass(frozen=True)
class Scene:
    """Truthful returns of one tax, and what decides how they are filled in: one row a return.

    Attributes
    ----------
    form : Form
        The tax.
    panel : DataFrame
        `PANEL`, and what the regime adds.
    activity : DataFrame
        What was truly earned, and through which channels.
    boxes : DataFrame
        The primitive boxes of a truthful return and what the tax depends on beside them.
    streams : Streams
        One entity a row: the taxpayer.
    """

    form: Form
    panel: pd.DataFrame
    activity: pd.DataFrame
    boxes: pd.DataFrame
    streams: Streams

    def __len__(self) -> int:
        return len(self.panel)

    def take(self, rows: NDArray[np.int64]) -> Scene:
        """Return the scene of some returns only."""
        panel, activity, boxes = (
            frame.iloc[rows].reset_index(drop=True) for frame in (self.panel, self.activity, self.boxes)
        )
        return Scene(self.form, panel, activity, boxes, self.streams[rows])

    @cached_property
    def light(self) -> Scene:
        """The same without texts, which are slow to take rows of and mean nothing to a mechanism."""
        panel, activity, boxes = (
            frame.select_dtypes(["number", "bool", "category"]).copy()  # in one block
            for frame in (self.panel, self.activity, self.boxes)
        )
        return Scene(self.form, panel, activity, boxes, self.streams)

    @property
    def year(self) -> NDArray[np.int64]:
        """The position of the tax year of each return."""
        return np.asarray(self.panel["year"])

    @property
    def counter(self) -> NDArray[np.int64]:
        """What distinguishes the draws of one taxpayer."""
        return np.asarray(self.panel["counter"])

    @cached_property
    def covered(self) -> Floats:
        """The share of turnover that third parties report."""
        known = [channel for channel in ("card", "platform", "contractor") if channel in self.activity]
        return np.asarray(self.activity[known].sum(axis=1), dtype=np.float64)

    @cached_property
    def lean(self) -> Floats:
        """The lean of the trade; zero without one."""
        trade = self.panel["trade"].to_numpy()
        return np.where(trade >= 0, trades()["lean"].to_numpy()[trade], 0.0)

    @cached_property
    def reform(self) -> Floats:
        """How much a taxpayer has improved since an enquiry found him wrong: from 0 to 1."""
        none = np.zeros(len(self))
        return self.panel["reform"].to_numpy() if "reform" in self.panel else none

    def severity(
        self,
        name: str,
        middle: float,
        spread: float = 2.8,
        *,
        typical: float = _TYPICAL_SIZE,
        fades: float = _SIZE_FADES,
    ) -> Floats:
        """Draw a share in (0, 1): mostly the taxpayer's own, larger for a careless disposition.

        Parameters
        ----------
        name : str
            The mechanism.
        middle : float
            The median share.
        spread : float, default 2.8
            Standard deviation in log-odds.
        typical : float, default 25,000
            The size (GBP a year) at which `middle` holds; the larger the business, the smaller the share.
        fades : float, default 0.48
            How fast: by so much the log-odds fall with the log of the size.
        """
        own = self.streams.normal(f"severity {name}")
        now = self.streams.normal(f"severity {name}", self.counter)
        shift = 0.8 * own + 0.6 * now + 0.35 * self.panel["disposition"].to_numpy()
        # Audits found amounts that hardly grow with income: the larger the business, the smaller the share.
        size = np.log(np.maximum(self.panel["gross"].to_numpy(), 0.2 * typical) / typical)
        odds = np.log(middle / (1 - middle)) + spread * shift - fades * size
        return np.asarray(expit(odds))


@dataclass(frozen=True)
class Mechanism:
    """One way in which a return comes to differ from the truth.

    Attributes
    ----------
    name : str
        Its name in the truth tables.
    regime : str
        The tax whose return it touches.
    title : str
        What happens, in plain words.
    rate : float
        Log-odds for an exposed taxpayer of average disposition without an agent.
    behaviours : mapping of str to float
        Published behaviour to weight.
    fields : tuple of str
        The boxes it touches.
    evidence : tuple of str
        At most three reason codes that can reveal it, fixed before any training. That the regime has them
        is for tests to check.
    exposed : callable
        Scene to mask: whom it can happen to.
    amounts : callable
        Scene to the difference, truth less report, of each box in GBP. The scene
        holds only the returns on which it acts, and no columns of text.
    leaning, disposition : float
        How strongly the lean of the trade and the taxpayer's disposition count.
    agent : float
        What an agent changes in the log-odds.
    visibility : float
        What it changes that third parties report all of the turnover; they mostly report a part.
    leaves_a_profit : bool
        Whether the taxpayer stops where the profit left would look absurd.
    persistence : float
        Share of the variance of the habit that is the taxpayer's own; the rest changes from return to return.
    traces : str
        What it leaves with third parties, in plain words.
    shift : tuple of float
        What a year adds to the log-odds, by position in `ALL_YEARS`; the last holds for later years
        too, and nothing is added where empty.
    """

    name: str
    regime: str
    title: str
    rate: float
    behaviours: Mapping[str, float]
    fields: tuple[str, ...]
    evidence: tuple[str, ...]
    exposed: Callable[[Scene], Bools]
    amounts: Callable[[Scene], Amounts]
    leaning: float = 0.0
    disposition: float = 0.7
    agent: float = -0.3
    visibility: float = 0.0
    leaves_a_profit: bool = False
    persistence: float = 0.8
    traces: str = ""
    shift: tuple[float, ...] = ()

    def at_rate(self, share: float) -> Mechanism:
        """Return the mechanism with another rate: a probability for the average exposed taxpayer."""
        with np.errstate(divide="ignore"):
            return replace(self, rate=float(np.log(share) - np.log1p(-share)))


def _no_room(scene: Scene) -> Floats:
    return np.full(len(scene), np.inf)


def _everyone(scene: Scene) -> Floats:
    return np.ones(len(scene))


@dataclass(frozen=True)
class Form:
    """A tax as the generator knows it.

    Attributes
    ----------
    regime : str
        The tax, as in the column ``regime``.
    boxes : tuple of str
        The boxes a taxpayer fills in; all others follow from them.
    context : tuple of str
        What the tax depends on beside the boxes.
    complete : callable
        Boxes and context to the completed return.
    tax : str
        The column of the completed return that is the charge in GBP; negative where tax is repaid.
    mechanisms : tuple of Mechanism
        In the order in which they act on a return.
    risk_score : callable
        ``risk_score(scene, completed, reports, late)``: log weight of each return under the older risk rule,
        from what is on file. `reports` has `row`, `source`, `amount`.
    payable : callable
        Completed return to what is to be paid, in GBP.
    receipts : tuple of str
        Boxes that raise the profit; all others lower it.
    above : mapping of str to str
        Box to the column that it stays above.
    room : callable
        Scene to the most profit (GBP) that mechanisms may hide together.
    random_weight : callable
        Scene to the share of the random programme's rate that holds for each return, by stratum.
    mean_weight : float
        Mean of exp(risk score) over the population.
    risk_weight : float
        The share of the risk programme's rate that holds for this tax.
    slips : tuple of str
        Boxes that an amendment sets right.
    counts : tuple of str
        Boxes that count something, of which one more or less matters.
    unpaid : float
        Share of small debts that are never paid and written off; of larger debts it is less.
    difficulty : float
        As of the settings.
    late, never, amended : float
        Shares of returns after the due date, never filed, and amended.
    hours : float
        Hours of an enquiry that settles nothing.
    """

    regime: str
    boxes: tuple[str, ...]
    context: tuple[str, ...]
    complete: Callable[[pd.DataFrame], pd.DataFrame]
    tax: str
    mechanisms: tuple[Mechanism, ...]
    risk_score: Callable[[Scene, pd.DataFrame, pd.DataFrame, Bools], Floats]
    payable: Callable[[pd.DataFrame], Floats]
    receipts: tuple[str, ...]
    above: Mapping[str, str]
    slips: tuple[str, ...]
    room: Callable[[Scene], Floats] = _no_room
    random_weight: Callable[[Scene], Floats] = _everyone
    mean_weight: float = 1.0
    risk_weight: float = 1.0
    counts: tuple[str, ...] = ()
    unpaid: float = 0.05
    difficulty: float = 1.0
    late: float = 0.05
    never: float = 0.01
    amended: float = 0.04
    hours: float = 9.0

    def charge(self, completed: pd.DataFrame) -> Floats:
        """Return the tax charged on completed returns, in GBP."""
        return np.asarray(completed[self.tax], dtype=np.float64)
