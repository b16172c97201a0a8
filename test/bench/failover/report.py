"""Figures of the failover benchmark: medians and maxima, the verdict against the targets, the table and the chart."""
import math
import statistics
from html import escape

TITLES = {"kill": "SIGKILL of the primary's node: writes again",
          "kill-process": "SIGKILL of the server alone: writes again",
          "stop": "SIGSTOP of the primary: writes again",
          "switchover-idle": "switchover, one writer: longest pause",
          "switchover-load": "switchover under pgbench -c 8: longest pause"}
COLOURS = {"heliosdb": "#d9730d", "patroni": "#7a869a", "patroni-tuned": "#b3bac5"}
# (what is claimed, what it is computed from, limit), of our side only.
TARGETS = {
    "kill": [("median at most 2 s", "median", 2.0), ("p99 at most 3 s", "top", 3.0), ("no acknowledged write lost", "lost", 0)],
    "kill-process": [("median at most 0.5 s (the launcher releases the lease)", "median", 0.5), ("no acknowledged write lost", "lost", 0)],
    "stop": [("nothing acknowledged by the old primary from 2 s on", "late", 0), ("no acknowledged write lost", "lost", 0)],
    "switchover-idle": [("pause at most 250 ms", "top", 0.25), ("no client error", "errors", 0), ("no acknowledged write lost", "lost", 0)],
    "switchover-load": [("pause at most 1 s", "top", 1.0), ("no client error", "errors", 0), ("no acknowledged write lost", "lost", 0)],
}
P99_FROM = 100  # fewer repetitions say nothing about a p99: the maximum stands for it


def top(values):
    """p99 by nearest rank, or the maximum of few."""
    ordered = sorted(values)
    return ordered[-1] if len(ordered) < P99_FROM else ordered[math.ceil(0.99 * len(ordered)) - 1]


def summary(outcomes):
    """Of the repetitions of one scenario on one side; those that failed as a whole are counted, not averaged."""
    good = [o for o in outcomes if "failed" not in o]
    out = {"repetitions": len(outcomes), "failed": len(outcomes) - len(good)}
    if good:
        values = [o["seconds"] for o in good]
        out |= {"median": statistics.median(values), "min": min(values), "top": top(values),
                "top_is": "p99" if len(good) >= P99_FROM else "max"}
        for key in ("errors", "refused", "stuck", "lost", "late", "pgbench_failed"):
            found = [o[key] for o in good if o.get(key) is not None]
            if found:
                out[key] = sum(found)
        out["unhealed"] = sum(bool(o["unhealed"]) for o in good)
        if "usual_pause" in good[0]:
            out["usual_pause"] = statistics.median(o["usual_pause"] for o in good)
    return out


def verdicts(scenario, figures):
    """[(claim, reached or not, measured)]: a repetition that failed as a whole reaches nothing."""
    out = []
    for claim, key, limit in TARGETS[scenario]:
        value = figures.get(key)
        reached = figures["failed"] == 0 and value is not None and value <= limit
        shown = "-" if value is None else f"{value:.3f} s" if isinstance(limit, float) else str(value)
        if key == "top" and value is not None:
            shown += f" ({figures['top_is']})"
        if figures["failed"]:
            shown += f"; {figures['failed']} of {figures['repetitions']} repetitions failed as a whole"
        out.append((claim, reached, shown))
    return out


def ratio(results, scenario, name):
    ours, theirs = (results.get(side, {}).get(scenario, {}).get("median") for side in ("heliosdb", name))
    return f"{theirs / ours:.1f}" if ours and theirs else "-"


# (heading, key of the summary), between the times and the ratio.
COUNTS = [("statements failed", "errors"), ("connections refused", "refused"), ("sessions stuck read-only", "stuck"),
          ("acknowledged late", "late"), ("lost", "lost"), ("not healed", "unhealed"), ("failed as a whole", "failed")]


def row(cells):
    return "| " + " | ".join(cells) + " |"


def markdown(results, labels, about):
    """`results`: side -> scenario -> summary."""
    headings = ["scenario", "side", "n", "median s", "max or p99 s", *(heading for heading, _ in COUNTS), "median against HeliosDB"]
    lines = ["# Failover", "", about, "", row(headings), row(["---"] * 2 + ["---:"] * (len(headings) - 2))]
    for scenario, title in TITLES.items():
        for name, label in labels.items():
            f = results.get(name, {}).get(scenario)
            if not f:
                continue
            times = [f"{f['median']:.3f}", f"{f['top']:.3f} ({f['top_is']})"] if "median" in f else ["-", "-"]
            against = "" if name == "heliosdb" else ratio(results, scenario, name)
            lines.append(row([title, label, str(f["repetitions"]), *times, *(str(f.get(key, "-")) for _, key in COUNTS), against]))
    lines += ["", *(f"- {line}" for line in targets(results))]
    lines += ["- A partition: not measured here, only SIGSTOP."]
    return "\n".join(lines) + "\n"


def targets(results):
    ours = results.get("heliosdb", {})
    for scenario, figures in ((s, ours[s]) for s in TITLES if s in ours):
        for claim, reached, shown in verdicts(scenario, figures):
            yield f"{scenario}: {claim}: {'reached' if reached else 'NOT reached'} ({shown})"


ROW, BAR, LEFT, WIDTH, RIGHT = 30, 15, 300, 420, 190


def chart(results, labels):
    """One group of bars per scenario, each with its own scale: medians, with a line to the maximum."""
    parts, y = [], 10
    for scenario, title in TITLES.items():
        bars = [(n, results[n][scenario]) for n in labels if "median" in results.get(n, {}).get(scenario, {})]
        if not bars:
            continue
        scale = WIDTH / max(f["top"] for _, f in bars)
        parts.append(f'<text x="8" y="{y + 14}" font-weight="bold">{escape(title)}</text>')
        y += 22
        for name, f in bars:
            middle, end = LEFT + f["median"] * scale, LEFT + f["top"] * scale
            parts.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(labels[name])}</text>'
                         f'<rect x="{LEFT}" y="{y}" width="{max(1.0, middle - LEFT):.1f}" height="{BAR}" fill="{COLOURS[name]}"/>'
                         f'<line x1="{middle:.1f}" x2="{end:.1f}" y1="{y + BAR / 2}" y2="{y + BAR / 2}" stroke="#333"/>'
                         f'<text x="{end + 5:.1f}" y="{y + 12}">{f["median"]:.2f} s, {f["top_is"]} {f["top"]:.2f} s</text>')
            y += BAR + 5
        y += ROW - BAR
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + RIGHT}" height="{y}" font-family="sans-serif" font-size="12">'
            f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n')
