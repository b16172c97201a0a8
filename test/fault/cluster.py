"""Six nodes of heliosdb with automatic failover, each in its own network namespace, with a small disk of its own that can be filled
and whose syncs can be made slow. Built on the harness of the cluster suites."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

import harness  # noqa: E402
from fabric import call  # noqa: E402
from harness import CRASHES, SECRET, Failure, check, wait_for  # noqa: E402

NAMES = ("primary", "standby-sync", "standby-semisync", "standby-async", "observer", "proxy")
DATA_NODES = harness.DATA_NODES
HTTP_SECONDS = 2
SETTINGS = {
    "replication.failover": "automatic", "replication.lease": "2s", "replication.heartbeat_interval": "250ms",
    "replication.write_routing_timeout": "5s", "proxy.write_timeout": "5s",
    "storage.segment_size": "256kB", "storage.checkpoint_wal_size": "1MB", "storage.checkpoint_interval": "3s",
}


def build_slow_fsync(directory):
    out = directory / "slow_fsync.so"
    call("cc", "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(out), str(HERE / "slow_fsync.c"), "-ldl")
    return out


class FaultyNode(harness.Node):
    def __init__(self, cluster, name, role, settings=None):
        super().__init__(cluster, name, role, settings)
        self.host = cluster.fabric.address(name)
        self.pg, self.replication, self.http = 5432, 5433, 8080
        self.slow_file = self.directory / "slow"
        self.ends = []        # exit codes of processes that nobody here had ended
        self.may_end = False  # a fault is under way that the process may answer by ending
        if role != "proxy":
            self.disk = self.directory / "disk"
            self.disk.mkdir()
            call("mount", "-t", "tmpfs", "-o", f"size={cluster.disk_megabytes}m", "none", str(self.disk))

    def sections(self):
        out = super().sections()
        out["listen"]["host"] = self.host
        if self.role != "proxy":
            out["storage"]["directory"] = str(self.disk / "data")
        return out

    def peer(self):
        return {**super().peer(), "host": self.host}

    def start(self, wait=True):
        check(not self.running(), f"{self.name} is running already")
        path = self.write_config()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HELIOSDB_")}
        environment |= {"LD_PRELOAD": str(self.cluster.slow_fsync), "CHAOS_SLOW_FSYNC": str(self.slow_file)}
        # Every step replaces itself by the next: the process that is started here is the node. It ends with this suite.
        command = ["nsenter", f"--net=/run/netns/{self.name}", "setpriv", "--pdeathsig", "KILL", self.cluster.binary, "--config", str(path)]
        with open(self.directory / "log", "ab") as log:
            self.log_before = log.tell()
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                                            start_new_session=True, cwd=self.directory)
        self.paused = False
        if wait:
            self.wait_healthy()

    def kill(self):
        if self.running():
            super().kill()
        self.process = None

    def note_end(self):
        """True if the process has ended, and not by this suite."""
        if self.process is None or self.process.poll() is None:
            return False
        if not self.may_end or self.process.returncode in CRASHES:
            self.ends.append(self.process.returncode)
        self.process = None
        return True

    def connect(self, timeout=5, **options):
        return super().connect(timeout, host=self.host, **options)

    def http_get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.http}{path}", timeout=HTTP_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def status(self):
        """/api/ha/status, or None while the node does not answer."""
        try:
            return json.loads(self.http_get("/api/ha/status")[1])
        except (OSError, ValueError):
            return None

    # --- disk ---

    def slow_syncs(self, milliseconds):
        self.slow_file.write_text(str(milliseconds))

    def fill_disk(self):
        block = b"\0" * 65536
        with contextlib.suppress(OSError), open(self.disk / "filler", "wb", buffering=0) as filler:
            while len(block) >= 1:
                if filler.write(block) < len(block):
                    break

    def heal_disk(self):
        self.slow_file.unlink(missing_ok=True)
        if self.role != "proxy":
            (self.disk / "filler").unlink(missing_ok=True)


class FaultyCluster(harness.Cluster):
    """with FaultyCluster(binary, fabric) as c: six nodes up and streaming. Its directory stays until remove()."""

    def __init__(self, binary, fabric, settings=None, disk_megabytes=96):
        self.fabric, self.disk_megabytes = fabric, disk_megabytes
        self.slow_fsync = build_slow_fsync(Path(tempfile.mkdtemp(prefix="helios_fault_so_")))
        super().__init__(binary, {**SETTINGS, **(settings or {})})

    def add(self, name, role, settings=None):
        self.nodes[name] = FaultyNode(self, name, role, settings)
        return self.nodes[name]

    def data_nodes(self):
        return [self[name] for name in DATA_NODES]

    def leader(self):
        """The node that says it is open for writes in the newest epoch, or None."""
        said = [(s["epoch"], n.name) for n in self.data_nodes() if n.running() and not n.paused and (s := n.status())
                and s["role"] == "primary" and not s["is_read_only"] and s["serving"]]
        return self[max(said)[1]] if said else None

    def finish(self, failed):
        for node in self.nodes.values():
            node.note_end()
            node.kill()

    def remove(self):
        """Unmounts the disks and removes the directory with logs and all."""
        self.unmount()
        shutil.rmtree(self.directory, ignore_errors=True)

    def unmount(self):
        for node in self.nodes.values():
            if node.role != "proxy":
                call("umount", "--lazy", str(node.disk))
        shutil.rmtree(self.slow_fsync.parent, ignore_errors=True)

    def complaints(self):
        """What no fault excuses: crashes, broken invariants, processes that ended by themselves."""
        out = [f"{n.name} complains in its log" for n in self.nodes.values() if self.complains(n)]
        for node in self.nodes.values():
            out += [f"{node.name} ended by itself with {code}" for code in node.ends]
            if trace := node.backtraces():
                out.append(trace)
        return out

    def wait_equal(self, seconds):
        """No writer is left: waits until every data node is at the leader's position, and returns the leader."""
        def equal():
            leader = self.leader()
            if leader is None:
                return None
            positions = {n.name: n.query("SELECT current_lsn, apply_lsn FROM pg_replication_status")[0] for n in self.data_nodes()}
            end = positions[leader.name][0]
            return leader if all(applied == end for _, applied in positions.values()) else None
        return wait_for("all data nodes are at one position", equal, seconds, interval=0.3)


__all__ = ["CRASHES", "DATA_NODES", "Failure", "FaultyCluster", "NAMES", "SECRET", "check", "wait_for"]
