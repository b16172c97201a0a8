"""The results folder of the failover benchmark: results.json, from which the table and the chart are made again each time.

A run that measures one side keeps what the folder has of the others, so that they can be measured one after the other.
"""
import json
import os
import subprocess
import time
from pathlib import Path

import report

ROOT = Path(__file__).resolve().parent.parent.parent.parent
ORDER = ("heliosdb", "patroni", "patroni-tuned")


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


class Results:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.sides = {}
        path = folder / "results.json"
        if path.exists():
            self.sides = json.loads(path.read_text())["sides"]
        self.text = ""

    def begin(self, name, label):
        """What the folder has of this side is replaced, scenario by scenario."""
        old = self.sides.get(name, {}).get("repetitions", {})
        self.sides[name] = {"label": label, "commit": commit(), "measured": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
                            "versions": {}, "repetitions": old}

    def set(self, name, scenario, outcomes, versions):
        self.sides[name]["repetitions"][scenario] = outcomes
        if versions:
            self.sides[name]["versions"] = versions
        self.write()

    def write(self):
        sides = {name: self.sides[name] for name in ORDER if name in self.sides}
        labels = {name: side["label"] for name, side in sides.items()}
        summaries = {name: {scenario: report.summary(outcomes) for scenario, outcomes in side["repetitions"].items() if outcomes}
                     for name, side in sides.items()}
        measured = "; ".join(f"{side['label']}: {side['measured']}, commit {side['commit']}" for side in sides.values())
        about = (f"Measured at a client through the proxy on {os.cpu_count()} cores. Patroni's node is killed or stopped with all "
                 f"processes of its PostgreSQL. {measured}.")
        self.text = report.markdown(summaries, labels, about)
        for name, side in sides.items():
            side["summary"] = summaries[name]
        (self.folder / "results.json").write_text(json.dumps({"cores": os.cpu_count(), "sides": sides}, indent=2) + "\n")
        (self.folder / "results.md").write_text(self.text)
        (self.folder / "results.svg").write_text(report.chart(summaries, labels))
