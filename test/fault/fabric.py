"""A network of network namespaces: one for each node, one for the clients, and a router namespace that holds the bridge between them.

Everything lies in a private mount namespace with its own /run/netns, so nothing of it is seen on the machine, and the kernel removes it
with the last process, whatever ends the suite. Needs root. A packet is dropped where it arrives, so a cut has a direction.

I1 This process and its threads live in the clients' namespace.
I2 Nothing is connected to the machine's own network.
"""
import ctypes
import os
import subprocess
from pathlib import Path

CLIENTS = "clients"
_ROUTER = "router"
_NEW_MOUNTS, _NEW_NET = 0x00020000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def call(*command, text=None):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout.strip()}")
    return done.stdout


def _checked(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def enter_private_mounts():
    """What is mounted from now on is seen by this process and its children only. Once per process, before any thread is started."""
    _checked(_libc.unshare(_NEW_MOUNTS), "unshare (root is needed)")
    call("mount", "--make-rprivate", "/")
    Path("/run/netns").mkdir(exist_ok=True)
    call("mount", "-t", "tmpfs", "none", "/run/netns")


def _enter_network(name):
    with open(f"/run/netns/{name}", encoding="ascii") as handle:
        _checked(_libc.setns(handle.fileno(), _NEW_NET), f"setns {name}")


class Fabric:
    """with Fabric(names) as f: the names and CLIENTS are connected; f.address(name); f.cut(a, b) drops what a sends to b."""

    def __init__(self, names):
        self.names = [CLIENTS, *names]
        self.made = []
        self.dropped = {name: set() for name in self.names}
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)

    def address(self, name):
        return f"10.77.0.{10 + self.names.index(name)}"

    def __enter__(self):
        try:
            self._make(_ROUTER)
            call("ip", "-n", _ROUTER, "link", "add", "bridge", "type", "bridge")
            call("ip", "-n", _ROUTER, "link", "set", "bridge", "up")
            for number, name in enumerate(self.names):
                self._make(name)
                self._connect(name, f"port{number}")
            _enter_network(CLIENTS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        _checked(_libc.setns(self.home, _NEW_NET), "setns home")
        os.close(self.home)
        for name in reversed(self.made):
            call("ip", "netns", "delete", name)
        self.made = []

    def _make(self, name):
        call("ip", "netns", "add", name)
        self.made.append(name)
        call("ip", "-n", name, "link", "set", "lo", "up")

    def _connect(self, name, port):
        call("ip", "-n", _ROUTER, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
        call("ip", "-n", _ROUTER, "link", "set", port, "master", "bridge", "up")
        call("ip", "-n", name, "address", "add", self.address(name) + "/24", "dev", "eth0")
        call("ip", "-n", name, "link", "set", "eth0", "up")

    # --- cuts ---

    def cut(self, source, target):
        """What `source` sends no longer arrives at `target`; connections stay open, nobody is told."""
        self.dropped[target].add(source)
        self._apply(target)

    def cut_both(self, one, other):
        self.cut(one, other)
        self.cut(other, one)

    def heal(self):
        for target, sources in self.dropped.items():
            if sources:
                sources.clear()
                self._apply(target)

    def _apply(self, target):
        rules = "table inet chaos {}\ndelete table inet chaos\n"
        if self.dropped[target]:
            sources = ", ".join(sorted(self.address(s) for s in self.dropped[target]))
            rules += ("table inet chaos {\n chain arriving {\n  type filter hook input priority 0; policy accept;\n"
                      f"  ip saddr {{ {sources} }} drop\n }}\n}}\n")
        call("ip", "netns", "exec", target, "nft", "-f", "-", text=rules)
