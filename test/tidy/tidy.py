#!/usr/bin/env python3
"""Lint as a test: the rules of style that a compiler does not check. Prints each breach as FILE:LINE and exits 1.

Rules: line length, no tabs, no open notes, file length, function length (with a list of known longer ones that may only
shrink), the direction of includes between folders, one user folder per outside library, a head comment in each header,
and that each header of actors/handles is named in docs/architecture.md.
"""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RATCHET = Path(__file__).with_name("long_functions.txt")
# Lines aim at LINE_AIM; how many are longer is printed. LINE_MAX is the limit.
LINE_AIM, LINE_MAX, FILE_MAX, FUNCTION_MAX = 120, 180, 700, 70

# What each folder may include of ours. cmd and test may include everything.
LAYERS = {
    "base": set(),
    "config": {"base"},
    "replication": {"base"},
    "wire": {"base"},
    "storage": {"base"},
    "sql": {"base", "storage"},
    "net": {"base", "wire"},
    "actors": {"base", "config", "replication", "wire", "storage", "sql", "net"},
}
# sql sees storage through its interface headers only.
STORAGE_INTERFACE = {"storage/engine.hpp", "storage/lock_table.hpp", "storage/sequence.hpp", "storage/transaction.hpp"}
# Each outside library has one user folder (tests may use them, too).
USERS = {
    r"caf/": {"actors"},
    r"boost/(asio|beast)": {"net", "actors"},
    r"lmdb\.h": {"storage"},
    r"pg_query": {"sql"},
    r"yaml-cpp/": {"config"},
    r"openssl/": {"wire", "net", "sql"},
}
FOLDERS = list(LAYERS) + ["cmd", "test"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
OPEN_NOTE = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")

breaches = []
long_lines = 0


def breach(path, line, text):
    breaches.append(f"{path.relative_to(ROOT)}:{line}: {text}")


def tracked():
    """Files that git knows or would add, so that a new file is checked before its commit."""
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in out.splitlines() if (ROOT / name).is_file()]


def check_lines(path, lines):
    global long_lines
    for number, line in enumerate(lines, 1):
        long_lines += len(line) > LINE_AIM
        if len(line) > LINE_MAX and "http" not in line:
            breach(path, number, f"line of {len(line)} characters (at most {LINE_MAX})")
        if "\t" in line:
            breach(path, number, "tab")
        if OPEN_NOTE.search(line):
            breach(path, number, "open note: make it an issue or do it")
    if len(lines) > FILE_MAX:
        breach(path, len(lines), f"file of {len(lines)} lines (at most {FILE_MAX})")


def check_includes(path, lines):
    folder = path.relative_to(ROOT).parts[0]
    if folder not in LAYERS:
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(1) or match.group(2)
        target = name.split("/")[0]
        if match.group(1) and target in FOLDERS and target != folder and target not in LAYERS[folder]:
            breach(path, number, f"{folder}/ may not include {target}/")
        if folder == "sql" and target == "storage" and name not in STORAGE_INTERFACE:
            breach(path, number, f"sql/ may include only the interface headers of storage/, not {name}")
        for library, users in USERS.items():
            if re.match(library, name) and folder not in users:
                breach(path, number, f"<{name}> belongs to {', '.join(sorted(users))}/ only")


LITERAL_OR_COMMENT = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/", re.S)


def without_strings_and_comments(text):
    """Same length and lines; the inside of literals and comments blanked, so that braces can be counted."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return LITERAL_OR_COMMENT.sub(blank, text)


NOT_A_FUNCTION = re.compile(r"\b(namespace|class|struct|enum|union|extern)\b[^()=]*$|=\s*$|\bTEST_CASE\b")
NAME = re.compile(r"([~\w:]+(?:\s*operator[^\s(]+)?)\s*\(")


def functions(text):
    """Yields (name, first line, last line) of function bodies: outermost braces outside namespaces and types."""
    clean = without_strings_and_comments(text)
    stack, begin_of_head = [], 0
    for at, char in enumerate(clean):
        if char in ";{}":
            head = clean[begin_of_head:at]
            if char == "{":
                inside_function = "function" in stack
                kind = "block" if inside_function else classify(head)
                stack.append(kind)
                if kind == "function":
                    start, title = at, name_of(head)
            elif char == "}" and stack:
                if stack.pop() == "function" and "function" not in stack:
                    yield title, text.count("\n", 0, start) + 1, text.count("\n", 0, at) + 1
            begin_of_head = at + 1


def classify(head):
    if NOT_A_FUNCTION.search(head.strip()) or "(" not in head:
        return "scope"
    return "function"


def name_of(head):
    found = NAME.search(head)
    return found.group(1) if found else "lambda"


def check_functions(path, text, allowed, seen):
    for name, first, last in functions(text):
        length = last - first + 1
        key = f"{path.relative_to(ROOT)} {name}"
        if length <= FUNCTION_MAX:
            continue
        seen[key] = length
        if length > allowed.get(key, FUNCTION_MAX):
            breach(path, first, f"function {name} of {length} lines (at most {allowed.get(key, FUNCTION_MAX)})")


def read_ratchet():
    allowed = {}
    for number, line in enumerate(RATCHET.read_text().splitlines(), 1):
        if line and not line.startswith("#"):
            path, name, length = line.split()
            allowed[f"{path} {name}"] = int(length)
    return allowed


def check_ratchet(allowed, seen):
    for key, length in allowed.items():
        if key not in seen:
            print(f"note: '{key}' has at most {FUNCTION_MAX} lines now: its entry can go")
        elif seen[key] < length:
            print(f"note: '{key}' has {seen[key]} lines now: its entry can shrink")


def check_header(path, lines):
    if "#pragma once" not in lines[:3]:
        breach(path, 1, "a header begins with #pragma once")
    if len(lines) < 2 or not lines[1].startswith("//"):
        breach(path, 2, "a header has a head comment: role, owner, threads, invariants")


def check_handles(paths):
    architecture = (ROOT / "docs/architecture.md").read_text()
    for path in paths:
        relative = path.relative_to(ROOT).as_posix()
        if relative.startswith("actors/handles/") and path.suffix == ".hpp" and path.name not in architecture:
            breach(path, 1, "is not named in docs/architecture.md")


def self_test():
    """The rules themselves must be able to fail."""
    sample = "namespace a {\nint f() {\n" + "  x();\n" * 80 + "}\nstruct s {\n  int g() const { return 1; }\n};\n}\n"
    found = {name: last - first + 1 for name, first, last in functions(sample)}
    assert found == {"f": 82, "g": 1}, found
    assert OPEN_NOTE.search("// TO" "DO later")


def main():
    self_test()
    paths = tracked()
    allowed, seen = read_ratchet(), {}
    for path in paths:
        if path.suffix not in {".cpp", ".hpp", ".py", ".sh"}:
            continue
        text = path.read_text()
        lines = text.splitlines()
        check_lines(path, lines)
        if path.suffix in {".cpp", ".hpp"}:
            check_includes(path, lines)
            check_functions(path, text, allowed, seen)
        if path.suffix == ".hpp" and path.relative_to(ROOT).parts[0] != "test":
            check_header(path, lines)
    check_ratchet(allowed, seen)
    check_handles(paths)
    for line in sorted(breaches):
        print(line)
    print(f"{long_lines} lines longer than {LINE_AIM} characters")
    print(f"{len(breaches)} breaches in {len(paths)} files")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
