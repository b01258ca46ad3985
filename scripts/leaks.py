#!/usr/bin/env python3
"""Looks for leaks: many rounds of `up` and `down` of ten services, many restarts below programs that stay, many `exec`.

    leaks.py PROGRAM [--rounds 200] [--restarts 100] [--execs 1000]

After the rounds nothing of the projects may be left on the engine. A program that stays (`logs -f`, an attached `up`,
`events`) must have as many open files and, up to 4 MiB, as much memory at the end as after its first tenth. Where the engine's
process is on this machine, its open files are counted, too; others may use the engine meanwhile, so only a growth by one file
for each round counts, and by a hundred at least. The last line tells how many checks passed and failed.
"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time

IMAGE = "inception-test/busybox:1"
PROJECT = f"inception-leaks-{os.getpid()}"
LIMIT = 120  # seconds
MEMORY = 4096  # KiB
TEN = "services:\n" + "".join(
    f"  s{number}:\n    image: {IMAGE}\n    init: true\n    command: [sleep, '10000']\n    stop_grace_period: 0s\n"
    f"    networks: [a, b]\n    volumes: [data:/data, /anonymous]\n"
    for number in range(10)) + "networks: {a: {}, b: {}}\nvolumes: {data: {}}\n"
ONE = f"services:\n  web:\n    image: {IMAGE}\n    init: true\n    command: [sh, -c, 'echo begins; exec sleep 10000']\n    stop_grace_period: 0s\n"


def docker(*arguments):
    return subprocess.run(["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True).stdout.split()


def image():
    """Builds the test image from the system's static busybox, if it is missing."""
    if docker("image", "inspect", "-f", "{{.Id}}", IMAGE):
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cp", "/bin/busybox", folder], check=True)
        with open(os.path.join(folder, "Dockerfile"), "w") as file:
            file.write('FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\nCMD ["sleep", "1000"]\n')
        subprocess.run(["docker", "build", "-q", "-t", IMAGE, folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "DOCKER_BUILDKIT": "0"})


def engine():
    """Returns the process of the engine; nothing where it is not seen."""
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/comm") as file:
                if name.isdigit() and file.read().strip() == "dockerd":
                    os.listdir(f"/proc/{name}/fd")
                    return int(name)
        except OSError:
            pass
    return None


def files(process):
    return len(os.listdir(f"/proc/{process}/fd"))


def memory(process):
    with open(f"/proc/{process}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, words, is_so, found):
        self.passed, self.failed = self.passed + is_so, self.failed + (not is_so)
        print(f"{'ok  ' if is_so else 'FAIL'}  {words}: {found}", flush=True)


class Project:
    """A project in a folder of its own."""

    def __init__(self, program, name, text):
        self.program, self.name = program, f"{PROJECT}-{name}"
        self.folder = tempfile.TemporaryDirectory()
        with open(os.path.join(self.folder.name, "compose.yaml"), "w") as file:
            file.write(text)

    def words(self, arguments):
        return {"args": [self.program, "-p", self.name, "-f", "compose.yaml", *arguments], "cwd": self.folder.name,
                "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}

    def run(self, *arguments):
        done = subprocess.run(**self.words(["--progress", "quiet", *arguments]), stderr=subprocess.PIPE, text=True, timeout=LIMIT)
        if done.returncode:
            sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")

    def begin(self, *arguments):
        return subprocess.Popen(**self.words(arguments), stderr=subprocess.DEVNULL)

    def left(self):
        label = f"label=com.docker.compose.project={self.name}"
        return sum(len(docker(*words, "--filter", label)) for words in
                   (("ps", "-aq"), ("network", "ls", "-q"), ("volume", "ls", "-q")))


class Engine:
    """The engine's open files, before and after some work."""

    def __init__(self, checks):
        self.checks, self.process = checks, engine()
        self.before = files(self.process) if self.process else None

    def check(self, words, count):
        if self.process:
            after = files(self.process)
            self.checks.check(f"the engine's open files after {words}", after - self.before < max(count, 100), f"{self.before}, {after}")
        else:
            print(f"SKIPPED  the engine's open files after {words}: its process is not seen", flush=True)


def rounds(program, checks, count):
    project, watcher, seen = Project(program, "ten", TEN), Engine(checks), None
    volumes = len(docker("volume", "ls", "-q", "--filter", "dangling=true"))
    events = project.begin("events", "--json")
    try:
        for number in range(count):
            project.run("up", "-d")
            project.run("down", "-v", "-y")
            if number == count // 10:
                seen = files(events.pid), memory(events.pid)
        checks.check(f"containers, networks and volumes after {count} rounds of ten services", project.left() == 0, project.left())
        after = len(docker("volume", "ls", "-q", "--filter", "dangling=true"))
        checks.check("volumes without a user", after - volumes < max(count, 100), f"{volumes}, {after}")
        now = files(events.pid), memory(events.pid)
        checks.check("`events` meanwhile: open files, memory in KiB", now[0] <= seen[0] and now[1] - seen[1] < MEMORY, f"{seen}, {now}")
        watcher.check(f"{count} rounds", count)
    finally:
        end(events)
        project.run("down", "-v", "-y")


def restarts(program, checks, count):
    """Restarts a container below programs that stay: each start is a new connection for them."""
    project = Project(program, "one", ONE)
    staying = {}
    try:
        staying["an attached `up`"] = project.begin("up")
        begun = time.monotonic()
        while not docker("ps", "-q", "--filter", f"label=com.docker.compose.project={project.name}"):
            if time.monotonic() - begun > LIMIT:
                sys.exit("an attached `up` does not come up")
            time.sleep(0.1)
        staying["`logs -f`"] = project.begin("logs", "-f")
        seen = {}
        for number in range(count):
            project.run("restart", "-t", "0")
            if number == count // 10:
                time.sleep(2)
                seen = {name: (files(one.pid), memory(one.pid)) for name, one in staying.items()}
        time.sleep(2)
        for name, one in staying.items():
            now = files(one.pid), memory(one.pid)
            is_so = one.poll() is None and now[0] <= seen[name][0] and now[1] - seen[name][1] < MEMORY
            checks.check(f"{name} below {count} restarts: open files, memory in KiB", is_so, f"{seen[name]}, {now}")
    finally:
        for one in staying.values():
            end(one)
        project.run("down", "-v", "-y")


def execs(program, checks, count):
    project = Project(program, "exec", ONE)
    try:
        project.run("up", "-d")
        watcher = Engine(checks)
        for _ in range(count):
            project.run("exec", "-T", "web", "true")
        found = docker("inspect", "-f", "{{len .ExecIDs}}", f"{project.name}-web-1")
        checks.check(f"commands that the engine still knows after {count} exec", found == ["0"], " ".join(found))
        found = docker("exec", f"{project.name}-web-1", "sh", "-c", "ls -d /proc/[0-9]* | wc -l")
        checks.check("processes in the container", int(found[0]) <= 6, found[0])
        watcher.check(f"{count} exec", count)
    finally:
        project.run("down", "-v", "-y")


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=100)
    parser.add_argument("--execs", type=int, default=1000)
    options = parser.parse_args()
    image()
    checks = Checks()
    for work, count in ((rounds, options.rounds), (restarts, options.restarts), (execs, options.execs)):
        if count:
            work(options.program, checks, count)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed > 0)


main()
