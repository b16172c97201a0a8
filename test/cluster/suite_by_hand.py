"""The primary is changed by hand under `failover: manual`. A lost primary is replaced by a command, writes through the proxy go on, and it
comes back as a standby; a living one hands over without an error for clients, asked by heliosctl, by SQL or by pg_promote() on a standby. A
command that could lose an acknowledged commit is refused with its reason, disturbs nobody, and does it only where that is accepted. Who
leads outlives restarts of every node, whatever the YAML says, and nobody leads without a command."""
import json
import subprocess
import time
from pathlib import Path

import psycopg2

from harness import SECRET, SHORT, Cluster, check, wait_for
from suite_failover import Writer, check_same, leader_of, wait_followers, wait_leader


def heliosctl(node, *words):
    """(succeeded, what it printed)"""
    done = subprocess.run([str(Path(node.cluster.binary).parent / "heliosctl"), "--host", "127.0.0.1", "--port", str(node.http),
                           "--token", SECRET, *words], capture_output=True, text=True, timeout=60)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def succeed(node, *words):
    done, text = heliosctl(node, *words)
    check(done, f"heliosctl {words} of {node.name}: {text}")


def refuse(node, *words, because):
    done, text = heliosctl(node, *words)
    check(not done and because in text, f"heliosctl {words} of {node.name}: expected a refusal with '{because}', got {done} {text}")


def epoch_of(node):
    return json.loads(node.http_get("/api/ha/election")[1])["promised"]


def members(cluster):
    return [n for n in cluster.nodes.values() if n.role != "proxy"]


def under_load(cluster, change, errors_allowed):
    """Rows are inserted through the proxy meanwhile; those that were acknowledged are there afterwards, everywhere."""
    writer = Writer(cluster["proxy"])
    writer.start()
    wait_for("writes go on", lambda: len(writer.acknowledged) >= 20)
    began = time.monotonic()
    leader = change()
    wait_for(f"{leader.name} leads", lambda: leader_of(cluster) is leader)
    wait_for("writes go on", lambda: len([1 for _, t in writer.acknowledged if t > began]) >= 50)
    writer.finish()
    check(errors_allowed or not writer.errors, f"clients saw errors: {writer.errors[:3]}")
    wait_followers(cluster, leader)
    check_same(cluster, leader, writer.acknowledged)
    leader.query("TRUNCATE numbers")
    return leader


def hand_over(cluster):
    first, second = cluster["standby-sync"], cluster["primary"]

    def by_command():
        succeed(cluster["observer"], "switchover", "--to", first.name)
        return first

    def by_sql():
        check(first.query("SELECT helios_switchover('primary')", timeout=20) == [(True,)], "helios_switchover() failed")
        return second

    def by_promotion():
        check(first.query("SELECT pg_promote()", timeout=20) == [(True,)], "pg_promote() beside a living primary failed")
        return first

    def by_failover():
        succeed(first, "failover", "--to", second.name)
        return second
    for change in (by_command, by_sql, by_promotion, by_failover):
        under_load(cluster, change, errors_allowed=False)


def refuse_what_makes_no_sense(cluster, leader):
    refuse(cluster["observer"], "failover", "--to", "observer", because="an observer holds no data and cannot lead")
    refuse(cluster["observer"], "failover", "--to", "nobody", because="no member is named nobody")
    refuse(leader, "switchover", "--to", "observer", because="observer does not stream from this node")
    refuse(leader, "pause", because="failover is manual here")
    before = epoch_of(cluster["observer"])
    held = leader.connect()
    held.cursor().execute("BEGIN; INSERT INTO numbers VALUES (-1)")
    refuse(leader, "failover", "--to", "standby-sync", because="leads and does not hand over: write transactions did not end in time")
    held.cursor().execute("COMMIT")
    check(epoch_of(cluster["observer"]) == before and leader_of(cluster) is leader, "a refused command disturbed the cluster")


def lose_the_primary(cluster, leader):
    """Killed under load: nobody takes over, a command makes a standby the primary, and the old one comes back as a standby."""
    def change():
        leader.kill()
        time.sleep(1 if SHORT else 3)
        check(leader_of(cluster) is None, "a node leads without a command")
        succeed(cluster["observer"], "failover", "--to", "standby-sync")
        return cluster["standby-sync"]
    successor = under_load(cluster, change, errors_allowed=True)
    shown = json.loads(cluster["observer"].http_get("/cluster")[1])["members"]
    check([m["name"] for m in shown if m["role"] == "leader" and m["state"] != "unreachable"] == [successor.name],
          f"/cluster of the observer: {shown}")
    leader.start()
    wait_followers(cluster, successor)
    check(leader_of(cluster) is successor, "the old primary leads again, as its YAML says")
    check(leader.value("SELECT pg_is_in_recovery()") is True, "the old primary is no standby")
    cluster["standby-semisync"].query("INSERT INTO numbers VALUES (-7)")  # forwarded to the new one
    check_same(cluster, successor, [(-7, 0)])
    return successor


