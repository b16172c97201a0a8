"""Patroni 3 with etcd, HAProxy and PostgreSQL 15 (all of Debian) as a side of the failover benchmark: three nodes on loopback.

Everything runs in the foreground as a process of the benchmark in a temporary folder, as the user that Debian made for PostgreSQL
where this process is root. A node is its Patroni and its PostgreSQL together: a kill or a freeze takes all their processes, as it does
when a machine dies. Replication is synchronous with one standby; HAProxy asks Patroni's /primary. There is no watchdog device.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2

import processes
from harness import Failure, check, free_port, wait_for
from postgres import BIN, OWNER

USER, PASSWORD, DATABASE = "bench", "bench", "postgres"
NODES = ("n1", "n2", "n3")
HOST = "127.0.0.1"

# What Patroni is by default; HAProxy's checks as in Patroni's own example: a server is down after three failed checks.
DEFAULT = {"label": "Patroni, its defaults (ttl 30)", "ttl": 30, "loop_wait": 10, "retry_timeout": 10,
           "check": "inter 3s fall 3 rise 2", "check_timeout": "5s"}
# The least that satisfies loop_wait + 2 * retry_timeout <= ttl with the smallest documented values of the two. Patroni 3.0 takes
# it; later versions refuse a ttl below 20.
TUNED = {"label": "Patroni, tuned (ttl 7)", "ttl": 7, "loop_wait": 1, "retry_timeout": 3,
         "check": "inter 500ms fall 2 rise 1", "check_timeout": "1s"}
PROFILES = {"patroni": DEFAULT, "patroni-tuned": TUNED}


class PatroniNode:
    def __init__(self, cluster, name):
        self.cluster, self.name = cluster, name
        self.directory = cluster.directory / name
        self.directory.mkdir()
        self.pg, self.http = free_port(), free_port()
        self.patroni = None
        self.stopped = []

    def configuration(self):
        profile = self.cluster.profile
        account = {"username": USER, "password": PASSWORD}
        hba = [f"host all all {HOST}/32 scram-sha-256", f"host replication all {HOST}/32 scram-sha-256"]
        return {
            "scope": "bench", "name": self.name,
            "etcd3": {"host": f"{HOST}:{self.cluster.etcd_port}"},
            "restapi": {"listen": f"{HOST}:{self.http}", "connect_address": f"{HOST}:{self.http}"},
            "bootstrap": {
                "dcs": {"ttl": profile["ttl"], "loop_wait": profile["loop_wait"], "retry_timeout": profile["retry_timeout"],
                        "synchronous_mode": True, "postgresql": {"use_pg_rewind": True}},
                "initdb": [{"encoding": "UTF8"}, {"auth": "scram-sha-256"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"{HOST}:{self.pg}", "connect_address": f"{HOST}:{self.pg}", "bin_dir": str(BIN),
                "data_dir": str(self.directory / "data"), "pgpass": str(self.directory / "pgpass"), "pg_hba": hba,
                "authentication": {"superuser": account, "replication": account, "rewind": account},
                "parameters": {"unix_socket_directories": str(self.directory), "password_encryption": "scram-sha-256",
                               "max_connections": 200},
            },
            "watchdog": {"mode": "off"},
        }

    def start(self):
        path = self.directory / "patroni.yml"
        path.write_text(json.dumps(self.configuration(), indent=2))  # JSON is YAML
        for owned in (self.directory, path):
            self.cluster.own(owned)
        self.patroni = self.cluster.launch(self.name, ["patroni", path])

    def postmaster(self):
        """Its pid while it runs here. Patroni leaves it to init, so that it is not among Patroni's children."""
        try:
            pid = int((self.directory / "data/postmaster.pid").read_text().split()[0])
            here = Path(f"/proc/{pid}/cwd").resolve() == (self.directory / "data").resolve()
        except (OSError, ValueError, IndexError):
            return None
        return pid if here else None

    def roots(self):
        return [pid for pid in (self.patroni.pid if self.patroni and self.patroni.poll() is None else None, self.postmaster()) if pid]

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.http}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def connect(self, timeout=5):
        return connect(self.pg, timeout)

    def query(self, text):
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


def connect(port, timeout):
    connection = psycopg2.connect(host=HOST, port=port, user=USER, password=PASSWORD, dbname=DATABASE, connect_timeout=timeout)
    connection.autocommit = True
    return connection


