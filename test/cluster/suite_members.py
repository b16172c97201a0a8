"""Members and votes change while the cluster runs and clients write through the proxy. A node that is added takes a base backup, votes once it is
heard, is a backend of the proxy and can lead; one that is removed serves nothing any more, restarts included, until it is added again.
The list outlives restarts, whatever the configurations say, and decides who wins when the primary is lost. A change that makes no sense
or would leave no majority is refused with its reason."""
import json
import urllib.error
import urllib.request

import psycopg2

from harness import Cluster, check, wait_for
from suite_by_hand import refuse, succeed
from suite_failover import SETTINGS, Writer, check_same, leader_of, wait_leader


def listed(node):
    """{node id: votes}, as this node knows it"""
    return {m["node_id"]: m["voter"] for m in json.loads(node.http_get("/members")[1])["members"]}


def backends(proxy):
    return {n["node_id"] for n in json.loads(proxy.http_get("/nodes")[1])}


def wait_listed(cluster, wanted):
    for node in cluster.nodes.values():
        if node.role != "proxy" and node.running() and node.name in wanted:
            wait_for(f"{node.name} knows the members {sorted(wanted)}", lambda n=node: listed(n) == wanted)


def wait_streams(leader, wanted):
    """All data nodes among the members stream from it, and nobody else."""
    data_nodes = {n for n in wanted if n != leader.name and not n.startswith("observer")}
    wait_for(f"{sorted(data_nodes)} stream from {leader.name}", lambda: data_nodes == {
        r[0] for r in leader.query("SELECT node_id FROM pg_replication_standbys WHERE state = 'streaming'")}, 60)


def address(node):
    words = ["--node-host", "127.0.0.1", "--replication-port", str(node.replication), "--http-port", str(node.http)]
    return words if node.role == "observer" else [*words, "--pg-port", str(node.pg)]


def serves(node):
    try:
        return node.query("SELECT 1") == [(1,)]
    except psycopg2.Error:
        return False


def add(cluster, asked, name, role, settings=None):
    """Started first: it must not be in anybody's way before it is a member. Under manual failover a primary whose members nobody has
    changed yet gives its log to whoever knows the secret; under automatic failover the node hears of no leader before."""
    node = cluster.add(name, role, settings)
    node.start(wait=False)
    wait_for(f"{name} answers", lambda: node.http_get("/liveness")[0] == 200)
    check(role == "observer" or "replication.failover" not in cluster.settings or not serves(node), f"{name} serves before it is a member")
    check(name not in listed(cluster["standby-sync"]), f"{name} is a member before it was added")
    succeed(asked, "member", "add", name, *address(node))
    node.wait_healthy()
    return node


def add_and_use(cluster, wanted):
    added = add(cluster, cluster["observer"], "added", "standby", {"replication.mode": "sync"})
    wanted["added"] = True
    add(cluster, cluster["standby-async"], "observer-2", "observer")
    wanted["observer-2"] = True
    wait_listed(cluster, wanted)
    wait_streams(leader_of(cluster), wanted)
    wait_for("the proxy knows the new backend", lambda: backends(cluster["proxy"]) == {n for n in wanted if not n.startswith("observer")})
    check(added.query("SELECT count(*) > 0 FROM numbers") == [(True,)], "the new standby has no rows")


def remove_and_see(cluster, wanted):
    gone = cluster["standby-async"]
    session = gone.connect()
    session.cursor().execute("SELECT 1")
    succeed(cluster["added"], "member", "remove", gone.name)
    del wanted[gone.name]
    wait_listed(cluster, wanted)
    wait_for("the removed node serves nothing", lambda: not serves(gone))
    try:
        session.cursor().execute("SELECT 1")
        check(False, "a session on the removed node goes on")
    except psycopg2.Error:
        pass
    check(gone.http_get("/health")[0] == 503, "the removed node says that it is healthy")
    check("no member" in json.loads(gone.http_get("/api/ha/status")[1])["reason"], "the removed node does not say why it serves nothing")
    wait_for("the primary forgets it", lambda: leader_of(cluster).query(
        "SELECT count(*) FROM pg_replication_standbys WHERE node_id = 'standby-async'") == [(0,)])
    wait_for("the proxy forgets it", lambda: gone.name not in backends(cluster["proxy"]))
    gone.stop()
    gone.start(wait=False)
    wait_for("it answers again", lambda: gone.http_get("/liveness")[0] == 200)
    gone.wait_log("this node is no member of the cluster", after=gone.log_before)
    check(not serves(gone), "the removed node serves after a restart")
    check(json.loads(gone.http_get("/members")[1])["version"] > 0, "the removed node has forgotten the list")


