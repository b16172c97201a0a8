#!/usr/bin/env python3
"""Runs the statement files of test/compatibility/sql against PostgreSQL 15 and against the embedded session, and compares
what they print: columns with their types, rows, command tags, notices and errors with SQLSTATE and position.

    compare.py RUNNER [--extended] [--keep] [FILE ...]

PostgreSQL is started in a temporary directory on a socket there, and stopped again. Exits 77 (skipped) without it."""

import ctypes
import ctypes.util
import difflib
import os
import pathlib
import pwd
import re
import subprocess
import sys
import tempfile

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
HERE = pathlib.Path(__file__).resolve().parent

TUPLES, COPY_OUT, COPY_IN = 2, 3, 4
SEVERITY, STATE, MESSAGE, DETAIL, HINT, POSITION = (ord(c) for c in "VCMDHP")


def load_libpq():
    pq = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    p, s, i = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, args in [
        ("PQconnectdb", p, [s]), ("PQstatus", i, [p]), ("PQerrorMessage", s, [p]), ("PQsendQuery", i, [p, s]),
        ("PQsendQueryParams", i, [p, s, i, p, p, p, p, i]), ("PQgetResult", p, [p]), ("PQresultStatus", i, [p]),
        ("PQresultErrorField", s, [p, i]), ("PQnfields", i, [p]), ("PQntuples", i, [p]), ("PQfname", s, [p, i]),
        ("PQftype", ctypes.c_uint, [p, i]), ("PQfmod", i, [p, i]), ("PQgetvalue", s, [p, i, i]),
        ("PQgetisnull", i, [p, i, i]), ("PQcmdStatus", s, [p]), ("PQclear", None, [p]), ("PQfinish", None, [p]),
        ("PQputCopyData", i, [p, s, i]), ("PQputCopyEnd", i, [p, s]),
        ("PQgetCopyData", i, [p, ctypes.POINTER(p), i]), ("PQfreemem", None, [p]), ("PQsetNoticeReceiver", p, [p, p, p]),
    ]:
        getattr(pq, name).restype = result
        getattr(pq, name).argtypes = args
    return pq


def type_shown(oid):
    """Types that statements have made get other oids on the two servers."""
    return str(oid) if oid < 16384 else "defined"


