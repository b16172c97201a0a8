"""A client journals each acknowledged commit while nodes are killed, stopped and paused at random. Mode sync, policy strict:
no acknowledged row may be missing on the primary or the sync standby, and at the end all four nodes are identical."""
import os
import random
import threading
import time

import psycopg2

from harness import LONG, SHORT, Cluster, check


class Writer(threading.Thread):
    """Inserts numbers one by one; notes what was acknowledged. An error leaves the fate of that number open."""

    def __init__(self, node, first):
        super().__init__(daemon=True)
        self.node, self.next = node, first
        self.acknowledged, self.unknown = [], []
        self.done = threading.Event()

    def run(self):
        connection = None
        while not self.done.is_set():
            try:
                if connection is None:
                    connection = self.node.connect(timeout=2, options="")
                number, self.next = self.next, self.next + 1
                self.unknown.append(number)
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO journal VALUES (%s, %s)", (number, "x" * (number % 300)))
                self.unknown.pop()
                self.acknowledged.append(number)
            except psycopg2.Error:
                connection = None
                self.done.wait(0.05)


def harm(cluster, name, rng):
    """One fault at one node, and its end."""
    node = cluster[name]
    kind = rng.choice(["kill", "stop", "pause"])
    length = rng.uniform(0.1, 1.5)
    print(f"{kind} {name} for {length:.1f} s", flush=True)
    if kind == "pause":
        node.pause()
        time.sleep(length)  # the length of the fault itself, not a wait for a condition
        node.resume()
        return
    if kind == "kill":
        node.kill()
    else:
        node.stop(12)
    time.sleep(length)
    node.start(wait=False)


def run(binary):
    seed = int(os.environ.get("HELIOS_SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"HELIOS_SEED={seed}", flush=True)
    rng = random.Random(seed)
    settings = {"replication.policy": "strict", "storage.checkpoint_wal_size": "1MB", "storage.checkpoint_interval": "2s",
                "storage.segment_size": "256kB"}
    with Cluster(binary, settings, extras=False) as c:
        c["primary"].query("CREATE TABLE journal (id INT PRIMARY KEY, filler TEXT)")
        writers = [Writer(c["primary"], 1 + k * 10_000_000) for k in range(3)]
        writers.append(Writer(c["standby-sync"], 90_000_000))
        for w in writers:
            w.start()
        deadline = time.monotonic() + (180 if LONG else 20 if SHORT else 45)
        while time.monotonic() < deadline:
            harm(c, rng.choice(["primary", "primary", "standby-sync", "standby-semisync", "standby-async"]), rng)
            for node in c.nodes.values():
                if rng.random() < 0.5:
                    node.wait_healthy(60)
        for node in c.nodes.values():
            node.wait_healthy(60)
        c.wait_streaming()
        for w in writers:
            w.done.set()
        for w in writers:
            w.join(30)
        check_journal(c, writers)


def check_journal(c, writers):
    acknowledged = {n for w in writers for n in w.acknowledged}
    unknown = {n for w in writers for n in w.unknown}
    print(f"{len(acknowledged)} acknowledged, {len(unknown)} of unknown fate", flush=True)
    check(len(acknowledged) > 100, "hardly anything was written: the test shows nothing")
    c.wait_caught_up()
    for name in ("primary", "standby-sync"):
        held = {row[0] for row in c[name].query("SELECT id FROM journal", timeout=10)}
        missing = acknowledged - held
        check(not missing, f"{len(missing)} acknowledged rows are missing on {name}: {sorted(missing)[:10]}")
        extra = held - acknowledged - unknown
        check(not extra, f"rows nobody wrote on {name}: {sorted(extra)[:10]}")
    c.check_identical("SELECT id, filler FROM journal ORDER BY id")