def restart_everything(cluster, leader):
    for node in members(cluster):
        node.stop() if node is leader else node.kill()
    for node in members(cluster):
        node.start(wait=False)
    wait_for(f"{leader.name} leads after the restart", lambda: leader_of(cluster) is leader)
    wait_followers(cluster, leader)
    check_same(cluster, leader, [(-7, 0)])


def lose_more_than_is_covered(cluster, leader):
    """`late` lacks rows that were acknowledged while it was away; it leads only where the loss is accepted."""
    late, cohort = cluster["standby-semisync"], cluster["primary"]
    succeed(leader, "mode", cohort.name, "sync")
    wait_for(f"{cohort.name} alone is waited for", lambda: json.loads(leader.http_get("/api/ha/election")[1])["config"].get("members")
             == [cohort.name])
    wait_followers(cluster, leader)
    late.kill()
    for n in range(100, 120):
        leader.query("INSERT INTO numbers VALUES (%s)", (n,))
    leader.kill()
    late.start()
    before = epoch_of(cluster["observer"])
    refuse(late, "failover", "--to", late.name, because=f"{cohort.name} has more log")
    cohort.kill()
    refuse(late, "failover", "--to", late.name, because=f"the cohort [{cohort.name}] with K = 1 is not covered, and {leader.name} is not here")
    check(late.query("SELECT pg_promote(true, 2)") == [(False,)], "pg_promote() made a node the primary that lacks acknowledged commits")
    cluster["observer"].kill()
    refuse(late, "failover", "--to", late.name, because="2 of 5 promises, 3 needed")
    cluster["observer"].start()
    check(epoch_of(cluster["observer"]) == before and epoch_of(late) == before, "a refused failover began an epoch")
    check(late.query("SELECT count(*) FROM numbers WHERE n >= 100") == [(0,)], "the standby that was away has the rows")
    succeed(late, "failover", "--to", late.name, "--accept-data-loss")
    check(wait_leader(cluster) is late, "the node does not lead though the loss is accepted")
    check("(data_loss)" in late.log(), "the loss is not logged")
    late.query("INSERT INTO numbers VALUES (200)")
    for node in (leader, cohort):
        said = len(node.log())
        node.start()
        check("are cut; they are listed in" in node.log()[said:] or wait_for(f"{node.name} sets its tail aside", lambda:
              "they are listed in" in node.log()[said:], 20), "the tail was not set aside")
    wait_followers(cluster, late)
    check_same(cluster, late, [(200, 0)])
    check(late.query("SELECT count(*) FROM numbers WHERE n BETWEEN 100 AND 119") == [(0,)], "cut rows are there")
    return late


def depose_a_living_primary(cluster, leader):
    """A primary that runs and is reachable is closed before the one that was forced opens; it follows without a restart."""
    session = leader.connect()
    session.cursor().execute("BEGIN; INSERT INTO numbers VALUES (-2)")
    successor = cluster["standby-async"]
    succeed(leader, "failover", "--to", successor.name, "--accept-data-loss")
    check(wait_leader(cluster) is successor, "the node that was forced does not lead")
    try:
        session.cursor().execute("COMMIT")
        check(False, "the deposed primary acknowledged a commit")
    except psycopg2.Error:
        pass
    wait_followers(cluster, successor)
    check_same(cluster, successor, [])


def primary_with_one_standby(binary, policy):
    """Without an observer there is no majority without the primary: what it acknowledged alone under `available` nobody else knows."""
    with Cluster(binary, settings={"replication.policy": policy, "replication.mode": "sync"}, extras=False, standbys=("standby-sync",)) as cluster:
        primary, standby = cluster["primary"], cluster["standby-sync"]
        primary.query("CREATE TABLE numbers (n int PRIMARY KEY)")
        primary.query("INSERT INTO numbers VALUES (1)")
        primary.kill()
        if policy == "available":
            refuse(standby, "failover", "--to", standby.name, because="1 of 2 promises, 2 needed")
            succeed(standby, "failover", "--to", standby.name, "--accept-data-loss")
        else:
            succeed(standby, "failover", "--to", standby.name)
        wait_for("the standby leads", lambda: policy == "strict" or leader_of(cluster) is standby)
        primary.start()
        wait_followers(cluster, standby)
        wait_for("the standby leads", lambda: leader_of(cluster) is standby)
        check_same(cluster, standby, [(1, 0)])


def run(binary):
    for policy in ("strict", "available"):
        primary_with_one_standby(binary, policy)
    with Cluster(binary) as cluster:
        leader = cluster["primary"]
        leader.query("CREATE TABLE numbers (n int PRIMARY KEY)")
        hand_over(cluster)
        refuse_what_makes_no_sense(cluster, leader)
        leader = lose_the_primary(cluster, leader)
        restart_everything(cluster, leader)
        leader = lose_more_than_is_covered(cluster, leader)
        depose_a_living_primary(cluster, leader)
