"""Damaged files. A torn end of the WAL is cut and told; damage before it, or in LMDB, stops the node with a message that says
what to do, and it serves nothing. A wrong configuration ends with code 2 and names file, line and key."""
import subprocess

from harness import Cluster, check, wait_for

SETTINGS = {"storage.segment_size": "64kB", "storage.checkpoint_wal_size": "1MB"}


def segments(node):
    return sorted((node.directory / "data" / "wal").glob("*.wal"))


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def lines_of(node, *words):
    return [line for line in node.log().splitlines() if any(w in line.lower() for w in words)]


def must_not_start(node, *words):
    """It ends by itself, with an error, and says which file and what to do."""
    before = len(node.log())
    node.start(wait=False)
    wait_for(f"{node.name} ends", lambda: not node.running(), 30)
    check(node.process.returncode != 0, f"{node.name} ended with 0 on damaged files")
    said = node.log()[before:]
    check("FATAL" in said or "ERROR" in said, f"no error in the log: {said[-1500:]}")
    for word in words:
        check(word in said.lower(), f"the log does not speak of '{word}': {said[-1500:]}")


def fill(node, first, count):
    for number in range(first, first + count):
        node.query("INSERT INTO t VALUES (%s, %s)", (number, "v" * 500))


def torn_end(c):
    """The last record is half there, as after a loss of power: it is cut, everything acknowledged before is served."""
    node = c["primary"]
    fill(node, 0, 20)
    node.kill()
    last = segments(node)[-1]
    data = last.read_bytes().rstrip(b"\0")
    overwrite(last, len(data), bytes(range(1, 60)))
    before = len(node.log())
    node.start()
    check(node.value("SELECT COUNT(*) FROM t") == 20, "rows are missing after the cut")
    check(any(w in node.log()[before:].lower() for w in ("torn", "cut", "truncat")), "the cut is not in the log")
    fill(node, 20, 5)
    check(node.value("SELECT COUNT(*) FROM t") == 25, "writing goes on after the cut")


def damage_in_the_middle(c):
    node = c["primary"]
    fill(node, 100, 300)  # several segments
    node.kill()
    files = segments(node)
    check(len(files) >= 2, f"only {len(files)} segments: the damage would be at the end")
    target, kept = files[-2], files[-2].read_bytes()
    middle = len(kept) // 2
    overwrite(target, middle, bytes(b ^ 0xFF for b in kept[middle:middle + 8]))
    must_not_start(node, target.name)
    target.write_bytes(kept)
    node.start()
    check(node.value("SELECT COUNT(*) FROM t") == 325, "the repaired log gives all rows again")


def damage_in_lmdb(c):
    node = c["primary"]
    node.stop()
    data = node.directory / "data" / "data.mdb"
    kept = data.read_bytes()
    overwrite(data, 0, b"\x5a" * 16384)
    must_not_start(node, "data.mdb")
    data.write_bytes(kept)
    node.start()
    check(node.value("SELECT COUNT(*) FROM t") == 325, "the repaired store gives all rows again")


def wrong_configurations(c):
    node = c["primary"]
    path = node.directory / "wrong.yaml"
    good = (node.directory / "node.yaml").read_text()
    for text, wanted in ((good.replace('"segment_size"', '"segment_sise"'), "storage.segment_sise"),
                         (good.replace('"64kB"', '"many"'), "storage.segment_size"),
                         (good.replace('"role": "primary"', '"role": "king"'), "role")):
        check(text != good, f"the wrong configuration for {wanted} is none")
        path.write_text(text)
        done = subprocess.run([c.binary, "--config", str(path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
        check(done.returncode == 2, f"exit code {done.returncode} instead of 2 for a wrong {wanted}")
        check(f"{path}:" in done.stdout and f"'{wanted}'" in done.stdout, f"no file, line and key: {done.stdout}")
    done = subprocess.run([c.binary, "--config", str(node.directory / "node.yaml"), "--check-config"], capture_output=True, timeout=20)
    check(done.returncode == 0, f"--check-config refuses a good file: {done.stderr}")


def run(binary):
    with Cluster(binary, SETTINGS, extras=False, standbys=()) as c:
        c["primary"].query("CREATE TABLE t (id INT PRIMARY KEY, v TEXT)")
        for step in (torn_end, damage_in_the_middle, damage_in_lmdb, wrong_configurations):
            step(c)
            print(f"{step.__name__} holds", flush=True)
