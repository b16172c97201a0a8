"""One run: a cluster, its clients, faults for a while, the heal, and the verdicts."""
import random
import re
import shutil
import tempfile
import time
from pathlib import Path

import checkers
import cycles
from client import Session, patience
from cluster import NAMES, Failure, FaultyCluster, wait_for
from fabric import Fabric
from faults import FAULTS, Chaos
from history import FAIL, OK, UNKNOWN, History
from workloads import ACCOUNTS, BALANCE, ISOLATION, KINDS, TABLES, Watch, Workloads

OPENED = re.compile(r"open for writes in epoch (\d+):")
EQUAL_SECONDS = 90
FINAL = {"set_items": "SELECT n, epoch, node FROM set_items ORDER BY n", "accounts": "SELECT id, balance FROM accounts ORDER BY id",
         "append_rr": "SELECT k, v FROM append_rr ORDER BY k", "append_ser": "SELECT k, v FROM append_ser ORDER BY k",
         "registers": "SELECT k, v FROM registers ORDER BY k"}


class Timeline:
    def __init__(self):
        self.start = time.monotonic()

    def __call__(self, text):
        print(f"  {time.monotonic() - self.start:7.2f}  {text}", flush=True)


def one(given, seed):
    """Returns the violations; prints what happens."""
    rng = random.Random(seed)
    policy = given.policy or rng.choice(("available", "strict"))
    # Some runs recycle WAL early, so that a node that was away needs a base backup.
    keep = rng.choice(("1MB", "64MB"))
    # How the first primary follows when it no longer leads.
    mode = rng.choice(("sync", "async"))
    print(f"seed {seed}: policy {policy}, WAL kept up to {keep}, the first primary follows as {mode}", flush=True)
    settings = {"replication.policy": policy, "replication.wal_keep_size_max": keep}
    history = History()
    violations = []
    with Fabric(NAMES) as network:
        cluster = FaultyCluster(given.binary.resolve(), network, settings)
        cluster["primary"].settings["replication.mode"] = mode
        say = Timeline()
        try:
            with cluster:
                say("six nodes are up")
                say.start = time.monotonic()
                violations = under_faults(cluster, history, given, rng, say, seed)
        except Failure as failure:
            violations.append(str(failure))
        finally:
            violations += cluster.complaints()
            keep_or_remove(cluster, history, violations, given.keep, seed, say.start)
    for text in violations:
        print(f"VIOLATION {text}", flush=True)
    return violations


def keep_or_remove(cluster, history, violations, where, seed, start):
    if violations:
        kept = Path(tempfile.mkdtemp(prefix=f"helios_chaos_{seed}_", dir=where))
        history.save(kept / "history.jsonl", start)
        (kept / "violations").write_text("\n".join(violations) + "\n")
        for node in cluster.nodes.values():
            shutil.copy(node.directory / "log", kept / f"{node.name}.log")
            shutil.copy(node.directory / "node.yaml", kept / f"{node.name}.yaml")
            if node.role != "proxy":
                shutil.copytree(node.disk, kept / f"{node.name}.data", ignore=shutil.ignore_patterns("filler"))
        print(f"histories, logs and data are in {kept}", flush=True)
    cluster.remove()


def under_faults(cluster, history, given, rng, say, seed):
    for text in TABLES:
        cluster["primary"].query(text)
    workloads = Workloads(cluster, history, seed, given.workloads, given.append_by.split(","))
    watches = [Watch(node, history) for node in cluster.data_nodes()]
    chaos = Chaos(cluster, rng, say)
    chaos.settled()
    for watch in watches:
        watch.start()
    workloads.start()
    try:
        harm(chaos, history, given, rng, say)
    finally:
        workloads.stop()
        chaos.heal()
        for watch in watches:
            watch.stopping.set()
        for watch in watches:
            watch.join(20)
    leader = cluster.wait_equal(EQUAL_SECONDS)
    say(f"all data nodes are at one position; {leader.name} leads")
    report(history)
    return verdicts(cluster, leader, history, given)


