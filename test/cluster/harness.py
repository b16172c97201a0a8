"""Starts real clusters of heliosdb processes for the suites: free ports, generated YAML, a temporary directory.

A node is ended, paused and resumed only by the pid that this harness started. Waits are for conditions with deadlines.
"""
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg2

SECRET = "for-tests-only"
USER, PASSWORD, DATABASE = "helios", "helios", "heliosdb"
DATA_NODES = ("primary", "standby-sync", "standby-semisync", "standby-async")
STANDBYS = DATA_NODES[1:]
MODES = {"standby-sync": "sync", "standby-semisync": "semi-sync", "standby-async": "async"}
# How long a suite may take: HELIOS_LONG for thorough runs, HELIOS_SHORT where a sanitizer makes everything slow.
LONG = bool(os.environ.get("HELIOS_LONG"))
SHORT = bool(os.environ.get("HELIOS_SHORT")) and not LONG


CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE}
CRASHES |= {128 - number for number in CRASHES}  # as a launcher reports it


class Failure(AssertionError):
    """A suite's claim does not hold."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def wait_for(what, condition, seconds=30, interval=0.05):
    """Returns the first true value of condition(); errors of the network and of SQL count as not yet."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except (psycopg2.Error, OSError, urllib.error.URLError, ValueError) as error:
            last = error
        if time.monotonic() >= deadline:
            raise Failure(f"not within {seconds} s: {what} (last: {last!r})")
        time.sleep(interval)


_taken = set()


def free_port():
    """A port nobody listens on, below the range of outgoing connections, so that none of those takes it meanwhile."""
    for candidate in range(20000 + os.getpid() % 5000, 32000):
        if candidate in _taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
        _taken.add(candidate)
        return candidate
    raise Failure("no free port")


