"""The faults. Each is a function that harms the cluster at once and says what it did; heal() ends all of them, whatever they were.

They are chosen by a seeded generator. Which node leads is asked when a fault begins, so one seed gives the same kinds and lengths of faults, and
mostly the same victims.
"""
import subprocess
import time

from cluster import DATA_NODES, SECRET
from fabric import CLIENTS
from harness import wait_for


class Chaos:
    """What faults work on: the cluster, its network, a generator, and who led last."""

    def __init__(self, cluster, rng, say):
        self.cluster, self.fabric, self.rng, self.say = cluster, cluster.fabric, rng, say
        self.last_leader = "primary"
        self.removed = None  # the name of the member that is out

    def leader(self):
        if (found := self.cluster.leader()) is not None:
            self.last_leader = found.name
        return self.cluster[self.last_leader]

    def followers(self):
        leader = self.leader()
        return [n for n in self.cluster.data_nodes() if n is not leader]

    def sync_follower(self):
        """A follower that the leader may be waiting for."""
        return next(n for n in self.followers() if n.name != "standby-async")

    def everyone_but(self, node):
        return [name for name in (*self.cluster.nodes, CLIENTS) if name != node.name]

    def note_ends(self):
        for node in self.cluster.nodes.values():
            if node.note_end():
                self.say(f"{node.name} has ended by itself: {node.log().rstrip().splitlines()[-1][:240]}")

    def heal(self):
        """Everything runs again, is connected, and has room on a disk of normal speed."""
        self.fabric.heal()
        self.note_ends()
        for node in self.cluster.nodes.values():
            node.heal_disk()
            if node.running() and node.paused:
                node.resume()
        for node in self.cluster.nodes.values():
            if not node.running():
                node.start(wait=False)
        self.take_back()

    def take_back(self):
        if self.removed is None:
            return
        node = self.cluster[self.removed]
        words = ["--node-host", node.host, "--replication-port", str(node.replication), "--http-port", str(node.http)]
        words += [] if node.role == "observer" else ["--pg-port", str(node.pg)]
        wait_for(f"{node.name} is taken back", lambda: heliosctl(self, "member", "add", node.name, *words) == "done", 60, interval=0.2)
        self.say(f"{node.name} is a member again")
        self.removed = None

    def settled(self):
        """After healing, once the cluster has had time: nobody may end by itself any more."""
        self.note_ends()
        for node in self.cluster.nodes.values():
            node.may_end = False


def kill(c, node):
    node.kill()
    return f"SIGKILL {node.name}"


def pause(c, node):
    if not node.running():  # another fault has killed it
        return f"{node.name} is not there to be stopped"
    node.pause()
    return f"SIGSTOP {node.name}"


def kill_leader(c):
    return kill(c, c.leader())


def kill_follower(c):
    return kill(c, c.rng.choice(c.followers()))


def kill_leader_and_follower(c):
    """The pair that holds the newest commits."""
    leader, follower = c.leader(), c.sync_follower()
    return f"{kill(c, leader)} and {kill(c, follower)}"


def kill_all(c):
    for name in c.rng.sample(DATA_NODES, len(DATA_NODES)):
        c.cluster[name].kill()
    return "SIGKILL of all data nodes"


def pause_leader(c):
    return pause(c, c.leader())


def pause_follower(c):
    return pause(c, c.rng.choice(c.followers()))


def cut_leader(c, others, what, sends=True, hears=True):
    """Cuts the leader off from the others, in one direction or in both."""
    node = c.leader()
    for other in others(c, node):
        if sends:
            c.fabric.cut(node.name, other)
        if hears:
            c.fabric.cut(other, node.name)
    return f"{node.name} {what}"


def everyone(c, node):
    return c.everyone_but(node)


def partition_leader(c):
    return cut_leader(c, everyone, "is cut off from everyone")


def deaf_leader(c):
    return cut_leader(c, everyone, "hears nobody", sends=False)


def mute_leader(c):
    return cut_leader(c, everyone, "is heard by nobody", hears=False)


def leader_without_standbys(c):
    return cut_leader(c, lambda c, _: [n.name for n in c.followers()], "is cut off from the standbys only")


