#!/usr/bin/python3
"""Tests that the faults do harm and that healing ends it: cuts, a full disk, slow syncs. Needs root."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import cluster  # noqa: E402
import fabric  # noqa: E402

# Answers each datagram with itself, from the address it came to.
ECHO = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('0.0.0.0', 999))\nprint(flush=True)\n" \
       "while True:\n    data, whence = s.recvfrom(99)\n    s.sendto(data, whence)\n"
# From within a namespace: does the address answer?
ASK = "import socket, sys\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(0.5)\ns.sendto(b'x', (sys.argv[1], 999))\n" \
      "sys.exit(0 if s.recv(9) == b'x' else 1)\n"


def inside(name, *command, **options):
    return subprocess.Popen(["nsenter", f"--net=/run/netns/{name}", sys.executable, *command], stderr=subprocess.DEVNULL, **options)


class Cuts(unittest.TestCase):
    def setUp(self):
        self.network = fabric.Fabric(("a", "b", "c"))
        self.enterContext(self.network)
        self.echoes = []
        for name in ("a", "b", "c"):
            echo = inside(name, "-c", ECHO, stdout=subprocess.PIPE)
            self.addCleanup(self.end, echo)
            echo.stdout.readline()

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        process.stdout.close()

    def answers(self, source, target):
        return inside(source, "-c", ASK, self.network.address(target)).wait() == 0

    def test_all_are_connected(self):
        self.assertTrue(all(self.answers(*pair) for pair in (("a", "b"), ("b", "a"), ("a", "c"), (fabric.CLIENTS, "a"))))

    def test_a_cut_and_its_heal(self):
        self.network.cut_both("a", "b")
        self.assertFalse(self.answers("a", "b"))
        self.assertFalse(self.answers("b", "a"))
        self.assertTrue(self.answers("a", "c"))
        self.assertTrue(self.answers("c", "b"))
        self.network.heal()
        self.assertTrue(self.answers("a", "b"))

    def test_a_cut_has_a_direction(self):
        """What a sends is lost at b, what b sends arrives at a: the counters of a and b tell."""
        self.network.cut("a", "b")
        before = {name: self.received(name) for name in ("a", "b")}
        self.assertFalse(self.answers("a", "b"), "the question is lost")
        self.assertEqual(self.received("b"), before["b"])
        self.assertFalse(self.answers("b", "a"), "the answer is lost")
        self.assertGreater(self.received("a"), before["a"])

    def received(self, name):
        """Datagrams that its sockets were given."""
        lines = [x.split() for x in fabric.call("ip", "netns", "exec", name, "cat", "/proc/net/snmp").splitlines() if x.startswith("Udp:")]
        return int(dict(zip(lines[0], lines[1]))["InDatagrams"])

    def test_two_cuts_add_up(self):
        self.network.cut("a", "c")
        self.network.cut("b", "c")
        self.assertFalse(self.answers("a", "c"))
        self.assertFalse(self.answers("b", "c"))
        self.assertTrue(self.answers("a", "b"))


class Disks(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/dev/shm")))

    def test_a_full_disk_takes_not_one_byte_and_heals(self):
        disk = self.directory / "disk"
        disk.mkdir()
        fabric.call("mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk))
        self.addCleanup(fabric.call, "umount", str(disk))
        node = cluster.FaultyNode.__new__(cluster.FaultyNode)
        node.disk, node.role, node.slow_file = disk, "standby", self.directory / "slow"
        node.fill_disk()
        with self.assertRaises(OSError):
            (disk / "one").write_bytes(b"x")
        node.heal_disk()
        (disk / "one").write_bytes(b"x" * 4096)

    def test_slow_syncs(self):
        library, slow = cluster.build_slow_fsync(self.directory), self.directory / "slow"
        script = "import os, time\nf = open('f', 'w')\nt = time.monotonic()\nos.fsync(f.fileno())\nos.fdatasync(f.fileno())\nprint(time.monotonic() - t)\n"

        def seconds():
            environment = {**os.environ, "LD_PRELOAD": str(library), "CHAOS_SLOW_FSYNC": str(slow)}
            return float(subprocess.run([sys.executable, "-c", script], env=environment, cwd=self.directory, capture_output=True, text=True,
                                        check=True).stdout)
        slow.write_text("300")
        self.assertGreaterEqual(seconds(), 0.6)
        slow.unlink()
        self.assertLess(seconds(), 0.6)


if __name__ == "__main__":
    fabric.enter_private_mounts()
    unittest.main()
