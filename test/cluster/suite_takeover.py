"""The primary is changed by hand, and not changed under maintenance. By SQL:
helios_switchover() on the primary, on a standby that forwards, and through the proxy always answers the
session that asked; it never waits for itself, and says why it did not take place. pg_promote() makes a standby the primary when the
primary is lost, and refuses while it is there. `heliosctl pause` is for the whole cluster and outlives restarts; the commands still
work."""
import json
import subprocess
import threading
import time
from pathlib import Path

import psycopg2

from harness import SECRET, SHORT, Cluster, check, wait_for
from suite_failover import Writer, check_same, leader_of, wait_followers, wait_leader

SETTINGS = {"replication.failover": "automatic", "replication.lease": "1s"}


def refusal(connection, statement):
    """SQLSTATE and text of the error that the statement ends with."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except psycopg2.Error as error:
            return error.pgcode, str(error).strip()
    return None, f"{statement} was not refused"


def switch(cluster, asked, to, successor):
    """By a session of `asked`, under load through the proxy."""
    writer = Writer(cluster["proxy"])
    writer.start()
    wait_for("writes go on", lambda: len(writer.acknowledged) >= 10)
    rows = asked.query("SELECT helios_switchover(%s)" if to else "SELECT helios_switchover()", (to,) if to else None, timeout=20)
    check(rows == [(True,)], f"helios_switchover({to}) on {asked.name}: {rows}")
    leader = wait_leader(cluster)
    check(successor is None or leader is successor, f"{leader.name} leads, not {successor and successor.name}")
    wait_followers(cluster, leader)
    writer.finish()
    check(not writer.errors, f"clients saw errors: {writer.errors[:3]}")
    check_same(cluster, leader, writer.acknowledged)
    leader.query("TRUNCATE numbers")
    return leader


def refuse(cluster, leader):
    session = leader.connect(timeout=20)
    code, text = refusal(session, "SELECT helios_switchover('nobody')")
    check(code == "55000" and "nobody is not connected" in text, f"a switchover to nobody: {code} {text}")
    code, text = refusal(session, "SELECT helios_switchover('observer')")
    check(code == "55000", f"a switchover to the observer: {code} {text}")
    code, text = refusal(session, "BEGIN; SELECT helios_switchover()")
    check(code == "25001", f"a switchover in a transaction: {code} {text}")
    session.cursor().execute("ROLLBACK")
    code, text = refusal(cluster["standby-async"].connect(), "SELECT helios_switchover()")
    check(code == "25006", f"a switchover asked of an async standby: {code} {text}")
    check(leader_of(cluster) is leader, "a refused switchover changed the primary")


def outlast_a_writer(leader):
    """A transaction that does not end in time keeps the primary's role where it is, and commits."""
    other = leader.connect()
    cursor = other.cursor()
    cursor.execute("BEGIN")
    cursor.execute("INSERT INTO numbers VALUES (-5)")
    # Refused for another reason until the leader has heard from a standby that it follows.
    wait_for("a switchover fails because of the open transaction", lambda: "did not end in time" in
             refusal(leader.connect(timeout=30), "SELECT helios_switchover()")[1])
    cursor.execute("COMMIT")
    check(leader.query("SELECT 1 FROM numbers WHERE n = -5"), "the transaction that outlasted the switchover is lost")