class Patroni:
    def __init__(self, name):
        self.name, self.profile = name, PROFILES[name]
        self.label = self.profile["label"]
        self.phase, self.patience = self.profile["loop_wait"], 3 * self.profile["ttl"] + 60
        self.directory = Path(tempfile.mkdtemp(prefix="helios_bench_patroni_"))
        self.own(self.directory)
        self.etcd_port, self.etcd_peer_port, self.proxy_port = free_port(), free_port(), free_port()
        self.nodes = {name: PatroniNode(self, name) for name in NODES}
        self.others = []  # etcd and HAProxy

    # --- processes ---

    @staticmethod
    def own(path):
        if os.geteuid() == 0:
            shutil.chown(path, OWNER, OWNER)

    def launch(self, name, command):
        as_owner = {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}
        # Debian's psql wrappers and Python's caches look for a home; C keeps messages as they are.
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": str(self.directory)}
        with open(self.directory / f"{name}.log", "ab") as log:
            return subprocess.Popen([str(c) for c in command], cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, start_new_session=True, **as_owner)

    def __enter__(self):
        try:
            self.start_etcd()
            # The first one alone, so that it is the one that makes the cluster.
            self.nodes["n1"].start()
            wait_for("the first node leads", lambda: self.leader_or_none() == "n1", 90)
            for name in NODES[1:]:
                self.nodes[name].start()
            self.start_haproxy()
            self.wait_healthy()
        except BaseException:
            self.finish()
            raise
        return self

    def __exit__(self, *_):
        self.finish()

    def start_etcd(self):
        client, peer = f"http://{HOST}:{self.etcd_port}", f"http://{HOST}:{self.etcd_peer_port}"
        self.others.append(self.launch("etcd", [
            "etcd", "--name", "e1", "--data-dir", self.directory / "etcd", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"e1={peer}", "--log-level", "warn"]))

        def healthy():
            check(self.others[-1].poll() is None, f"etcd ended at its start: {self.log_end('etcd')}")
            with urllib.request.urlopen(f"{client}/health", timeout=2) as answer:
                return json.loads(answer.read())["health"] == "true"
        wait_for("etcd is healthy", healthy, 30)

    def start_haproxy(self):
        servers = "".join(f"  server {n.name} {HOST}:{n.pg} maxconn 150 check port {n.http}\n" for n in self.nodes.values())
        path = self.directory / "haproxy.cfg"
        path.write_text(f"""global
  maxconn 500
defaults
  mode tcp
  retries 2
  timeout connect 4s
  timeout client 30m
  timeout server 30m
  timeout check {self.profile['check_timeout']}
listen writes
  bind {HOST}:{self.proxy_port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server {self.profile['check']} on-marked-down shutdown-sessions
{servers}""")
        self.others.append(self.launch("haproxy", ["haproxy", "-db", "-f", path]))

    def finish(self):
        for node in self.nodes.values():
            processes.send(node.stopped, signal.SIGCONT)
            pids = processes.family(node.roots())
            processes.send(pids, signal.SIGKILL)
            processes.wait_gone(pids)
        for process in self.others:
            process.kill()
        for process in [*self.others, *(n.patroni for n in self.nodes.values() if n.patroni)]:
            process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_end(self, name):
        return (self.directory / f"{name}.log").read_text(errors="replace")[-1500:]

    # --- clients ---

    def connect(self):
        return connect(self.proxy_port, 30)

    def connect_directly(self, name):
        return self.nodes[name].connect()

    def target(self):
        return ["-h", HOST, "-p", str(self.proxy_port), "-U", USER, DATABASE], {"PGPASSWORD": PASSWORD}

    # --- the cluster ---

    def leader_or_none(self):
        found = [n.name for n in self.nodes.values() if not n.stopped and n.get("/primary")[0] == 200]
        return found[0] if len(found) == 1 else None

    def leader(self, seconds=120):
        return wait_for("one node leads", self.leader_or_none, seconds)

    def query_leader(self, text):
        return self.nodes[self.leader()].query(text)

    def wait_healthy(self, seconds=150):
        def healthy():
            leader = self.leader_or_none()
            if leader is None:
                return False
            standbys = self.nodes[leader].query("""SELECT application_name FROM pg_stat_replication WHERE state = 'streaming'
                AND application_name IN ('n1', 'n2', 'n3') AND replay_lsn >= pg_current_wal_lsn()""")
            synchronous = self.nodes[leader].query("SELECT 1 FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')")
            return len(standbys) == len(NODES) - 1 and len(synchronous) == 1 and self.synchronous_standby() is not None
        wait_for("all nodes are healthy", healthy, seconds, 0.2)

        def through_the_proxy():
            connection = self.connect()
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_is_in_recovery()")
                    return cursor.fetchone()[0] is False
            finally:
                connection.close()
        wait_for("HAProxy takes writes", through_the_proxy, 60, 0.2)

    def synchronous_standby(self):
        for node in self.nodes.values():
            if node.get("/synchronous")[0] == 200:
                return node.name
        return None

    # --- what is done to it ---

    def kill(self, name):
        node = self.nodes[name]
        pids = processes.family(node.roots())
        processes.send(pids, signal.SIGKILL)
        # A backend that was forked between the look and the signal ends by itself when the postmaster is gone.
        processes.wait_gone(pids)
        node.patroni.wait(10)

    def kill_process(self, name):
        """PostgreSQL alone; its Patroni lives, and starts it again where it is."""
        pids = processes.family([self.nodes[name].postmaster()])
        processes.send(pids, signal.SIGKILL)
        processes.wait_gone(pids)

    def freeze(self, name):
        node = self.nodes[name]
        node.stopped = processes.freeze_family(node.roots())

    def thaw(self, name):
        node = self.nodes[name]
        processes.send(node.stopped, signal.SIGCONT)
        node.stopped = []

    def revive(self, name):
        if self.nodes[name].patroni.poll() is not None:
            self.nodes[name].start()

    def switch_over(self):
        old, new = self.leader(), self.synchronous_standby()
        request = urllib.request.Request(f"http://{HOST}:{self.nodes[old].http}/switchover",
                                         json.dumps({"leader": old, "candidate": new}).encode(),
                                         {"Content-Type": "application/json"}, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            raise Failure(f"switchover to {new}: {error.code} {error.read().decode(errors='replace')[:300]}") from None
        wait_for(f"{new} leads", lambda: self.leader_or_none() == new, 60, 0.02)
        return new

    # --- evidence ---

    def versions(self):
        out = {}
        for package in ("patroni", "etcd-server", "haproxy", "postgresql-15"):
            done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
            out[package] = done.stdout
        return out

    def save_logs(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in self.directory.glob("*.log"):
            shutil.copy(path, folder / path.name)
