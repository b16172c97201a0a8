"""Automatic failover on real processes: after SIGKILL of the primary a standby that holds every acknowledged commit leads within seconds,
the other standbys follow it without a restart, the proxy finds it, and the old primary comes back as a standby with the same bytes. A
primary that was stopped for longer than its lease acknowledges nothing when it goes on. A switchover costs clients a pause and no error."""
import json
import subprocess
import threading
import time

import psycopg2

from harness import SECRET, SHORT, Cluster, check, wait_for

SETTINGS = {"replication.failover": "automatic", "replication.lease": "1s"}
# ha_protocol's budget is 3 s at p99 for a lease of 2 s; sanitizers make the nodes slower, not the rules.
WRITES_AGAIN = 20 if SHORT else 6


class Writer(threading.Thread):
    """Inserts numbers through the proxy, one after the other, and remembers which were acknowledged and when."""

    def __init__(self, proxy):
        super().__init__(daemon=True)
        self.proxy, self.acknowledged, self.attempted, self.stopping = proxy, [], 0, False
        self.errors = []

    def run(self):
        connection = None
        while not self.stopping:
            self.attempted += 1
            try:
                connection = connection or self.proxy.connect(timeout=30)
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO numbers VALUES (%s)", (self.attempted,))
                self.acknowledged.append((self.attempted, time.monotonic()))
            except psycopg2.Error as error:
                self.errors.append(str(error).strip())
                connection = None

    def finish(self):
        self.stopping = True
        self.join(40)
        check(not self.is_alive(), "a statement through the proxy hangs")


def leader_of(cluster):
    """The one data node that is open for writes, or None."""
    found = [n for n in cluster.nodes.values() if n.role in ("primary", "standby") and n.running() and not n.paused
             and n.http_get("/primary")[0] == 200]
    check(len(found) <= 1, f"two primaries: {[n.name for n in found]}")
    return found[0] if found else None


def wait_leader(cluster, other_than=None, seconds=30):
    return wait_for("a primary is open for writes",
                    lambda: (lambda n: n if n and n is not other_than else None)(leader_of(cluster)), seconds)


def wait_followers(cluster, leader, seconds=60):
    names = {n.name for n in cluster.nodes.values() if n.role in ("primary", "standby") and n is not leader and n.running()}

    def streaming():
        rows = leader.query("SELECT node_id, state FROM pg_replication_standbys")
        return names <= {name for name, state in rows if state == "streaming"}
    wait_for(f"{sorted(names)} stream from {leader.name}", streaming, seconds)


def check_same(cluster, leader, acknowledged):
    held = {row[0] for row in leader.query("SELECT n FROM numbers", timeout=20)}
    lost = sorted({n for n, _ in acknowledged} - held)
    check(not lost, f"acknowledged and lost: {lost[:10]} ({len(lost)})")
    target = leader.value("SELECT current_lsn FROM pg_replication_status")
    others = [n for n in cluster.nodes.values() if n.role in ("primary", "standby") and n is not leader and n.running()]
    for node in others:
        wait_for(f"{node.name} has applied everything",
                 lambda: node.value("SELECT apply_lsn FROM pg_replication_status") >= target)
        check({row[0] for row in node.query("SELECT n FROM numbers", timeout=20)} == held, f"{node.name} differs from {leader.name}")


def fail_over_once(cluster, leader):
    """SIGKILL of the primary under load; returns the new one and how long a client waited for its next acknowledgement."""
    writer = Writer(cluster["proxy"])
    writer.start()
    wait_for("writes go on", lambda: len(writer.acknowledged) >= 20)
    killed = time.monotonic()
    leader.kill()
    after = wait_for("a write is acknowledged again",
                     lambda: [t for _, t in writer.acknowledged if t > killed + 0.01], WRITES_AGAIN + 30)
    successor = wait_leader(cluster, other_than=leader)
    wait_for("writes go on", lambda: len([1 for _, t in writer.acknowledged if t > killed + 0.01]) >= 20)
    writer.finish()
    check(after[0] - killed <= WRITES_AGAIN, f"writes came back after {after[0] - killed:.2f} s")
    check(successor.name != "standby-async", "an async standby leads, though others were there")
    return successor, after[0] - killed, writer.acknowledged


def switch_over(cluster, leader, binary, successor):
    """By heliosctl, asked of a standby, under load."""
    writer = Writer(cluster["proxy"])
    writer.start()
    wait_for("writes go on", lambda: len(writer.acknowledged) >= 20)
    began = time.monotonic()
    done = subprocess.run([str(binary.parent / "heliosctl"), "--host", "127.0.0.1", "--port", str(successor.http), "--token", SECRET,
                           "switchover", "--to", successor.name], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, f"heliosctl switchover: {done.stdout}{done.stderr}")
    wait_for(f"{successor.name} leads", lambda: leader_of(cluster) is successor)
    wait_for("writes go on", lambda: len([1 for _, t in writer.acknowledged if t > began]) >= 50)
    writer.finish()
    check(not writer.errors, f"clients saw errors: {writer.errors[:3]}")
    times = [t for _, t in writer.acknowledged if t > began - 0.1]
    wait_followers(cluster, successor)
    check_same(cluster, successor, writer.acknowledged)
    return max(b - a for a, b in zip(times, times[1:]))