def many_at_once(cluster, leader):
    """Each caller is answered: one switchover takes place, whoever comes too late is told."""
    wait_followers(cluster, leader)  # somebody to hand over to
    outcomes = []

    def call(session):
        # A new leader knows of nobody to hand over to until it has heard from a standby that it follows: within a heartbeat.
        end = time.monotonic() + 10
        while True:
            try:
                with session.cursor() as cursor:
                    cursor.execute("SELECT helios_switchover()")
                    return outcomes.append(cursor.fetchall())
            except psycopg2.Error as error:
                if "no sync or semi-sync standby streams" not in str(error) or time.monotonic() > end:
                    return outcomes.append(str(error))
    callers = [threading.Thread(target=call, args=(leader.connect(timeout=20),), daemon=True) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    check(len(outcomes) == 8, "a caller of helios_switchover() hangs")
    check(outcomes.count([(True,)]) == 1, f"one switchover of eight takes place: {outcomes}")
    successor = wait_leader(cluster, other_than=leader)
    wait_followers(cluster, successor)
    return successor


def heliosctl(node, *words):
    done = subprocess.run([str(Path(node.cluster.binary).parent / "heliosctl"), "--host", "127.0.0.1", "--port", str(node.http),
                           "--token", SECRET, *words], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, f"heliosctl {words} of {node.name}: {done.stdout}{done.stderr}")
    return done.stdout


def paused(node):
    return json.loads(node.http_get("/cluster")[1]).get("pause", False)


def lose_primary_under_maintenance(cluster, leader):
    """Asked of the observer; a node that was away meanwhile hears of it. Without a word by hand nobody leads."""
    away = cluster["standby-async"]
    away.kill()
    heliosctl(cluster["observer"], "pause")
    members = [n for n in cluster.nodes.values() if n.role != "proxy"]
    away.start()
    wait_for("every member knows of the pause", lambda: all(paused(n) for n in members), 10)
    check("Maintenance" in heliosctl(away, "topology"), "heliosctl topology does not show the pause")
    check(json.loads(away.http_get("/api/ha/election")[1])["paused"] is True, "/api/ha/election does not show the pause")
    wait_followers(cluster, leader)
    leader.kill()
    cluster["observer"].stop()
    cluster["observer"].start()
    time.sleep(3 if SHORT else 5)
    check(leader_of(cluster) is None, "a node took over under maintenance")
    check(paused(cluster["observer"]), "the pause did not outlive a restart")


def promote(cluster, leader):
    standby = next(n for n in (cluster["standby-sync"], cluster["primary"]) if n is not leader)
    check(standby.query("SELECT pg_promote()") == [(False,)], "a standby was promoted beside a living primary")
    check(leader_of(cluster) is leader, "pg_promote() deposed a living primary")
    code, text = refusal(leader.connect(), "SELECT pg_promote()")
    check(code == "55000", f"pg_promote() on the primary: {code} {text}")
    cohort = json.loads(leader.http_get("/api/ha/election")[1])["config"]["members"]
    session = cluster[cohort[0]].connect(timeout=20)
    lose_primary_under_maintenance(cluster, leader)
    cursor = session.cursor()
    cursor.execute("SELECT pg_promote()")
    check(cursor.fetchall() == [(True,)], f"pg_promote() after the loss of the primary: {session.notices}")
    check(wait_leader(cluster) is cluster[cohort[0]], "the promoted standby does not lead")
    heliosctl(cluster["standby-async"], "resume")
    leader.start()
    wait_followers(cluster, cluster[cohort[0]])
    check(not any(paused(n) for n in cluster.nodes.values() if n.role != "proxy"), "the pause did not end")
    cluster[cohort[0]].kill()
    wait_leader(cluster, other_than=cluster[cohort[0]])


def run(binary):
    with Cluster(binary, settings=SETTINGS) as cluster:
        leader = cluster["primary"]
        leader.query("CREATE TABLE numbers (n int PRIMARY KEY)")
        refuse(cluster, leader)
        leader = switch(cluster, leader, "standby-sync", cluster["standby-sync"])
        leader = switch(cluster, cluster["standby-semisync"], "primary", cluster["primary"])
        leader = switch(cluster, cluster["proxy"], "standby-sync", cluster["standby-sync"])
        leader = switch(cluster, leader, None, None)
        for _ in range(1 if SHORT else 3):
            leader = many_at_once(cluster, leader)
        if not SHORT:
            outlast_a_writer(leader)
        promote(cluster, leader)
