#!/usr/bin/env python3
"""Times the Inception stack from `up -d` to the first page: with empty volumes, and after `down` with the volumes kept.

    start.py OURS PEER [--before REVISION] [--rounds COUNT]

Four ways take turns: the stack's files of today and of an earlier revision, each started by inception and by docker
compose. The speed of the machine changes all the time, so only the ratios within a round count. The script removes what it
creates on the engine: projects named inception-start-*, images with the tags start-now and start-before.
"""
import argparse
import datetime
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
PORT = 8446
SERVICES = ("mariadb", "wordpress", "nginx")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ours", type=os.path.abspath)
    parser.add_argument("peer", type=os.path.abspath)
    parser.add_argument("--before", default="bacc62e", help="the revision that today's files are compared with")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def setting(name):
    with open(os.path.join(ROOT, "srcs/.env")) as file:
        return [line.split("=", 1)[1].strip() for line in file if line.startswith(f"{name}=")][-1]


class Stack:
    """The stack of one revision: its files, its images, and the folder of its data."""

    def __init__(self, name, folder, work):
        self.name, self.project, self.data = name, f"inception-start-{name}", os.path.join(work, f"data-{name}")
        self.files = ["-f", os.path.join(folder, "srcs/docker-compose.yml")]
        self.environment = {**os.environ, "COMPOSE_PROJECT_NAME": self.project, "HTTPS_PORT": str(PORT),
                            "DATA_PATH": self.data, "TAG": f"start-{name}"}

    def run(self, program, *command):
        done = subprocess.run([program, *self.files, *command], env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"{program} {' '.join(command)} failed: {done.stderr[-3000:]}")

    def empty(self, ours):
        self.run(ours, "--progress", "quiet", "down", "-v")
        shutil.rmtree(self.data, ignore_errors=True)
        for name in ("database", "site"):
            os.makedirs(os.path.join(self.data, name))

    def up(self, program):
        """Returns the seconds from the start of `up -d` to the start of each container, and to the first page."""
        begun, wall = time.monotonic(), time.time()
        process = subprocess.Popen([program, *self.files, "up", "-d"], env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not page() and time.monotonic() < begun + 180:
            time.sleep(0.04)
        seconds = [time.monotonic() - begun]
        _, errors = process.communicate()
        if process.returncode:
            sys.exit(f"{program} up -d failed: {errors[-3000:]}")
        for service in SERVICES[::-1]:
            text = subprocess.run(["docker", "inspect", "-f", "{{.State.StartedAt}}", f"{self.project}-{service}-1"],
                                  check=True, capture_output=True, text=True).stdout.strip()
            seconds.insert(0, datetime.datetime.fromisoformat(text[:26].rstrip("Z") + "+00:00").timestamp() - wall)
        return seconds


def page():
    """Whether the front page answers with 200 and a valid certificate."""
    domain = setting("DOMAIN_NAME")
    context = ssl.create_default_context(cafile=os.path.join(ROOT, "secrets/ca.crt"))
    try:
        with socket.create_connection(("127.0.0.1", PORT), 10) as plain, context.wrap_socket(plain, server_hostname=domain) as secure:
            secure.sendall(f"GET / HTTP/1.0\r\nHost: {domain}:{PORT}\r\n\r\n".encode())
            return secure.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False


def checked_out(revision, work):
    """Writes the stack's files of a revision into a folder, with the settings and secrets of today."""
    folder = os.path.join(work, "before")
    os.mkdir(folder)
    archive = subprocess.run(["git", "-C", ROOT, "archive", revision, "srcs"], capture_output=True)
    if archive.returncode:
        sys.exit(f"git does not know the revision {revision}: {archive.stderr.decode()}")
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    shutil.copy(os.path.join(ROOT, "srcs/.env"), os.path.join(folder, "srcs/.env"))
    shutil.copytree(os.path.join(ROOT, "secrets"), os.path.join(folder, "secrets"))
    return folder


def table(words, ways, times):
    """Prints a line for each way: the median of each moment, and the median of the ratios within the rounds."""
    print(f"\n{words:<34} {'mariadb':>9} {'wordpress':>9} {'nginx':>9} {'page':>9}   page beside each way, in its rounds")
    for way in ways:
        moments = [statistics.median(moment) for moment in zip(*times[way])]
        ratios = [statistics.median(mine[-1] / other[-1] for mine, other in zip(times[way], times[them])) for them in ways]
        print(f"{way:<34} " + " ".join(f"{moment:7.2f} s" for moment in moments) + "   " + " ".join(f"{ratio:5.2f}" for ratio in ratios),
              flush=True)


def main():
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="inception-start-") as work:
        now = Stack("now", ROOT, work)
        before = Stack("before", checked_out(options.before, work), work)
        ways = {f"{words}, {program}": (stack, path) for words, stack in (("today's files", now), ("files before", before))
                for program, path in (("ours", options.ours), ("docker compose", options.peer))}
        first, warm = {way: [] for way in ways}, {way: [] for way in ways}
        try:
            for stack in (now, before):
                stack.run(options.ours, "--progress", "quiet", "build")
            for number in range(options.rounds):
                order = list(ways)
                for way in order[number % 4:] + order[:number % 4]:
                    stack, program = ways[way]
                    stack.empty(options.ours)
                    first[way].append(stack.up(program))
                    stack.run(program, "down")
                    warm[way].append(stack.up(program))
                    stack.empty(options.ours)
                print(f"round {number + 1}: " + ", ".join(f"{way} {first[way][-1][-1]:.2f} / {warm[way][-1][-1]:.2f}" for way in ways),
                      file=sys.stderr, flush=True)
            table("first start", list(ways), first)
            table("start with the volumes kept", list(ways), warm)
        finally:
            for stack in (now, before):
                stack.run(options.ours, "--progress", "quiet", "down", "-v", "--rmi", "all")


main()
