"""HeliosDB as a side of the failover benchmark: the six nodes of the tutorial on loopback with automatic failover, clients at the proxy.

Each node runs under its launcher. The time limits are the server's own defaults, not the short ones of the tests.
"""
import json
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

import processes
from harness import DATABASE, PASSWORD, SECRET, USER, Cluster, Failure, check, wait_for
from suite_failover import leader_of, wait_followers

SETTINGS = {"replication.failover": "automatic", "replication.heartbeat_interval": "250ms", "replication.sync_timeout": "5s",
            "replication.peer_timeout": "5s", "replication.reconnect_base": "5s", "replication.reconnect_cap": "1m"}
LEASE = "2s"


class Helios:
    name, label = "heliosdb", f"HeliosDB, lease {LEASE}"
    # How the moment of a kill is spread over the period in which the primary renews its lease.
    phase = 0.5
    # By when writes are expected again; beyond it a repetition has failed.
    patience = 35

    def __init__(self, binary):
        self.cluster = Cluster(binary, SETTINGS | {"replication.lease": LEASE}, launch=[])
        # The first primary comes back as a standby like the others. Its mode is its own, and async would never lead again.
        self.cluster["primary"].settings["replication.mode"] = "sync"

    def __enter__(self):
        self.cluster.__enter__()
        return self

    def __exit__(self, *failure):
        for node in self.cluster.nodes.values():
            if node.running() and node.paused:
                node.resume()
        self.cluster.__exit__(None, None, None)

    # --- clients ---

    def connect(self):
        return self.cluster["proxy"].connect(timeout=30)

    def connect_directly(self, name):
        return self.cluster[name].connect(timeout=5)

    def target(self):
        return ["-h", "127.0.0.1", "-p", str(self.cluster["proxy"].pg), "-U", USER, DATABASE], {"PGPASSWORD": PASSWORD}

    # --- the cluster ---

    def leader(self, seconds=60):
        return wait_for("a primary is open for writes", lambda: leader_of(self.cluster), seconds).name

    def query_leader(self, text):
        return self.cluster[self.leader()].query(text, timeout=30)

    def wait_healthy(self, seconds=120):
        for node in self.cluster.nodes.values():
            node.wait_healthy(seconds)
        leader = self.cluster[self.leader(seconds)]
        wait_followers(self.cluster, leader, seconds)
        target = leader.value("SELECT current_lsn FROM pg_replication_status")
        for node in self.data_nodes():
            wait_for(f"{node.name} has applied everything",
                     lambda n=node: n.value("SELECT apply_lsn FROM pg_replication_status") >= target, seconds)
        wait_for("the proxy takes writes", lambda: self.connect().close() is None, seconds)

    def data_nodes(self):
        return [n for n in self.cluster.nodes.values() if n.role in ("primary", "standby")]

    # --- what is done to it ---

    def kill(self, name):
        """As a machine that dies: the launcher first, so that it does not tell of its child's end."""
        node = self.cluster[name]
        pid = node.pid()
        node.process.kill()
        processes.send([pid], signal.SIGKILL)
        processes.wait_gone([pid])

    def kill_process(self, name):
        """The launcher lives, and ends by itself when it has told the others."""
        pid = self.cluster[name].pid()
        processes.send([pid], signal.SIGKILL)
        processes.wait_gone([pid])

    def freeze(self, name):
        node = self.cluster[name]
        node.pause()
        processes.wait_stopped([node.pid()])

    def thaw(self, name):
        self.cluster[name].resume()

    def revive(self, name):
        node = self.cluster[name]
        node.process.wait(20)
        node.start(wait=False)

    def switch_over(self):
        """Asks the primary for it, and returns its successor when the request is answered and the successor is open."""
        old = self.cluster[self.leader()]
        new = next(n for n in self.data_nodes() if n is not old and n.name != "standby-async" and n.name != "standby-semisync")
        request = urllib.request.Request(f"http://127.0.0.1:{old.http}/switchover", json.dumps({"target_node": new.name}).encode(),
                                         {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            raise Failure(f"switchover to {new.name}: {error.code} {error.read().decode(errors='replace')[:300]}") from None
        wait_for(f"{new.name} leads", lambda: leader_of(self.cluster) is new, 60, 0.02)
        check(old.running(), f"{old.name} ended in a switchover")
        return new.name

    # --- evidence ---

    def versions(self):
        done = subprocess.run([self.cluster.binary, "--version"], capture_output=True, text=True)
        return {"heliosdb": done.stdout.strip()}

    def save_logs(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for node in self.cluster.nodes.values():
            if (node.directory / "log").exists():
                shutil.copy(node.directory / "log", folder / f"{node.name}.log")
