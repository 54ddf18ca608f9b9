"""Runs scenarios and studies of mailsim and returns their tables as pandas data frames.

    import mailsim
    run = mailsim.run("outage.toml", set={"outage.0.for": "2h"})
    run.summary["figures"], run.messages["final"].value_counts()
    study = mailsim.study("lengths.toml", set={"replications": 6})
    study.estimates
    mailsim.figures("outage.toml", "submission_to_delivery.p99.9", by="to")
    mailsim.threshold("outage.toml", "outage.0.for", "1h", "8d", "failed_share > 1%")
    mailsim.read("output/outage").messages        # a folder that is there

The program is found by the variable MAILSIM, or else on the path. Written by mailsim itself:
`mailsim help --scripts DIR`.
"""

import csv
import gzip
import io
import json
import os
import subprocess
import tempfile
from pathlib import Path

import pandas as pd

# The type of each column, so that one that begins empty, or is empty all along, is what it is.
TYPES = json.loads("""@TYPES@""")
PANDAS = {"VARCHAR": "string", "DOUBLE": "float64", "BIGINT": "Int64", "BOOLEAN": "boolean"}


class Failed(Exception):
    """What mailsim said when it could not do what was asked."""


class Result:
    """A result folder. Tables are attributes: `result.messages`, `result.estimates` ..."""

    def __init__(self, folder, keeper=None):
        self.folder, self._keeper = Path(folder), keeper

    def __getattr__(self, name):
        file = self.folder / f"{name}.csv"
        packed = self.folder / f"{name}.csv.gz"
        file = packed if packed.exists() else file
        if name.startswith("_") or not file.exists():
            raise AttributeError(f"{self.folder} has no {name}.csv")
        frame = read_table(file)
        setattr(self, name, frame)
        return frame

    def _json(self, name):
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @property
    def summary(self):
        """summary.json of a run, study.json of a study."""
        return self._json("summary.json" if (self.folder / "summary.json").exists() else "study.json")


def read_table(file):
    """Reads a table with the type that each column has."""
    file = Path(file)
    name = file.name.removesuffix(".gz")
    known = TYPES.get(name, {})
    opened = gzip.open if file.name != name else open
    with opened(file, "rt", encoding="utf-8", newline="") as rows:
        columns = next(csv.reader(rows))
    types = {}
    for place, column in enumerate(columns):
        if column in known:
            types[column] = PANDAS[known[column]]
        elif name == "study.csv" and "unfinished" in columns[:place]:
            types[column] = "float64"  # a figure
        elif column.endswith(("_s", "_octets", "_per_s")):
            types[column] = "float64"  # the numbers of a factor's levels
        else:
            types[column] = "string"  # a factor's level is a name, even if it is "none" or "1e3"
    texts = {column for column, kind in types.items() if kind == "string"}
    frame = pd.read_csv(file, dtype=types, keep_default_na=False,
                        na_values={column: [""] for column in columns if column not in texts})
    for column in texts & set(known):
        frame[column] = frame[column].replace("", pd.NA)  # empty: it did not happen
    return frame


def read(folder):
    """Returns the result folder of a run or a study."""
    return Result(folder)


def run(scenario, set=None, unset=(), seed=None, out=None):
    """Runs a scenario. The folder goes with the result unless `out` names one."""
    return _make(["run", str(scenario), "--no-charts"], set, unset, seed, out)


def study(file, set=None, unset=(), seed=None, out=None):
    """Runs a study."""
    return _make(["study", str(file), "--no-charts"], set, unset, seed, out)


def figures(place, *names, by=None, set=None, unset=(), seed=None):
    """Returns figures of a result folder or a scenario; `by`: from, to, entry, host, via or kind."""
    command = ["figures", str(place), *names, "--format", "csv"]
    command += ["--by", by] if by else []
    return pd.read_csv(io.StringIO(_call(command + _changes(set, unset, seed))))


def threshold(scenario, vary, least, most, when, replications=20, set=None, unset=()):
    """Returns from where on something holds: a dictionary with threshold and interval."""
    paths = [vary] if isinstance(vary, str) else vary
    command = ["threshold", str(scenario), "--from", str(least), "--to", str(most), "--when", when]
    command += [word for path in paths for word in ("--vary", path)]
    command += ["--replications", str(replications), "--format", "json"]
    return json.loads(_call(command + _changes(set, unset, None)))


def _make(command, set, unset, seed, out):
    keeper = None if out else tempfile.TemporaryDirectory(prefix="mailsim-")
    folder = Path(out) if out else Path(keeper.name) / "result"
    # 1: a bound that the scenario expects was not kept, which its summary tells.
    _call(command + ["--out", str(folder)] + _changes(set, unset, seed), fine=(0, 1))
    return Result(folder, keeper)


def _changes(set, unset, seed):
    words = []
    for path, value in (set or {}).items():
        words += ["--set", f"{path}={value if isinstance(value, str) else json.dumps(value)}"]
    for path in [unset] if isinstance(unset, str) else unset:
        words += ["--unset", path]
    return words + (["--seed", str(seed)] if seed is not None else [])


def _call(command, fine=(0,)):
    program = os.environ.get("MAILSIM", "mailsim")
    done = subprocess.run([program, "--quiet", *command], capture_output=True, text=True)
    if done.returncode not in fine:
        raise Failed(done.stderr.strip())
    return done.stdout
