"""psql's commands that inspect: the same schema here and on PostgreSQL 15, and what psql prints of it must be the same, line by line.
What may differ is named below: sizes on disk, and rows of the system's own objects that do not exist here."""
import difflib
import os
import re
import subprocess
import sys
from pathlib import Path

from harness import DATABASE, PASSWORD, USER, Cluster, Failure

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "compatibility"))
from compare import BIN, Postgres  # noqa: E402

SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x', n numeric(10,2), code varchar(10) UNIQUE);
CREATE TABLE child (id serial PRIMARY KEY, parent_id int REFERENCES parent ON DELETE CASCADE, b bigint GENERATED ALWAYS AS IDENTITY,
  c int GENERATED ALWAYS AS (id * 2) STORED, at timestamptz DEFAULT now(), tags text[], data jsonb, CONSTRAINT positive CHECK (c > 0));
ALTER TABLE child ADD CONSTRAINT child_late FOREIGN KEY (parent_id) REFERENCES parent DEFERRABLE INITIALLY DEFERRED NOT VALID;
CREATE INDEX ON child (parent_id);
CREATE UNIQUE INDEX child_partial ON child (b DESC NULLS LAST) WHERE parent_id IS NOT NULL AND c > 5;
CREATE INDEX child_expr ON child (lower(tags[1]), (id + 1)) INCLUDE (c);
CREATE UNIQUE INDEX child_nulls ON child (at) NULLS NOT DISTINCT;
CREATE TABLE keyed (a int, b int, c text, PRIMARY KEY (a) INCLUDE (b), UNIQUE (b) DEFERRABLE INITIALLY DEFERRED);
CREATE VIEW small AS SELECT id, name FROM parent WHERE id < 10;
CREATE MATERIALIZED VIEW counts AS SELECT parent_id, count(*) AS n FROM child GROUP BY parent_id;
CREATE UNIQUE INDEX ON counts (parent_id);
CREATE SEQUENCE numbers START 5 INCREMENT 3 MAXVALUE 100 CYCLE;
CREATE SCHEMA other;
CREATE TABLE other."Odd Name" ("A b" int, "select" text COLLATE "C");
COMMENT ON TABLE parent IS 'the parents';
COMMENT ON COLUMN parent.n IS 'a number';
COMMENT ON INDEX child_expr IS 'of an expression';
COMMENT ON SCHEMA other IS 'another one';
COMMENT ON VIEW small IS 'the small ones';
COMMENT ON CONSTRAINT positive ON child IS 'above zero';
CREATE TEMP TABLE mine (a int, b text);
"""

COMMANDS = r"""
\d
\d parent
\d+ parent
\d child
\d+ child
\d keyed
\d small
\d+ small
\d counts
\d+ counts
\d numbers
\d child_id_seq
\d parent_pkey
\d child_partial
\d child_expr
\d+ child_expr
\d child_nulls
\d other.*
\d other."Odd Name"
\d mine
\d nothing
\d par*
\dt
\dt+
\dt other.*
\dt pg_temp_*.*
\dt *.parent
\di
\di+
\di child*
\ds
\ds+
\dv
\dv+
\dm
\dm+
\dn
\dn+
\dp
\dp parent
\z child
\ddp
\sv small
\sv+ small
\dd
\dd positive
\dD
\dT
\dL
\dx
\dy
\db
\dg
\du
\du+
\df
\da
\do
\dO
\dC nothing
\dE
\dF
\dP
\drds
\dconfig nothing
\dRp
\dRs
\dX
\dA
\dA btree
\des
\dew
\l heliosdb
\dt parent child
\d child parent
\sf nothing
"""

# Lines that are left out on both sides, by command, each with its reason.
ACCEPTED = {
    r"\dn": r"^public|rows\)$",  # the schema belongs to the superuser here: there are no predefined roles
    r"\dn+": r"^public|=U/|rows\)$",
    r"\dL": r"plpgsql|rows?\)$",  # no procedural languages yet
    r"\dx": r"plpgsql|rows?\)$",
    r"\dF": r"configuration|rows?\)$",  # no text search yet
    r"\dA": r"^(brin|gin|gist|hash|spgist)\||rows?\)$",  # btree is the one index method
    r"\l heliosdb": r"^heliosdb",  # text is ordered by its bytes, whatever the locale
    r'\d other."Odd Name"': r"^select",  # a column keeps no collation of its own yet
    r"\d other.*": r"^select",
}


def run_all(host, port, password=None):
    """Each command with what it printed; stderr goes where stdout goes, so that errors stand at their command."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    if password:
        environment["PGPASSWORD"] = password
    commands = [c for c in COMMANDS.split("\n") if c]
    script = SCHEMA + "".join(f"\\echo ==== {n}\n{c}\n" for n, c in enumerate(commands))
    done = subprocess.run([BIN / "psql", "-X", "-q", "-h", str(host), "-p", str(port), "-U", USER, "-d", DATABASE, "-v", "VERBOSITY=terse"],
                          input=script, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, timeout=120, check=False)
    parts = re.split(r"^==== (\d+)\n", done.stdout, flags=re.M)
    return parts[0], {commands[int(parts[i])]: parts[i + 1] for i in range(1, len(parts), 2)}


def normalized(text):
    text = re.sub(r"pg_temp_\d+", "pg_temp_N", text)
    text = re.sub(r"\b\d+ (bytes|kB|MB)\b", "SIZE", text)
    lines = []
    for line in text.split("\n"):
        if set(line) <= set("-+ ") and line:
            continue  # rules are as wide as what stands above them
        lines.append(re.sub(r"\s*\|\s*", "|", re.sub(r" {2,}", " ", line.strip())))
    return lines


def compared(command, text):
    pattern = ACCEPTED.get(command)
    return [line for line in normalized(text) if not pattern or not re.search(pattern, line)]


def run(binary):
    if not (BIN / "postgres").exists():
        print("PostgreSQL 15 is not installed; skipped")
        return
    server = Postgres()
    try:
        with Cluster(binary, extras=False, standbys={}) as c:
            wanted_setup, wanted = run_all(server.path, 5432)
            have_setup, have = run_all("127.0.0.1", c["primary"].pg, PASSWORD)
            bad = []
            for name, a, b in [("the schema", wanted_setup, have_setup)] + [(k, wanted[k], have.get(k, "no answer")) for k in wanted]:
                difference = list(difflib.unified_diff(compared(name, a), compared(name, b), "postgresql", "heliosdb", lineterm="", n=2))
                if difference:
                    bad.append(f"{name}\n" + "\n".join(difference))
            print(f"{len(wanted) + 1 - len(bad)} of {len(wanted) + 1} alike")
            if bad:
                raise Failure("psql prints something else:\n" + "\n".join(bad))
    finally:
        server.stop()