def leader_without_observer(c):
    return cut_leader(c, lambda *_: ["observer"], "is cut off from the observer only")


def leader_without_clients(c):
    return cut_leader(c, lambda *_: [CLIENTS, "proxy"], "is cut off from clients and proxy only")


def one_way_pair(c):
    one, other = c.rng.sample((*DATA_NODES, "observer"), 2)
    c.fabric.cut(one, other)
    return f"what {one} sends to {other} is lost"


def halves(c):
    """Two data nodes with the leader on one side, two with the observer on the other."""
    leader = c.leader()
    beside = c.rng.choice(c.followers())
    far = [n.name for n in c.cluster.data_nodes() if n not in (leader, beside)] + ["observer"]
    for near in (leader.name, beside.name):
        for other in far:
            c.fabric.cut_both(near, other)
    return f"{leader.name} and {beside.name} are cut off from {', '.join(far)}"


def lose_observer(c):
    return c.rng.choice((kill, pause))(c, c.cluster["observer"])


def kill_proxy(c):
    return kill(c, c.cluster["proxy"])


def slow_fsync(c):
    node = c.rng.choice((c.leader(), c.sync_follower(), c.cluster["observer"]))
    milliseconds = c.rng.choice((100, 400, 1000, 2500))
    node.slow_syncs(milliseconds)
    return f"syncs of {node.name} take {milliseconds} ms"


def full_disk(c):
    node = c.rng.choice((c.leader(), c.sync_follower(), c.cluster["observer"]))
    node.may_end = True
    node.fill_disk()
    return f"the disk of {node.name} is full"


def heliosctl(c, *words, seconds=40):
    """Asked of any data node. "done", or what it said."""
    asked = c.rng.choice([n for n in c.cluster.data_nodes()])
    command = [str(c.cluster.binary).removesuffix("heliosdb") + "heliosctl", "--host", asked.host, "--port", str(asked.http), "--token", SECRET, *words]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
        return "done" if done.returncode == 0 else (done.stdout + done.stderr).strip().replace("\n", " ")[:160]
    except subprocess.TimeoutExpired:
        return f"no answer within {seconds} s"


def switchover(c):
    """To one that may follow. A refusal is an answer."""
    leader = c.leader()
    to = c.rng.choice([n for n in c.followers() if n.name != "standby-async"])
    began = time.monotonic()
    answer = heliosctl(c, "switchover", "--to", to.name)
    return f"switchover from {leader.name} to {to.name}: {answer} ({time.monotonic() - began:.1f} s)"


def change_members(c):
    """A follower or the observer is taken out, and often the leader is lost then: who is left elects. It comes back as a member when healed."""
    leader = c.leader()
    gone = c.rng.choice([*c.followers(), c.cluster["observer"]])
    answer = heliosctl(c, "member", "remove", gone.name)
    c.removed = gone.name  # also where the answer is missing: put back in any case
    if answer == "done" and c.rng.random() < 0.5:
        kill(c, leader)
        answer += f", and {leader.name} is killed"
    return f"{gone.name} is taken out of the members: {answer}"


# name: (function, shortest and longest time until it is healed)
FAULTS = {
    "kill-leader": (kill_leader, 1, 8), "kill-follower": (kill_follower, 1, 8), "kill-pair": (kill_leader_and_follower, 0.5, 6),
    "kill-all": (kill_all, 0.2, 2), "pause-leader": (pause_leader, 2.5, 9), "pause-follower": (pause_follower, 2.5, 9),
    "partition": (partition_leader, 3, 10), "deaf": (deaf_leader, 3, 10), "mute": (mute_leader, 3, 10),
    "no-standbys": (leader_without_standbys, 3, 10), "no-observer": (leader_without_observer, 2, 6), "no-clients": (leader_without_clients, 2, 6),
    "one-way-pair": (one_way_pair, 3, 10), "halves": (halves, 3, 10), "observer": (lose_observer, 2, 6), "proxy": (kill_proxy, 0.5, 3),
    "slow-fsync": (slow_fsync, 3, 10), "full-disk": (full_disk, 3, 8), "switchover": (switchover, 0.5, 3), "members": (change_members, 1, 6),
}
