"""Nodes under their launchers: after SIGKILL of the primary's process its launcher tells the others, and writes are back well before the
lease could end; with the launcher killed, too, the lease decides. Late word of a dead process does not harm the node's next one. A launcher
passes SIGTERM on, ends with its node, and starts it again where it is asked to."""
import json
import os
import re
import signal
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from harness import SECRET, SHORT, Cluster, check, wait_for
from suite_failover import WRITES_AGAIN, Writer, check_same, leader_of, wait_followers, wait_leader

LEASE = 2.0
SETTINGS = {"replication.failover": "automatic", "replication.lease": f"{LEASE:.0f}s"}
# Grants are renewed every quarter of the lease: that much of it is left, at least, when a primary dies.
LEFT_AT_LEAST = LEASE * 0.75 - 0.1


def lose_primary(cluster, leader, end):
    """Under load; the longest time between two acknowledgements of a client, and the new primary. Answers that were under way when the
    process was killed do not shorten it."""
    writer = Writer(cluster["proxy"])
    writer.start()
    wait_for("writes go on", lambda: len(writer.acknowledged) >= 20)
    killed = time.monotonic()
    end(leader)
    successor = wait_leader(cluster, other_than=leader)
    leads = time.monotonic()
    wait_for("a write is acknowledged again", lambda: [t for _, t in writer.acknowledged if t > leads], WRITES_AGAIN + 30)
    writer.finish()
    times = [t for _, t in writer.acknowledged]
    gap = max(later - earlier for earlier, later in zip(times, times[1:]) if later > killed)
    wait_followers(cluster, successor)
    check_same(cluster, successor, writer.acknowledged)
    return gap, successor


def kill_both(node):
    """The launcher first: it must not see its child's end."""
    pid = node.pid()
    node.process.kill()
    os.kill(pid, signal.SIGKILL)
    node.process.wait(10)


def incarnations(node):
    return [int(x) for x in re.findall(r"started process \d+, incarnation (\d+)", node.log())]


