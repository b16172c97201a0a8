"""PostgreSQL 15 with three streaming standbys, one synchronous, in a temporary folder on free loopback ports.

The servers never run as root: where this process is root, they run as the user that Debian's package made for them.
"""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2

from harness import free_port

BIN = Path("/usr/lib/postgresql/15/bin")
OWNER = "postgres"
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
synchronous_commit = on
logging_collector = off
"""


class PostgresCluster:
    name = "postgresql"
    standbys = ("s1", "s2", "s3")

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="helios_bench_pg_"))
        self.ports = {name: free_port() for name in ("primary", *self.standbys)}
        self.processes = {}

    def __enter__(self):
        try:
            if os.geteuid() == 0:
                shutil.chown(self.directory, OWNER)
            self.start_primary()
            for name in self.standbys:
                self.start_standby(name)
            self.wait_streaming()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in reversed(self.processes):
            self.processes[name].terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)

    def target(self):
        return ["-h", "127.0.0.1", "-p", str(self.ports["primary"]), "-U", OWNER, "postgres"], {}

    # --- servers ---

    @staticmethod
    def as_owner():
        return {"user": OWNER, "group": OWNER, "extra_groups": []} if os.geteuid() == 0 else {}

    def tool(self, name, *arguments):
        done = subprocess.run([BIN / name, *arguments], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, **self.as_owner())
        if done.returncode != 0:
            raise RuntimeError(f"{name} ended with {done.returncode}: {done.stdout[-800:]}")

    def launch(self, name, *options):
        """The server process itself, not a wrapper: the signal that ends it goes to the pid started here."""
        with open(self.directory / f"{name}.log", "ab") as log:
            arguments = ["-D", str(self.directory / name), "-p", str(self.ports[name]), *options]
            self.processes[name] = subprocess.Popen([BIN / "postgres", *arguments], cwd=self.directory,
                                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.as_owner())
        self.wait(name, "SELECT 1", 1)

    def start_primary(self):
        self.tool("initdb", "-D", "primary", "-U", OWNER, "--auth=trust", "--no-instructions")
        with open(self.directory / "primary/postgresql.conf", "a", encoding="utf-8") as file:
            file.write(SETTINGS)
        self.launch("primary")

    def start_standby(self, name):
        self.tool("pg_basebackup", "-h", "127.0.0.1", "-p", str(self.ports["primary"]), "-U", OWNER, "-D", name,
                  "-c", "fast", "-X", "stream")
        (self.directory / name / "standby.signal").touch()
        self.launch(name, "-c", f"primary_conninfo=host=127.0.0.1 port={self.ports['primary']} user={OWNER} "
                    f"application_name={name}")

    def wait_streaming(self):
        """Three stream; then the first becomes the synchronous one."""
        self.wait("primary", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", len(self.standbys))
        self.query("primary", f"ALTER SYSTEM SET synchronous_standby_names = '{self.standbys[0]}'")
        self.query("primary", "SELECT pg_reload_conf()")
        self.wait("primary", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", 1)

    # --- questions ---

    def query(self, name, text):
        connection = psycopg2.connect(host="127.0.0.1", port=self.ports[name], user=OWNER, dbname="postgres", connect_timeout=5)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(text)
                return cursor.fetchone()[0] if cursor.description else None
        finally:
            connection.close()

    def wait(self, name, question, wanted, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            try:
                got = self.query(name, question)
            except psycopg2.OperationalError as error:
                got = str(error).strip()
            if got == wanted:
                return
            if time.monotonic() > deadline or self.processes[name].poll() is not None:
                log = (self.directory / f"{name}.log").read_text(errors="replace")[-1000:]
                raise RuntimeError(f"{name}: {question} gives {got!r}, not {wanted!r}\n{log}")
            time.sleep(0.05)
