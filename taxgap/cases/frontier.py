"""The frontier: tax found against the error of the estimated gap, for each programme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Frontier:
    """What programmes came to.

    Parameters
    ----------
    rows : DataFrame
        One row a programme, seed and year: ``cases, truth, tax_found, estimate`` (GBP), ``held`` (1 where the
        95% interval held the truth, 0 where not, missing where there is none)``, r_squared``.
    """

    rows: pd.DataFrame

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]]) -> Frontier:
        """Return the frontier of rows as they were played."""
        return cls(pd.DataFrame(list(rows)))

    @classmethod
    def join(cls, parts: Iterable[Frontier]) -> Frontier:
        """Return the frontier of several runs with different seeds."""
        return cls(pd.concat([part.rows for part in parts], ignore_index=True))

    @property
    def table(self) -> pd.DataFrame:
        """One row a programme: tax found and error, as shares of the truth, with standard errors over seeds.

        ``tax`` is the mean share of the truth found, ``error`` the root mean square of the yearly estimate's
        error as a share of the truth, ``bias`` its mean, ``held`` the share of 95% intervals that held the
        truth; ``to_greedy`` tax over that of the greedy list, ``to_random`` tax and ``error_to_random`` error
        over random sampling's, where these were played.
        """
        rows = self.rows.assign(
            share=self.rows["tax_found"] / self.rows["truth"],
            off=self.rows["estimate"] / self.rows["truth"] - 1,
            held=self.rows["held"].astype(np.float64),
        )
        by_seed = rows.assign(square=rows["off"] ** 2).groupby(["programme", "seed"], sort=False)
        means = by_seed[["share", "off", "square", "held", "cases", "r_squared"]].mean().reset_index("seed")
        programme = means.groupby("programme", sort=False)
        seeds = programme.size()
        mean = programme[["share", "off", "square", "held", "cases", "r_squared"]].mean()
        noise = programme[["share", "off", "square"]].std(ddof=1).div(np.sqrt(seeds), axis=0)
        error = np.sqrt(mean["square"])
        table = pd.DataFrame(
            {
                "tax": mean["share"],
                "tax_se": noise["share"],
                "error": error,
                "error_se": noise["square"] / (2 * error),
                "bias": mean["off"],
                "bias_se": noise["off"],
                "held": mean["held"],
                "cases": mean["cases"],
                "r_squared": mean["r_squared"],
                "seeds": seeds,
            }
        )
        if "top_yield" in table.index:
            table["to_greedy"] = table["tax"] / table.loc["top_yield", "tax"]
        if "random" in table.index:
            table["to_random"] = table["tax"] / table.loc["random", "tax"]
            table["error_to_random"] = table["error"] / table.loc["random", "error"]
        return table

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, one entry a programme."""
        found: dict[str, Any] = self.table.astype(object).where(self.table.notna(), None).to_dict("index")
        return found

    def to_text(self) -> str:
        """Return the table as text, in percent of the truth."""
        heads = f"{'programme':20} {'tax found':>15} {'error':>15} {'bias':>14} {'held':>6}"
        lines = [f"{heads}  greedy random  error/random"]
        for name, row in self.table.iterrows():
            tax = f"{100 * row['tax']:6.2f} +- {100 * row['tax_se']:.2f}%"
            error = f"{100 * row['error']:6.2f} +- {100 * row['error_se']:.2f}%"
            bias = f"{100 * row['bias']:+6.2f} +- {100 * row['bias_se']:.2f}"
            ratios = [row.get(key, float("nan")) for key in ("to_greedy", "to_random", "error_to_random")]
            shares = f"{ratios[0]:7.2f} {ratios[1]:6.2f} {ratios[2]:9.2f}"
            held = f"{row['held']:.0%}" if np.isfinite(row["held"]) else "none"
            lines.append(f"{name!s:20} {tax:>15} {error:>15} {bias:>14} {held:>6} {shares}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self.table.to_html(float_format="%.4f"))