def reaped(asked, node, incarnation, token=SECRET):
    body = json.dumps({"node": node.name, "incarnation": incarnation}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{asked.http}/api/ha/reaped", body, {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def late_word_harms_nobody(cluster, leader, others):
    """Of the process before the one that leads now; and of the one that leads, without the token."""
    leader.kill()
    leader.start()
    again = wait_leader(cluster)
    wait_followers(cluster, again)
    if again is not leader:
        leader, others = again, [n for n in others if n is not again]
    before = incarnations(leader)
    epoch = leader.value("SELECT epoch FROM pg_replication_status")
    for asked in others:
        check(reaped(asked, leader, before[-1], token="wrong-token") == 401, "word of a dead process was believed without the token")
        for old in before[:-1] or [1]:
            check(reaped(asked, leader, old) == 202, f"{asked.name} refuses word of an old process")
    time.sleep(LEASE)
    check(leader_of(cluster) is leader, "late word of an old process ended the primary")
    check(leader.value("SELECT epoch FROM pg_replication_status") == epoch, "late word of an old process began an epoch")


def ends_and_restarts(cluster, standby):
    check(standby.stop() < 10, "the launcher did not pass SIGTERM on")
    standby.launch = ["--restart"]
    standby.start()
    first = standby.pid()
    standby.signal(signal.SIGKILL)
    wait_for("the launcher starts the node again", lambda: standby.pid() != first, 10)
    standby.wait_healthy()
    check(len(set(incarnations(standby))) == len(incarnations(standby)), "two processes have the same incarnation")


def pid_of(directory):
    """What ./cluster makes of run/node/pid under this directory: None where it sees no running node."""
    script = Path(__file__).resolve().parents[2] / "cluster"
    text = script.read_text()
    functions = "".join(re.search(rf"^{name}\(\) {{\n.*?^}}\n", text, re.S | re.M).group() for name in ("proc_fields", "pid_of"))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", functions + "pid_of node"], cwd=directory, capture_output=True, text=True, timeout=10)
    check(done.stderr == "", f"./cluster complains about a pid file: {done.stderr}")
    return done.stdout.strip() if done.returncode == 0 else None


def hostile_pid_files(standby):
    """Torn, empty, foreign and old pid files name no process; a launcher replaces whatever it finds, and starts its node where it cannot."""
    standby.stop()
    good, path = "", standby.directory / "run" / "node" / "pid"
    path.parent.mkdir(parents=True)
    for left in (b"", b"1", b"1 0", b"\xff\x00\n" * 1000):
        path.write_bytes(left)
        Path(f"{path}.new").write_bytes(left)
        node = launch_alone(standby, path)
        good = wait_for("the pid file is written", lambda: (lambda t: t if t.endswith("\n") and t != left.decode("latin1") else None)
                        (path.read_text(errors="replace")), 10)
        check(pid_of(standby.directory) == good.split()[0], f"the pid file of a running node: {good!r}")
        node.send_signal(signal.SIGTERM)
        check(node.wait(10) == 0, "a launcher did not end cleanly")
        check(pid_of(standby.directory) is None, "a node that has ended is taken for a running one")
    own = str(os.getpid())
    started = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()[19]
    path.write_text(f"{own} {started}\n")
    check(pid_of(standby.directory) == own, "the test's own process is not recognized: what follows would show nothing")
    for text in [f"{own} {started}", own, f"{own}\n", f"{own} {started[:-1]}\n", f"{own} {int(started) + 1}\n", f"-{own} {started}\n",
                 f"{own}/task/{own} {started}\n", f"self {started}\n", "0 0\n", "-1 0\n", "\n", " \n", "$(true) 1\n", good]:
        path.write_text(text)
        check(pid_of(standby.directory) is None, f"the pid file {text!r} names a running node")
    path.unlink()
    path.mkdir()
    check(pid_of(standby.directory) is None, "a folder names a running node")
    node = launch_alone(standby, path)
    standby.wait_log(f"the pid cannot be written to {path}")
    wait_for("the node serves all the same", lambda: standby.http_get("/health")[0] == 200)
    node.send_signal(signal.SIGTERM)
    check(node.wait(10) == 0, "a launcher did not end cleanly")
    standby.start()


def launch_alone(node, pid_file):
    with open(node.directory / "log", "ab") as log:
        before = log.tell()
        process = subprocess.Popen([node.cluster.binary, "--launch", "--pid-file", str(pid_file), "--config", str(node.write_config())],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=node.directory)
    node.wait_log(" starts as ", after=before)  # from then on it answers signals
    return process


def run(binary):
    with Cluster(binary, settings=SETTINGS, launch=[]) as cluster:
        leader = cluster["primary"]
        leader.query("CREATE TABLE numbers (n int PRIMARY KEY)")
        told = []
        for _ in range(1 if SHORT else 5):
            old = leader
            waited, leader = lose_primary(cluster, old, lambda node: node.kill())
            told.append(waited)
            check(" was told" in old.log(), "the launcher told nobody")
            leader.query("TRUNCATE numbers")
            old.start()
            wait_followers(cluster, leader)
        check(SHORT or statistics.median(told) < LEASE / 2, f"writes came back after {told} s, though the launcher told of the death")
        untold, old = 0, leader
        untold, leader = lose_primary(cluster, old, kill_both)
        check(untold >= LEFT_AT_LEAST, f"writes came back after {untold:.2f} s, before the lease of a process that nobody saw die had ended")
        check(untold <= WRITES_AGAIN, f"writes came back after {untold:.2f} s")
        old.start()
        wait_followers(cluster, leader)
        data = [n for n in cluster.nodes.values() if n.role in ("primary", "standby")]
        late_word_harms_nobody(cluster, leader, [n for n in data if n is not leader] + [cluster["observer"]])
        leader = leader_of(cluster)
        ends_and_restarts(cluster, next(n for n in data if n is not leader))
        wait_followers(cluster, leader)
        hostile_pid_files(next(n for n in data if n is not leader))
        wait_followers(cluster, leader)
        print("SIGKILL under a launcher: a write through the proxy was acknowledged again after "
              + ", ".join(f"{w:.2f}" for w in told) + f" s; with the launcher killed, too, after {untold:.2f} s (lease {LEASE:.0f} s)")