def harm(chaos, history, given, rng, say):
    """Faults until the time is over; each is healed, and writes must be accepted again before the next. Now and then two at once."""
    names = given.only.split(",") if given.only else list(FAULTS)
    acknowledged_since(history, time.monotonic(), given.bound, "at the start")
    end = time.monotonic() + given.seconds
    while time.monotonic() < end:
        time.sleep(rng.uniform(0.5, 4))  # calm, so that faults meet a working cluster
        chosen = rng.sample(names, 2 if len(names) > 1 and rng.random() < 0.2 else 1)
        began = time.monotonic()
        for name in chosen:
            say(f"{name}: {FAULTS[name][0](chaos)}")
        shortest, longest = (max(FAULTS[name][at] for name in chosen) for at in (1, 2))
        length = rng.uniform(shortest, longest)
        time.sleep(length)  # the length of the fault
        chaos.heal()
        healed = time.monotonic()
        say(f"healed after {healed - began:.1f} s")
        acknowledged_since(history, healed, given.bound, f"after {' and '.join(chosen)}")
        chaos.settled()
        count, gap = history.served("set_insert", began, time.monotonic())
        say(f"all write again {time.monotonic() - healed:.1f} s later; {count} inserts since the fault, longest wait {gap:.1f} s")


def acknowledged_since(history, start, seconds, when):
    """Clients of the proxy and clients of the nodes are served again: each of both has an insert acknowledged that it began since then."""
    for client in ("set-proxy", "set-direct"):
        wait_for(f"{client} has a write acknowledged {when}", lambda c=client: history.acknowledged_since("set_insert", c, start), seconds, interval=0.1)


def report(history):
    for kind in [kind for kinds in KINDS.values() for kind in kinds] + ["open"]:
        counts = [history.count(kind, outcome) for outcome in (OK, FAIL, UNKNOWN)]
        print("  {:15} {:6} ok {:6} failed {:5} unknown".format(kind, *counts), flush=True)


def verdicts(cluster, leader, history, given):
    rows = {table: final_rows(cluster, leader, query) for table, query in FINAL.items()}
    final = {table: by_node[leader.name] for table, by_node in rows.items()}
    ops = history.ops
    by_level = {table: [op for op in ops if op.kind == table] for table in ISOLATION}
    lists = {table: {k: [int(x) for x in v.split(",")] for k, v in final[table]} for table in ISOLATION}
    opened = [(n.name, int(epoch)) for n in cluster.data_nodes() for epoch in OPENED.findall(n.log())]
    opened += [(node, epoch) for _, epoch, node in final["set_items"]]
    results = {
        "set": checkers.check_set(ops, [n for n, _, _ in final["set_items"]]),
        "bank": checkers.check_bank(ops, final["accounts"], ACCOUNTS, ACCOUNTS * BALANCE),
        "registers": checkers.check_registers(ops),
        "proxy": checkers.check_proxy(ops),
        "census": checkers.check_census(ops, opened),
        "identical rows": [x for table, by_node in rows.items() for x in checkers.check_identical(table, by_node)],
        "enough": checkers.check_enough(ops, [k for w in given.workloads for k in KINDS[w]], max(10, int(given.seconds / 4))),
        **{f"list-append {level}": cycles.check_append(by_level[table], lists[table], level) for table, level in ISOLATION.items()},
    }
    print(f"  epochs: {sorted({epoch for _, epoch in opened})}")
    for name, found in results.items():
        print(f"  {name}: {'holds' if not found else f'{len(found)} VIOLATIONS'}", flush=True)
    return [text for found in results.values() for text in found]


def final_rows(cluster, leader, query):
    patience(30)

    def read(node):
        session = Session(node, "final")
        try:
            return session.execute(query)
        finally:
            session.close()
    return {node.name: wait_for(f"{node.name} answers", lambda n=node: (read(n),), 30)[0] for node in [leader, *(
        n for n in cluster.data_nodes() if n is not leader)]}


__all__ = ["one"]