def refuse_what_makes_no_sense(cluster, leader):
    refuse(leader, "member", "remove", leader.name, because="this node leads: switch over first")
    refuse(leader, "member", "remove", "nobody", because="nobody is no member")
    refuse(leader, "member", "add", "new", because="a new member needs host and replication_port")
    refuse(leader, "member", "add", "b@d", "--node-host", "h", "--replication-port", "1", because="node_id must be a node id")
    refuse(leader, "member", "add", "observer", "--pg-port", "1", because="observer is a member already, as a witness")
    other = cluster["added"] if leader is not cluster["added"] else cluster["standby-sync"]
    for action in ("add", "remove"):
        request = urllib.request.Request(f"http://127.0.0.1:{other.http}/members/{action}", method="POST", data=b'{"node_id": "observer"}',
                                         headers={"Authorization": "Bearer for-tests-only"})
        try:
            urllib.request.urlopen(request, timeout=5)
            check(False, f"a standby took /members/{action}")
        except urllib.error.HTTPError as error:
            check(error.code == 409 and "is asked of the primary" in error.read().decode(), f"/members/{action}: {error}")


def lose_primary_and_observer(cluster, wanted):
    """Of the six voters four are left, and needed. The first five would have lacked one."""
    leader = leader_of(cluster)
    leader.kill()
    cluster["observer"].kill()
    successor = wait_leader(cluster, other_than=leader)
    wait_streams(successor, {n for n in wanted if n != leader.name})
    leader.start()  # its configuration knows nothing of the new members
    cluster["observer"].start()
    wait_streams(successor, wanted)
    wait_listed(cluster, wanted)
    return successor


def lead_with_the_new_one(cluster, wanted):
    succeed(cluster["observer"], "switchover", "--to", "added")
    added = cluster["added"]
    wait_for("the new member leads", lambda: leader_of(cluster) is added)
    wait_streams(added, wanted)
    succeed(cluster["observer-2"], "member", "remove", "primary")
    del wanted["primary"]
    wait_listed(cluster, wanted)
    wait_for("the first primary serves nothing", lambda: not serves(cluster["primary"]))
    cluster["primary"].stop()
    succeed(added, "member", "add", "observer-2", "--no-vote")
    wanted["observer-2"] = False
    wait_listed(cluster, wanted)
    return added


def come_back(cluster, wanted):
    gone = cluster["standby-async"]
    succeed(cluster["observer"], "member", "add", gone.name, *address(gone))
    wanted[gone.name] = True
    gone.wait_healthy()
    wait_listed(cluster, wanted)


def change_under_load(binary, settings):
    with Cluster(binary, settings=settings) as cluster:
        cluster["primary"].query("CREATE TABLE numbers (n int PRIMARY KEY)")
        wanted = {n.name: True for n in cluster.nodes.values() if n.role != "proxy"}
        wait_listed(cluster, wanted)
        writer = Writer(cluster["proxy"])
        writer.start()
        wait_for("writes go on", lambda: len(writer.acknowledged) >= 20)
        add_and_use(cluster, wanted)
        remove_and_see(cluster, wanted)
        refuse_what_makes_no_sense(cluster, leader_of(cluster))
        check(not writer.errors, f"clients saw errors: {writer.errors[:3]}")
        if "replication.failover" in settings:
            lose_primary_and_observer(cluster, wanted)
        leader = lead_with_the_new_one(cluster, wanted)
        come_back(cluster, wanted)
        seen = len(writer.acknowledged)
        wait_for("writes go on", lambda: len(writer.acknowledged) >= seen + 20)
        writer.finish()
        wait_streams(leader, wanted)
        check_same(cluster, leader, writer.acknowledged)


def run(binary):
    change_under_load(binary, SETTINGS)
    change_under_load(binary, {})
