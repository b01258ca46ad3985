#!/usr/bin/env python3
"""Measures builds beside docker compose: a second build of ten services with nothing changed, and a first one.

Usage: benches/build.py PROGRAM [COMPOSE]. PROGRAM is inception; COMPOSE is docker compose 2 (default: docker-compose). Both run the
same project with BuildKit, in turns; the fastest and the median of the rounds are told. Needs an engine and a static /bin/busybox.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 7
SERVICES = 10
PROJECT = "inception-bench-build"
BASE = "inception-bench/busybox:1"


def run(command, folder, **more):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, **more)


def must(command, folder):
    began = time.monotonic()
    done = run(command, folder)
    if done.returncode:
        sys.exit(f"{command}: {done.stderr}")
    return time.monotonic() - began


def make_base():
    if run(["docker", "image", "inspect", BASE], "/").returncode == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "bin").mkdir()
        shutil.copy("/bin/busybox", f"{folder}/bin/busybox")
        for name in ("sh", "sleep", "cat"):
            os.symlink("busybox", f"{folder}/bin/{name}")
        tar = subprocess.run(["tar", "-C", folder, "-c", "."], capture_output=True, check=True).stdout
        subprocess.run(["docker", "import", "-", BASE], input=tar, capture_output=True, check=True)


def make(folder):
    services = {}
    for number in range(SERVICES):
        context = folder / f"context-{number}"
        context.mkdir()
        (context / "data").write_bytes(os.urandom(2_800_000))
        (context / "Dockerfile").write_text(f"FROM {BASE}\nCOPY data /data\nRUN cat /data > /copy\n")
        services[f"s{number}"] = {
            "build": {"context": f"./context-{number}"},
            "command": ["sleep", "1000"],
            "init": True,
            "stop_grace_period": "0s",
        }
    (folder / "compose.yaml").write_text(json.dumps({"name": PROJECT, "services": services}))


def remove(ours, folder):
    run([ours, "down", "--rmi", "all", "-t", "0"], folder)


def tell(words, times):
    print(f"{words}: fastest {min(times):.2f} s, median {statistics.median(times):.2f} s", flush=True)


def main():
    ours = str(pathlib.Path(sys.argv[1]).resolve())
    tools = {"inception": ours, "docker compose": sys.argv[2] if len(sys.argv) > 2 else "docker-compose"}
    make_base()
    again = {name: [] for name in tools}
    first = {name: [] for name in tools}
    for name, tool in tools.items():
        with tempfile.TemporaryDirectory() as text:
            folder = pathlib.Path(text)
            make(folder)
            try:
                first[name].append(must([tool, "up", "-d", "--build"], folder))
                for _ in range(ROUNDS):
                    for other, program in tools.items():
                        # The first turn of a tool after the other may recreate; it does not count.
                        must([program, "up", "-d", "--build"], folder)
                        again[other].append(must([program, "up", "-d", "--build"], folder))
            finally:
                remove(ours, folder)
    for name in tools:
        tell(f"first `up --build` of {SERVICES} services, {name}", first[name])
    for name in tools:
        tell(f"second `up --build`, nothing changed, {name}", again[name])
    ratio = statistics.median(again["docker compose"]) / statistics.median(again["inception"])
    print(f"docker compose takes {ratio:.1f} times as long")
    subprocess.run(["docker", "rmi", "-f", BASE], capture_output=True, check=False)


main()
