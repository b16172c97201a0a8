"""A standby's mode is changed while the cluster runs: the cohort follows without an error for clients, the change outlives a restart of
the node, the configuration's later word counts again, and a standby that was made sync takes over with every acknowledged commit. A
standby is reinitialized by heliosctl."""
import json
import subprocess
from pathlib import Path

import psycopg2

from harness import SECRET, Cluster, check, wait_for
from suite_failover import Writer, check_same, wait_followers, wait_leader

SETTINGS = {"replication.failover": "automatic", "replication.lease": "1s"}


def heliosctl(node, *words, fails=False):
    """Asked of `node`, which may be another than the one that it is about."""
    done = subprocess.run([str(Path(node.cluster.binary).parent / "heliosctl"), "--host", "127.0.0.1", "--port", str(node.http),
                           "--token", SECRET, *words], capture_output=True, text=True, timeout=60)
    check((done.returncode != 0) == fails, f"heliosctl {words} of {node.name}: {done.returncode} {done.stdout}{done.stderr}")


def cohort(leader):
    config = json.loads(leader.http_get("/api/ha/election")[1])["config"]
    return config["acks_needed"], config.get("members", [])


def wait_mode(leader, standby, mode):
    wait_for(f"{standby.name} streams as {mode}", lambda: leader.query(
        "SELECT 1 FROM pg_replication_standbys WHERE node_id = %s AND sync_mode = %s AND state = 'streaming'", (standby.name, mode)))
    check(standby.value("SELECT sync_mode FROM pg_replication_status") == mode, f"{standby.name} does not show its mode {mode}")


def refused_write(standby):
    try:
        standby.query("INSERT INTO numbers VALUES (-1)")
    except psycopg2.Error as error:
        return error.pgcode
    return None


def run(binary):
    with Cluster(binary, settings=SETTINGS) as cluster:
        leader, first, second = cluster["primary"], cluster["standby-sync"], cluster["standby-semisync"]
        leader.query("CREATE TABLE numbers (n int PRIMARY KEY)")
        wait_for("the sync standby is waited for", lambda: cohort(leader) == (1, [first.name]))
        writer = Writer(cluster["proxy"])
        writer.start()
        heliosctl(second, "mode", first.name, "async")
        wait_mode(leader, first, "async")
        wait_for("the semi-sync standby stands in", lambda: cohort(leader) == (1, [second.name]))
        check(refused_write(first) == "25006", "a standby that was made async forwards a write")
        heliosctl(cluster["observer"], "mode", second.name, "sync")
        wait_mode(leader, second, "sync")
        wait_for("the new sync standby is waited for", lambda: cohort(leader) == (1, [second.name]))
        wait_for("writes go on", lambda: len(writer.acknowledged) >= 100)
        for standby in (first, second):
            standby.kill()
            standby.start()
        wait_mode(leader, first, "async")
        wait_mode(leader, second, "sync")
        wait_for("the sync standby is waited for again", lambda: cohort(leader) == (1, [second.name]))
        heliosctl(leader, "mode", "observer", "sync", fails=True)
        heliosctl(leader, "mode", "nobody", "sync", fails=True)
        writer.finish()
        check(not writer.errors, f"clients saw errors: {writer.errors[:3]}")
        first.stop()
        first.settings["replication.mode"] = "semi-sync"
        first.start()
        wait_mode(leader, first, "semi-sync")
        said = len(cluster["standby-async"].log())
        heliosctl(leader, "reinitialize", "standby-async")
        cluster["standby-async"].wait_log("the store is removed; a base backup from the primary replaces it", after=said)
        heliosctl(second, "reinitialize", leader.name, fails=True)
        wait_followers(cluster, leader)
        check_same(cluster, leader, writer.acknowledged)
        leader.kill()
        successor = wait_leader(cluster, other_than=leader)
        check(successor is second, f"{successor.name} took over, not the only sync standby")
        check_same(cluster, successor, writer.acknowledged)
