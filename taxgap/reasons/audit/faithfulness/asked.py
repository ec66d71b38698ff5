"""The flagged returns that are redrawn, and what their explanations put first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taxgap.reasons.audit.faithfulness.draws import Redraws
from taxgap.reasons.audit.figures import Estimate, Figure, draw_figure, spread
from taxgap.reasons.audit.material import Material, name_reasons
from taxgap.reasons.audit.recovery.ranked import rank_reasons
from taxgap.risk.arrays import Bools, Floats, Integers

NAME = "faithfulness"


@dataclass(frozen=True, eq=False)
class Found:
    """What one kind of test found.

    Attributes
    ----------
    figures : list of Figure
    findings : dict of str to Estimate
        By the name of the rule.
    curves : DataFrame or None
    """

    figures: list[Figure]
    findings: dict[str, Estimate]
    curves: pd.DataFrame | None = None


@dataclass(frozen=True, eq=False)
class Asked:
    """The flagged returns that are redrawn, and what their explanations put first.

    Attributes
    ----------
    material : Material
    rows : ndarray of int
        Their places among all returns.
    peers : Redraws
        From `draw_from_peers`.
    """

    material: Material
    rows: Integers
    peers: Redraws

    @property
    def cut(self) -> Floats:
        """The least score of a flagged return of the same year."""
        cut: Floats = self.material.cut[self.rows]
        return cut

    @property
    def most(self) -> int:
        """So many reasons are looked at."""
        return self.material.settings.reasons

    @cached_property
    def codes(self) -> Bools:
        """Which features each code has; one row a code, in the regime's order."""
        regime = self.material.regime
        return np.array([[f.code == code for f in regime.features] for code in regime.code], dtype=np.bool_)

    @cached_property
    def family(self) -> Integers:
        """The family of each code, by number."""
        families: Integers = pd.factorize(pd.Series([code.family for code in self.material.regime.codes]))[0]
        return families

    @cached_property
    def families(self) -> Bools:
        """Which features each family has."""
        return self._join(self.codes)

    @cached_property
    def by_code(self) -> Floats:
        """Contributions by code."""
        values: Floats = self.material.by_code.to_numpy(dtype=np.float64)[self.rows]
        return values

    @cached_property
    def by_family(self) -> Floats:
        """Contributions by family."""
        member = np.equal.outer(np.arange(self.family.max() + 1), self.family)
        sums: Floats = self.by_code @ member.T.astype(np.float64)
        return sums

    @cached_property
    def named(self) -> Integers:
        """The codes named as reasons, by place; -1 where there is no further one."""
        return self._read(self.material.reasons.iloc[self.rows])

    @cached_property
    def shuffled(self) -> Integers:
        """The codes that would be named were each return's contributions those of other features.

        Reasons are named only where a feature is unusual, which alone finds what moves the score better than
        lots do: this is what that rule does without the contributions.
        """
        material, own = self.material, self.material.contributions.iloc[self.rows]
        random = np.random.default_rng([material.settings.seed, 27])
        table = random.permuted(own.to_numpy(dtype=np.float64), axis=1)
        mixed = pd.DataFrame(table, index=own.index, columns=own.columns)
        observed = material.observed.iloc[self.rows]
        return self._read(name_reasons(material.subject, observed, mixed, material.noise))

    @cached_property
    def live(self) -> Integers:
        """The codes that the model has features of; of a model that cannot say, all."""
        model = self.material.subject.model
        every = self.material.regime.feature
        known = list(every) if model is None else [str(name) for name in model.feature_names_in_]
        live: Integers = np.flatnonzero(self.codes[:, np.isin(list(every), known)].sum(axis=1))
        return live

    def mark(self, places: Integers, size: int) -> Bools:
        """Turn places, of which -1 is none, into membership."""
        marked = np.zeros((len(places), size + 1), dtype=np.bool_)
        np.put_along_axis(marked, np.where(places < 0, size, places), True, axis=1)
        return marked[:, :-1]

    def features_of(self, codes: Bools) -> Bools:
        """Tell the features of marked codes, one row a return."""
        features: Bools = (codes.astype(np.float32) @ self.codes.astype(np.float32)) > 0
        return features

    def spread(self, values: Floats | Bools) -> Floats:
        """Put values of these returns in their place among all; missing elsewhere."""
        return spread(values, self.rows, len(self.material))

    def mean(self, values: Floats | Bools, *, share: bool = True) -> Estimate:
        """Return the mean over these returns."""
        return self.material.bootstrap.mean(self.spread(values), share=share)

    def figure(self, measure: str, found: Estimate, **others: object) -> Figure:
        """Lay a figure out."""
        return draw_figure(NAME, measure, found, **others)

    def _read(self, reasons: pd.DataFrame) -> Integers:
        return rank_reasons(self.material.regime, reasons).positions["code"][:, : self.most]

    def _join(self, members: Bools) -> Bools:
        return np.array([members[self.family == each].any(axis=0) for each in range(self.family.max() + 1)])


def say_lift(
    asked: Asked, of: tuple[str, str], against: str, lift: Estimate, *, method: str, unit: str = "share"
) -> Figure:
    """Lay out by how much a measure is better than that of a random explanation."""
    measure, level = of
    others = {"group_by": "against", "group": against, "method": method, "unit": unit, "chance": 0.0}
    return asked.figure(f"lift of {measure}", lift, level=level, **others)
