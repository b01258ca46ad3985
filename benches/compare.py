#!/usr/bin/env python3
"""Times commands of two programs in turn. Prints the medians and their ratio.

    compare.py OURS PEER

The script removes what it creates on the engine: projects named inception-bench-*.
"""
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

OURS, PEER = map(os.path.abspath, sys.argv[1:3])
IMAGE = "inception-bench/busybox:1"
REST = 3  # seconds
SOCKET = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")


def run(program, arguments, folder, environment=None):
    begun = time.monotonic()
    process = subprocess.Popen([program, *arguments], cwd=folder, env={**os.environ, **(environment or {})},
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    if process.wait():
        sys.exit(f"{program} {' '.join(arguments)} failed: {errors.decode(errors='replace')[-2000:]}")
    return time.monotonic() - begun


def peak(program, arguments, folder):
    """Returns the peak memory of a run in MiB, by GNU time: a child of this script would count the script's memory, too."""
    with tempfile.NamedTemporaryFile() as file:
        run("/usr/bin/time", ["-f", "%M", "-o", file.name, program, *arguments], folder)
        return int(file.read().split()[-1]) / 1024


def compare(words, arguments, folder, before=None, rounds=5, environment=None):
    times = {OURS: [], PEER: []}
    for _ in range(rounds):
        for program in (OURS, PEER):
            if before:
                before()
            times[program].append(run(program, arguments, folder, environment))
    ours, peer = statistics.median(times[OURS]), statistics.median(times[PEER])
    line = f"{words:<44} {ours * 1000:9.1f} ms {peer * 1000:9.1f} ms   {peer / ours:6.1f} times faster"
    if not before and os.path.exists("/usr/bin/time"):
        line += f"   {peak(OURS, arguments, folder):5.1f} / {peak(PEER, arguments, folder):5.1f} MiB"
    print(line, flush=True)


def write(folder, text):
    with open(os.path.join(folder, "compose.yaml"), "w") as file:
        file.write(text)


def services(count, chained=False):
    lines = ["services:"]
    for index in range(count):
        lines += [f"  s{index:04}:", f"    image: {IMAGE}", "    command: [sleep, '1000']", "    init: true",
                  "    stop_grace_period: 0s", "    environment: {A: '1', B: two, C: $$x}", "    expose: ['80']"]
        if chained:
            lines += ["    healthcheck: {test: [CMD, 'true'], interval: 10s}"]
            if index:
                lines += ["    depends_on:", f"      s{index - 1:04}: {{condition: service_healthy}}"]
    return "\n".join(lines) + "\n"


def large(count, folder):
    """Returns the options for a large project, made by the generator of the corpus if that is there, else by this script."""
    corpus = os.environ.get("CONFORMANCE_DIR", os.path.join(os.path.dirname(__file__), "../../shared/conformance"))
    script = os.path.join(corpus, "make_big.py")
    made = os.path.join(folder, f"big-{count}")
    if os.path.exists(script):
        subprocess.run([sys.executable, script, "--out", folder, str(count)], check=True, stdout=subprocess.DEVNULL)
        return ["--project-directory", made, "-f", f"{made}/compose.yaml", "-f", f"{made}/compose.override.yaml"]
    os.makedirs(made, exist_ok=True)
    write(made, services(count))
    return ["-f", f"{made}/compose.yaml"]


def growth(folder):
    """Times inception with twice the services each time; linear growth is 2. All sizes take turns, because the speed of the
    machine changes."""
    arguments = {count: [*large(count, folder), "config", "-q"] for count in (1250, 2500, 5000)}
    times = {count: [] for count in arguments}
    for _ in range(9):
        for count in arguments:
            times[count].append(run(OURS, arguments[count], folder))
    previous = None
    for count in arguments:
        seconds = statistics.median(times[count])
        more = f"{seconds / previous:6.2f} times the time of half" if previous else ""
        print(f"{f'config -q, {count} services':<44} {seconds * 1000:9.1f} ms   {more}", flush=True)
        previous = seconds


class Engine(http.client.HTTPConnection):
    """A client of the engine's socket without any logic."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)

    def call(self, method, path, body=None):
        text = json.dumps(body) if body is not None else None
        self.request(method, path, text, {"Content-Type": "application/json", "Host": "engine"})
        reply = self.getresponse()
        answer = reply.read()
        if reply.status >= 400:
            sys.exit(f"{method} {path}: {reply.status} {answer[:300]!r}")
        return json.loads(answer) if answer else None


def bare(count, parallel=16):
    """Creates and starts the containers of `services(count)` by bare calls, sixteen at a time. Returns the seconds."""
    project = "inception-bench-bare"
    queue = list(range(count))[::-1]
    ids = []

    def work():
        engine = Engine("engine")
        while queue:
            name = f"s{queue.pop():04}"
            made = engine.call("POST", f"/v1.41/containers/create?name={project}-{name}-1", {
                "Image": IMAGE, "Cmd": ["sleep", "1000"], "Env": ["A=1", "B=two", "C=$x"], "ExposedPorts": {"80/tcp": {}},
                "Labels": {"inception-bench": project},
                "HostConfig": {"Init": True, "NetworkMode": project},
                "NetworkingConfig": {"EndpointsConfig": {project: {"Aliases": [f"{project}-{name}-1", name]}}}})
            ids.append(made["Id"])
            engine.call("POST", f"/v1.41/containers/{made['Id']}/start")

    begun = time.monotonic()
    engine = Engine("engine")
    network = engine.call("POST", "/v1.41/networks/create", {"Name": project, "CheckDuplicate": True})["Id"]
    threads = [threading.Thread(target=work) for _ in range(parallel)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    for each in ids:
        engine.call("DELETE", f"/v1.41/containers/{each}?force=1")
    engine.call("DELETE", f"/v1.41/networks/{network}")
    return seconds


def cold(count, folder, rounds):
    """Compares a first `up -d` with bare calls for the same containers. The order changes in each round.

    Kernel and engine go on cleaning up after containers are gone, so each run waits for a rest first.
    """
    ours, theirs = [], []

    def by_us():
        time.sleep(REST)
        ours.append(run(OURS, ["up", "-d"], folder))
        run(OURS, ["down"], folder)

    def by_bare_calls():
        time.sleep(REST)
        theirs.append(bare(count))

    for number in range(rounds):
        both = [by_bare_calls, by_us]
        for one in both if number % 2 == 0 else reversed(both):
            one()
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    words = f"up -d of {count} services, bare calls"
    print(f"{words:<44} {ours * 1000:9.1f} ms {theirs * 1000:9.1f} ms   {ours / theirs:6.3f} times the bare calls", flush=True)


def build_image(folder):
    subprocess.run(["cp", "/bin/busybox", folder], check=True)
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write('FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n')
    subprocess.run(["docker", "build", "-q", "-t", IMAGE, folder], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DOCKER_BUILDKIT": "0"})


def main():
    print(f"{'':<44} {'ours':>12} {'peer':>12}")
    with tempfile.TemporaryDirectory(prefix="inception-bench-") as folder:
        build_image(folder)
        for count in (3, 1000):
            compare(f"config -q, {count} services", [*large(count, folder), "config", "-q"], folder, rounds=9)
        growth(folder)
        if sys.argv[3:] == ["config"]:
            return
        for count in (3, 50):
            write(folder, services(count))
            run(OURS, ["up", "-d"], folder)
            compare(f"up -d with nothing to do, {count} services", ["up", "-d"], folder, rounds=9)
            run(OURS, ["down"], folder)
        write(folder, services(3, chained=True))
        down = lambda: run(OURS, ["down"], folder)
        compare("three chained by service_healthy, 10 s checks", ["up", "-d", "--wait"], folder, before=down, rounds=1)
        down()
        write(folder, services(20))
        compare("up -d of 20 services from nothing", ["up", "-d"], folder, before=down, rounds=2)
        down()
        write(folder, services(50))
        cold(50, folder, rounds=6)
    stack = os.path.join(os.path.dirname(__file__), "..")
    environment = {"COMPOSE_PROJECT_NAME": "inception-bench-stack", "HTTPS_PORT": "8444"}
    with tempfile.TemporaryDirectory(prefix="inception-bench-") as data:
        environment["DATA_PATH"] = data
        file = ["-f", "srcs/docker-compose.yml"]

        def empty():
            run(OURS, [*file, "down", "-v"], stack, environment)
            for name in ("database", "site"):
                subprocess.run(["rm", "-rf", os.path.join(data, name)], check=True)
                os.mkdir(os.path.join(data, name))

        if subprocess.run(["docker", "image", "inspect", "wordpress:1.0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            compare("the stack from empty volumes to ready", [*file, "up", "-d", "--wait"], stack, before=empty, rounds=2, environment=environment)
            empty()


main()
