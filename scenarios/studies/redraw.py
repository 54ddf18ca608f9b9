#!/usr/bin/env python3
"""Redraws the chart of means of a study from its tables, as a start for charts of your own.

    python3 scenarios/studies/redraw.py output/polling delivery_to_retrieval.mean means.svg

Reads `estimates.csv` and `study.csv` with pandas, checks that each mean in the first is the mean of
its runs in the second, and draws means with their intervals with matplotlib.
"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import pandas as pd

# The columns of estimates.csv that are no factors.
NOT_FACTORS = (
    "cell figure unit n mean standard_error ci_low ci_high confidence median median_low "
    "median_high min max censored_runs censored_recipients"
).split()


def main(folder: Path, figure: str, picture: Path) -> None:
    # A level may be called "none" or "1e3": it is a name, not a number and not a gap.
    names = pd.read_csv(folder / "estimates.csv", nrows=0).columns.difference(NOT_FACTORS)
    texts = dict.fromkeys(names, str)
    estimates = pd.read_csv(folder / "estimates.csv", dtype=texts, na_values={}, keep_default_na=True)
    runs = pd.read_csv(folder / "study.csv", dtype=texts)
    # A factor that is a quantity has a column of numbers besides: outage, and outage_s in seconds.
    units = "_s _octets _per_s _bit_per_s".split()
    numbers = [f"{name}{unit}" for name in names for unit in units]
    factors = [name for name in estimates.columns if name not in NOT_FACTORS and name not in numbers]
    estimates = estimates[estimates["figure"] == figure]
    if estimates.empty:
        sys.exit(f"{folder}/estimates.csv has no figure {figure}")

    # The tables agree: a mean is the mean of its runs.
    means = runs.groupby("cell")[figure].mean()
    gap = (estimates.set_index("cell")["mean"] - means).abs().max()
    assert gap < 1e-6 * max(1.0, means.abs().max()), f"means differ by {gap}"

    # Levels of the first factor side by side, a line for each combination of the others.
    across, others = factors[0], factors[1:]
    order = list(dict.fromkeys(estimates[across]))
    axes = plt.figure(figsize=(9.6, 4.8)).add_subplot()
    groups = estimates.groupby(others, sort=False) if others else [((), estimates)]
    for levels, rows in groups:
        axes.errorbar(
            [order.index(level) for level in rows[across]],
            rows["mean"],
            yerr=[rows["mean"] - rows["ci_low"], rows["ci_high"] - rows["mean"]],
            marker="o",
            capsize=4,
            label=", ".join(map(str, levels)),
        )
    axes.set_xticks(range(len(order)), order)
    axes.set_xlabel(across)
    axes.set_ylabel(f"{figure} [{estimates['unit'].iloc[0]}]")
    if others:
        axes.legend(title=", ".join(others))
    axes.figure.savefig(picture)
    print(f"{len(estimates)} means with intervals of {estimates['confidence'].iloc[0]:.0%} in {picture}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
