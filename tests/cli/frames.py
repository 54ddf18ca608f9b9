"""Tries mailsim.py, types.json and tables.sql on a run and a study; wants pandas, duckdb and MAILSIM."""

import tempfile
from pathlib import Path

import duckdb
import mailsim

run = mailsim.run("scenarios/primary-down.toml", unset="expect", set={"outage.0.for": "2h"})
mail = run.messages
assert str(mail["accepted_s"].dtype) == "float64" and str(mail["retrieved_by"].dtype) == "string"
assert str(run.attempts["mx_preference"].dtype) == "Int64"
delivered = mail[(mail["kind"] == "mail") & (mail["final"] == "delivered")]
mean = (delivered["final_s"] - delivered["submitted_s"]).mean()
told = run.summary["submission_to_delivery"]["mean"]
assert abs(mean - told) < 1e-5, (mean, told)
figures = mailsim.figures(run.folder, "submission_to_delivery.mean", by="to")
assert len(figures) >= 1
assert mail["retrieved_s"].isna().all(), "nobody reads: empty all along, and still a number"

study = mailsim.study("scenarios/studies/polling.toml", set={"replications": 2})
assert str(study.estimates["mean"].dtype) == "float64"
figure = study.estimates["figure"].iloc[0]
means = study.study.groupby("cell")[figure].mean()
rows = study.estimates[study.estimates["figure"] == figure].set_index("cell")
assert (rows["mean"] - means).abs().max() < 1e-5

found = mailsim.threshold("scenarios/primary-down.toml", "outage.0.for", "30min", "6h",
                          "submission_to_delivery.mean > 1h", replications=2)
assert 1_800 < found["threshold"] < 21_600, found

try:
    mailsim.run("scenarios/primary-down.toml", set={"outage.0.fro": "2h"})
except mailsim.Failed as error:
    assert "fro" in str(error), error
else:
    raise AssertionError("a wrong key is refused")

sql = (Path(mailsim.__file__).parent / "tables.sql").read_text()
base = duckdb.connect()
for table in ("messages", "attempts", "queues", "hosts"):
    sql = sql.replace(f"'{table}.csv'", f"'{run.folder / table}.csv'")
base.execute(sql)
count, = base.execute("select count(*) from messages where \"final\" = 'delivered' and kind = 'mail'").fetchone()
assert count == len(delivered)
kind, = base.execute("select typeof(retrieved_by) from messages limit 1").fetchone()
assert kind == "VARCHAR", kind
print("pandas and DuckDB read what mailsim writes")