class Postgres:
    """A server in a temporary directory, as an ordinary user."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="helios-oracle-")
        self.path = pathlib.Path(self.directory.name)
        self.user = None
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.path, account.pw_uid, account.pw_gid)
            self.user = account.pw_name
        data = self.path / "data"
        self.call("initdb", "-D", data, "-U", "helios", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        self.call("pg_ctl", "-D", data, "-w", "-l", self.path / "log", "-o",
                  f"-k {self.path} -c listen_addresses= -c fsync=off -c timezone=UTC -c log_timezone=UTC", "start")
        self.call("createdb", "-h", self.path, "-U", "helios", "heliosdb")

    def call(self, program, *args):
        subprocess.run([BIN / program, *args], check=True, stdout=subprocess.DEVNULL, user=self.user, cwd=self.path,
                       env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, group=self.user)

    def stop(self):
        self.call("pg_ctl", "-D", self.path / "data", "-w", "-m", "immediate", "stop")
        self.directory.cleanup()


class Client:
    def __init__(self, pq, host, database):
        self.pq = pq
        self.out = []
        self.c = pq.PQconnectdb(f"host={host} user=helios dbname={database} client_encoding=UTF8".encode())
        if pq.PQstatus(self.c) != 0:
            raise RuntimeError(pq.PQerrorMessage(self.c).decode())
        kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
        self.receiver = kind(lambda _, result: self.report(result))
        pq.PQsetNoticeReceiver(self.c, ctypes.cast(self.receiver, ctypes.c_void_p), None)

    def report(self, result):
        def field(code):
            value = self.pq.PQresultErrorField(result, code)
            return value.decode() if value else ""
        at = f" [at {field(POSITION)}]" if field(POSITION) else ""
        self.out.append(f"{field(SEVERITY)} {field(STATE)}: {field(MESSAGE)}{at}")
        if field(DETAIL):
            self.out.append("  detail: " + field(DETAIL))
        if field(HINT):
            self.out.append("  hint: " + field(HINT))

    def run(self, text, data, extended):
        pq, c = self.pq, self.c
        if extended:
            pq.PQsendQueryParams(c, text.encode(), 0, None, None, None, None, 0)
        else:
            pq.PQsendQuery(c, text.encode())
        while True:
            result = pq.PQgetResult(c)
            if not result:
                break
            self.one(result, data)
            pq.PQclear(result)
        out, self.out = self.out, []
        return "\n".join(out).split("\n") if out else []

    def one(self, r, data):
        pq = self.pq
        status = pq.PQresultStatus(r)
        if status == COPY_IN:
            pq.PQputCopyData(self.c, data.encode(), len(data.encode()))
            pq.PQputCopyEnd(self.c, None)
            return
        if status == COPY_OUT:
            self.copy_out()
            return
        if status > COPY_IN:
            self.report(r)
            return
        fields = pq.PQnfields(r)
        if status == TUPLES and fields > 0:
            names = [f" {pq.PQfname(r, i).decode()}:{type_shown(pq.PQftype(r, i))}:{pq.PQfmod(r, i)}" for i in range(fields)]
            self.out.append("#" + "".join(names))
            for n in range(pq.PQntuples(r)):
                cells = ["<null>" if pq.PQgetisnull(r, n, i) else pq.PQgetvalue(r, n, i).decode() for i in range(fields)]
                self.out.extend("|".join(cells).split("\n"))
        tag = pq.PQcmdStatus(r).decode()
        if tag:
            self.out.append("= " + tag)

    def copy_out(self):
        buffer = ctypes.c_void_p()
        while (size := self.pq.PQgetCopyData(self.c, ctypes.byref(buffer), 0)) > 0:
            self.out.extend(ctypes.string_at(buffer, size).decode().rstrip("\n").split("\n"))
            self.pq.PQfreemem(buffer)


def statements(path):
    """As the runner splits: a statement ends with a line that ends in ';'."""
    text, lines = "", iter(path.read_text().split("\n"))
    for line in lines:
        if not text and (not line or line.startswith("--")):
            continue
        text += ("\n" if text else "") + line
        if not line.endswith(";"):
            continue
        data = ""
        if "from stdin" in text.lower():
            for row in lines:
                if row == "\\.":
                    break
                data += row + "\n"
        yield text, data
        text = ""


def normalized(lines, path):
    """What may differ: schema-less oids do not appear in the files; EXPLAIN and clocks are not compared."""
    return [re.sub(r"\s+$", "", line) for line in lines]


def compare(path, runner, client, extended):
    want = []
    for text, data in statements(path):
        want += ("> " + text).split("\n")
        copy = "from stdin" in text.lower()
        want += client.run(text, data, extended and not copy)
    command = [runner, str(path)] + (["--extended"] if extended else [])
    try:
        got = subprocess.run(command, stdout=subprocess.PIPE, timeout=30, check=False)
        text, how = got.stdout, got.returncode
    except subprocess.TimeoutExpired as late:
        text, how = late.stdout or b"", "no answer in time"
    have = text.decode().rstrip("\n").split("\n")
    if how != 0:
        have.append(f"the runner ended with {how}")
    return list(difflib.unified_diff(normalized(want, path), normalized(have, path), "postgresql", "heliosdb",
                                     lineterm="", n=4))


def main():
    args = [a for a in sys.argv[1:] if not a.startswith("--")]
    if not (BIN / "postgres").exists():
        print("PostgreSQL 15 is not installed; skipped")
        return 77
    files = [pathlib.Path(a) for a in args[1:]] or sorted((HERE / "sql").glob("*.sql"))
    extended = "--extended" in sys.argv
    pq, server, bad = load_libpq(), Postgres(), 0
    try:
        for number, path in enumerate(files):
            database = f"t{number}"
            server.call("createdb", "-h", server.path, "-U", "helios", database)
            client = Client(pq, server.path, database)
            difference = compare(path, args[0], client, extended)
            pq.PQfinish(client.c)
            bad += bool(difference)
            print(f"{'DIFFERS' if difference else 'same   '} {path.name}")
            print("\n".join(difference))
    finally:
        server.stop()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