class Node:
    def __init__(self, cluster, name, role, settings=None):
        self.cluster, self.name, self.role = cluster, name, role
        self.settings = settings or {}
        self.directory = cluster.directory / name
        self.directory.mkdir()
        self.pg, self.replication, self.http = free_port(), free_port(), free_port()
        self.process = None  # the node, or its launcher
        self.launch = cluster.launch
        self.paused = False
        self.log_before = 0  # size of the log when the process was started

    # --- configuration ---

    def sections(self):
        replication = {"heartbeat_interval": "100ms", "sync_timeout": "2s", "peer_timeout": "3s",
                       "reconnect_base": "200ms", "reconnect_cap": "1s"}
        if self.role == "standby":
            replication["mode"] = MODES.get(self.name, "async")
        listen = {"host": "127.0.0.1", "http_port": self.http}
        if self.role != "observer":
            listen["pg_port"] = self.pg
        if self.role != "proxy":
            listen["replication_port"] = self.replication
        out = {"role": self.role, "node_id": self.name, "cluster_id": "test", "cluster_secret": SECRET,
               "superuser": USER, "superuser_password": PASSWORD, "database": DATABASE,
               "api_token": SECRET, "listen": listen, "replication": replication}
        if self.role == "standby":
            out["primary"] = "primary"
        if self.role != "proxy":
            out["storage"] = {"directory": str(self.directory / "data")}
        for dotted, value in {**self.cluster.settings, **self.settings}.items():
            section, _, key = dotted.rpartition(".")
            (out.setdefault(section, {}) if section else out)[key] = value
        return out

    def peer(self):
        out = {"id": self.name, "host": "127.0.0.1", "replication_port": self.replication, "http_port": self.http}
        if self.role != "observer":
            out["pg_port"] = self.pg
        return out

    def write_config(self):
        config = self.sections()
        config["peers"] = [n.peer() for n in self.cluster.nodes.values() if n.role != "proxy"]
        path = self.directory / "node.yaml"
        path.write_text(json.dumps(config, indent=2))  # JSON is YAML
        return path

    # --- process ---

    def start(self, wait=True):
        check(self.process is None or self.process.poll() is not None, f"{self.name} is running already")
        path = self.write_config()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HELIOSDB_")}
        with open(self.directory / "log", "ab") as log:
            self.log_before = log.tell()
            self.pid_file().unlink(missing_ok=True)
            launch = [] if self.launch is None else ["--launch", "--pid-file", str(self.pid_file()), *self.launch]
            self.process = subprocess.Popen([self.cluster.binary, *launch, "--config", str(path)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment, start_new_session=True,
                                            cwd=self.directory)
        self.paused = False
        if wait:
            self.wait_healthy()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def pid_file(self):
        return self.directory / "pid"

    def pid(self):
        """Of the node itself. A launched node's pid is known once its launcher has started it."""
        if self.launch is None:
            return self.process.pid
        wait_for(f"{self.name} is launched", self.pid_file().exists, 10)
        return int(self.pid_file().read_text().split()[0])

    def signal(self, number):
        check(self.running(), f"{self.name} is not running")
        os.kill(self.pid(), number)

    def stop(self, seconds=10):
        """SIGTERM; the node must end by itself, cleanly and within the time that operators are promised. Before its first line in the log
        the program is still being loaded, and no program can answer a signal then."""
        wait_for(f"{self.name} is loaded", lambda: " starts as " in self.log()[self.log_before:])
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} has not stopped {seconds} s after SIGTERM") from None
        check(code == 0, f"{self.name} ended with {code} after SIGTERM")
        return time.monotonic() - started

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(10)

    def pause(self):
        self.signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        self.signal(signal.SIGCONT)
        self.paused = False

    def backtraces(self):
        """Where it crashed, if it left cores and gdb is there."""
        cores = list(self.directory.glob("core*"))
        if not cores or not shutil.which("gdb"):
            return ""
        done = subprocess.run(["gdb", "-batch", "-ex", "bt 25", self.cluster.binary, str(cores[-1])], capture_output=True, text=True)
        return f"--- crash of {self.name}\n" + "\n".join(x[:220] for x in done.stdout.splitlines() if x.startswith("#"))

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def wait_log(self, text, seconds=20, after=0):
        wait_for(f"'{text}' in the log of {self.name}", lambda: text in self.log()[after:], seconds)

    # --- clients ---

    def connect(self, timeout=5, **options):
        parameters = {"host": "127.0.0.1", "port": self.pg, "user": USER, "password": PASSWORD, "dbname": DATABASE,
                      "connect_timeout": timeout, **options}
        connection = psycopg2.connect(**parameters)
        connection.autocommit = True
        return connection

    def query(self, text, parameters=None, timeout=5):
        """Rows of one statement on a connection of its own; an empty list where it returns none."""
        with contextlib.closing(self.connect(timeout)) as connection, connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall() if cursor.description else []

    def value(self, text, parameters=None):
        return self.query(text, parameters)[0][0]

    def psql(self, text, *options, seconds=60):
        """Runs psql as a user would; returns (exit code, output and errors)."""
        done = subprocess.run(["psql", "-X", "-h", "localhost", "-p", str(self.pg), "-U", USER, "-d", DATABASE, *options,
                               "-c", text], env={**os.environ, "PGPASSWORD": PASSWORD}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds)
        return done.returncode, done.stdout

    def http_get(self, path):
        """(status, body) of a GET; a refusal by status is an answer, too."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_healthy(self, seconds=40):
        def healthy():
            check(self.running(), f"{self.name} ended at its start with {self.process.poll()}:\n{self.log()[-3000:]}")
            if self.http_get("/health")[0] != 200:
                return False
            return self.role == "observer" or self.value("SELECT 1") == 1
        wait_for(f"{self.name} is healthy", healthy, seconds)


class Cluster:
    """with Cluster(binary) as c: six nodes up and streaming. `settings`: dotted keys for every node; `launch`: start them through
    a launcher with these further options."""

    def __init__(self, binary, settings=None, extras=True, standbys=STANDBYS, launch=None):
        resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        self.binary = str(binary)
        self.settings = settings or {}
        self.launch = launch
        self.directory = Path(tempfile.mkdtemp(prefix="helios_test_"))
        self.nodes = {}
        self.add("primary", "primary")
        for name in standbys:
            self.add(name, "standby")
        if extras:
            self.add("observer", "observer")
            self.add("proxy", "proxy")

    def add(self, name, role, settings=None):
        self.nodes[name] = Node(self, name, role, settings)
        return self.nodes[name]

    def __getitem__(self, name):
        return self.nodes[name]

    def __enter__(self):
        try:
            for node in self.nodes.values():
                node.start(wait=False)
            for node in self.nodes.values():
                node.wait_healthy()
            self.wait_streaming()
        except BaseException:
            self.finish(failed=True)
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.finish(failed=kind is not None)

    def finish(self, failed):
        for node in self.nodes.values():
            if node.running():
                pid = node.pid()
                node.process.kill()
                node.process.wait(10)
                if pid != node.process.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        for node in self.nodes.values():
            trace = node.backtraces()
            if trace:
                print(trace, flush=True)
        broken = [n.name for n in self.nodes.values() if (n.directory / "log").exists() and self.complains(n)]
        # A node that ended by itself with a signal other than ours has crashed, whatever its log says.
        broken += [n.name for n in self.nodes.values() if n.process and n.process.returncode in CRASHES]
        if failed or broken:
            for node in self.nodes.values():
                with contextlib.suppress(OSError):
                    print(f"--- end of the log of {node.name}\n{node.log()[-2500:]}", flush=True)
        shutil.rmtree(self.directory, ignore_errors=True)
        if broken and not failed:
            raise Failure(f"crashes, broken invariants or sanitizer reports: {broken}")

    @staticmethod
    def complains(node):
        text = node.log()
        return any(sign in text for sign in ("FATAL invariant broken", "ERROR: AddressSanitizer", "runtime error:",
                                             "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer"))

    def standbys(self):
        return [n for n in self.nodes.values() if n.role == "standby"]

    def wait_streaming(self, names=None, seconds=60):
        names = set(names if names is not None else (n.name for n in self.standbys()))

        def streaming():
            rows = self["primary"].query("SELECT node_id, state FROM pg_replication_standbys")
            return names <= {name for name, state in rows if state == "streaming"}
        wait_for(f"{sorted(names)} are streaming", streaming, seconds)

    def wait_caught_up(self, seconds=60):
        """Every standby has applied all that the primary has written."""
        target = self["primary"].value("SELECT current_lsn FROM pg_replication_status")

        def caught_up():
            return all(n.value("SELECT apply_lsn FROM pg_replication_status") >= target for n in self.standbys())
        wait_for("the standbys have applied everything", caught_up, seconds)

    def check_identical(self, query, nodes=None):
        rows = {n.name: n.query(query) for n in nodes or [self["primary"], *self.standbys()]}
        first = rows["primary"]
        for name, others in rows.items():
            check(others == first, f"{name} differs from the primary for {query}: {len(others)} against {len(first)} rows")
        return first