def stop_for_longer_than_the_lease(cluster, leader):
    """SIGSTOP with the sockets left open; what the old primary does when it goes on harms nobody."""
    writer = Writer(cluster["proxy"])
    writer.start()
    wait_for("writes go on", lambda: len(writer.acknowledged) >= 20)
    direct = leader.connect(timeout=30)
    paused = time.monotonic()
    leader.pause()
    wait_for("a write is acknowledged again", lambda: [t for _, t in writer.acknowledged if t > paused + 0.5], WRITES_AGAIN + 30)
    successor = wait_leader(cluster, other_than=leader)
    leader.resume()
    try:
        with direct.cursor() as cursor:
            cursor.execute("INSERT INTO numbers VALUES (-1)")
        check(False, "the old primary acknowledged a write after its lease had ended")
    except psycopg2.Error:
        pass
    wait_followers(cluster, successor)
    writer.finish()
    check_same(cluster, successor, writer.acknowledged)
    check(not successor.query("SELECT 1 FROM numbers WHERE n = -1"), "a refused write is there")
    return successor


def lose_an_unacknowledged_tail(cluster, leader):
    """A commit that only the primary's log has, because every standby was killed before: it was not acknowledged, and is set aside when the
    node comes back."""
    others = [n for n in cluster.nodes.values() if n.role in ("primary", "standby") and n is not leader]
    direct = leader.connect(timeout=30)
    start = leader.value("SELECT current_lsn FROM pg_replication_status")
    outcome = []

    def write():
        try:
            with direct.cursor() as cursor:
                cursor.execute("INSERT INTO numbers VALUES (-2)")
            outcome.append("acknowledged")
        except psycopg2.Error as error:
            outcome.append(str(error))
    for node in others:
        node.kill()
    client = threading.Thread(target=write, daemon=True)
    client.start()
    wait_for("the commit is in the log",
             lambda: json.loads(leader.http_get("/api/ha/lsn")[1])["flush_lsn"] > start, 10, interval=0.005)
    leader.kill()
    for node in others:
        node.start(wait=False)
    client.join(20)
    check(outcome and outcome[0] != "acknowledged", f"the lone commit: {outcome}")
    successor = wait_leader(cluster, other_than=leader)
    archive = leader.directory / "data" / "failover" / "archive"
    before = set(archive.glob("*.txt"))
    said = len(leader.log())
    leader.start()
    wait_followers(cluster, successor)
    check("transactions (" in leader.log()[said:] and "are cut; they are listed in" in leader.log()[said:], "the tail was not set aside")
    lists = [p for p in archive.glob("*.txt") if p not in before]
    check(len(lists) == 1 and lists[0].read_text().startswith("transaction "), f"the archive: {lists}")
    check_same(cluster, successor, [])
    check(not successor.query("SELECT 1 FROM numbers WHERE n = -2"), "a commit of the cut tail is there")
    return successor


def run(binary):
    with Cluster(binary, settings=SETTINGS) as cluster:
        cluster["primary"].query("CREATE TABLE numbers (n int PRIMARY KEY)")
        leader = cluster["primary"]
        waits = []
        for round_number in range(1 if SHORT else 3):
            cluster_epoch = leader.value("SELECT epoch FROM pg_replication_status")
            old = leader
            leader, waited, acknowledged = fail_over_once(cluster, old)
            waits.append(waited)
            check(leader.value("SELECT epoch FROM pg_replication_status") > cluster_epoch, "the epoch grew")
            election = json.loads(leader.http_get("/api/ha/election")[1])
            check(election["leader"] == leader.name, f"/api/ha/election of the leader: {election}")
            wait_followers(cluster, leader)
            check_same(cluster, leader, acknowledged)
            old.start()
            wait_followers(cluster, leader)
            check_same(cluster, leader, acknowledged)
            leader.query("TRUNCATE numbers")
        others = [n for n in cluster.standbys() if n.name in ("standby-sync", "standby-semisync") and n is not leader]
        pause = switch_over(cluster, leader, binary, others[0])
        leader = stop_for_longer_than_the_lease(cluster, others[0])
        lose_an_unacknowledged_tail(cluster, leader)
        print(f"switchover: the longest pause of a client was {1000 * pause:.0f} ms")
        print("a write through the proxy was acknowledged again after " + ", ".join(f"{w:.2f}" for w in waits) + " s")
