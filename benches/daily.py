#!/usr/bin/env python3
"""Times the commands of a day of work beside those of another program: exec, ps, ls, logs, an attached up, cp.

    daily.py OURS PEER [NAME ...]

Both programs take turns in one run; only the ratios count. The names choose parts: exec, stream, list, logs, up, cp. `exec`
is compared with the bare calls to the engine, too, and the requests of `ps` and `ls` are counted. The script removes what it
creates on the engine: projects named inception-daily-*.
"""
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

OURS, PEER = map(os.path.abspath, sys.argv[1:3])
PARTS = sys.argv[3:]
IMAGE = "inception-bench/busybox:1"
ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
LINES = 500_000
MEGABYTES = 500


def run(program, arguments, folder, out=subprocess.DEVNULL, environment=None):
    """Runs a program. Returns its seconds and its peak memory in MiB."""
    with tempfile.NamedTemporaryFile() as told, tempfile.TemporaryFile() as errors:
        # GNU time measures: a child of this script would count the script's memory, too.
        words = ["/usr/bin/time", "-q", "-f", "%e %M", "-o", told.name, program, *arguments]
        begun = time.monotonic()
        process = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=errors,
                                 env={**os.environ, **(environment or {})})
        seconds = time.monotonic() - begun
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{program} {' '.join(arguments)} ended with {process.returncode}: {errors.read()[-2000:].decode(errors='replace')}")
        return seconds, int(told.read().split()[-1]) / 1024


def compare(words, arguments, folder, rounds, out=None, before=None, sized=None):
    """Runs both programs in turn. Prints the medians, their ratio, and the peaks of memory."""
    times, peaks = {OURS: [], PEER: []}, {OURS: 0, PEER: 0}
    for number in range(rounds):
        for program in (OURS, PEER) if number % 2 == 0 else (PEER, OURS):
            if before:
                before(program)
            if out is None:
                seconds, peak = run(program, arguments, folder)
            else:
                with open(out, "wb") as file:
                    seconds, peak = run(program, arguments, folder, file)
                if sized:
                    sized(program, out)
            times[program].append(seconds)
            peaks[program] = max(peaks[program], peak)
    ours, peer = statistics.median(times[OURS]), statistics.median(times[PEER])
    print(f"{words:<44} {ours * 1000:9.1f} ms {peer * 1000:9.1f} ms   {peer / ours:6.2f} times as fast"
          f"   {peaks[OURS]:6.1f} / {peaks[PEER]:6.1f} MiB = {peaks[OURS] / peaks[PEER]:5.2f}", flush=True)
    return ours


class Counter:
    """A way to the engine that counts requests: each request line that comes from a client."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "counter.sock")
        self.count = 0
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(1024)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            near, _ = self.server.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(ENGINE)
            threading.Thread(target=self.pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, False), daemon=True).start()

    def pump(self, source, target, counts):
        try:
            while piece := source.recv(65536):
                if counts:
                    self.count += piece.count(b" HTTP/1.1\r\n")
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def of(self, program, arguments, folder):
        self.count = 0
        run(program, arguments, folder, environment={"DOCKER_HOST": f"unix://{self.path}"})
        return self.count


class Bare:
    """One connection to the engine, without any logic."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(ENGINE)
        self.file = self.socket.makefile("rb")

    def call(self, method, path, body=None, upgrade=False, thrown_away=False):
        text = json.dumps(body).encode() if body is not None else b""
        head = f"{method} /v1.41{path} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        if upgrade:
            head += "Connection: Upgrade\r\nUpgrade: tcp\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + text)
        status, length = int(self.file.readline().split()[1]), None
        chunked = False
        while line := self.file.readline().strip():
            name, value = line.split(b":", 1)
            length = int(value) if name.lower() == b"content-length" else length
            chunked |= name.lower() == b"transfer-encoding"
        if upgrade:
            return self.file.read()
        if thrown_away:
            while not (piece := self.socket.recv(1 << 20)).endswith(b"0\r\n\r\n") and piece:
                pass
            return None
        answer = b""
        if chunked:
            while size := int(self.file.readline(), 16):
                answer += self.file.read(size)
                self.file.readline()
            self.file.readline()
        elif length:
            answer = self.file.read(length)
        if status >= 400:
            sys.exit(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer) if answer else None


def bare_exec(container):
    """The calls of `exec s true` on a container that is known: create, start, read to the end, ask for the exit code."""
    begun = time.monotonic()
    made = Bare().call("POST", f"/containers/{container}/exec",
                       {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Cmd": ["true"]})
    Bare().call("POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": False}, upgrade=True)
    code = Bare().call("GET", f"/exec/{made['Id']}/json")["ExitCode"]
    if code:
        sys.exit(f"the command ended with {code}")
    return time.monotonic() - begun


def project(folder, name, text):
    """Writes a project into a folder of its own. Returns the folder."""
    path = os.path.join(folder, f"inception-daily-{name}")
    os.makedirs(path, exist_ok=True)
    with open(os.path.join(path, "compose.yaml"), "w") as file:
        file.write(text)
    return path


def down(path):
    run(OURS, ["--progress", "quiet", "down", "-v", "-t", "0"], path)


def service(command):
    # A log that an engine's settings rotate would lose lines.
    return (f"services:\n  s:\n    image: {IMAGE}\n    init: true\n    command: {json.dumps(command)}\n"
            "    logging: {driver: json-file, options: {max-size: 1g}}\n")


def execs(folder):
    path = project(folder, "exec", service(["sleep", "10000"]))
    run(OURS, ["--progress", "quiet", "up", "-d"], path)
    try:
        if not PARTS or "exec" in PARTS:
            ours, peer, bare = [], [], []
            for _ in range(21):
                ours.append(run(OURS, ["exec", "-T", "s", "true"], path)[0])
                bare.append(bare_exec("inception-daily-exec-s-1"))
                peer.append(run(PEER, ["exec", "-T", "s", "true"], path)[0])
            ours, peer, bare = map(statistics.median, (ours, peer, bare))
            print(f"{'exec s true, beside the bare calls':<44} {ours * 1000:9.1f} ms {peer * 1000:9.1f} ms   "
                  f"{(ours - bare) * 1000:6.1f} ms / {(peer - bare) * 1000:6.1f} ms more than {bare * 1000:.1f} ms", flush=True)
        if not PARTS or "stream" in PARTS:
            size = 300 << 20

            def whole(program, out):
                if os.path.getsize(out) != size:
                    sys.exit(f"{program} lost some of the output: {os.path.getsize(out)}")

            compare("exec of a command that prints 300 MB", ["exec", "-T", "s", "head", "-c", str(size), "/dev/zero"], path, 5,
                    os.path.join(folder, "out"), sized=whole)
    finally:
        down(path)


def lists(folder):
    counter = Counter(folder)
    path = project(folder, "list", service(["sleep", "10000"]))
    try:
        for count in (50, 500):
            run(OURS, ["--progress", "quiet", "create", "--scale", f"s={count}"], path)
            compare(f"ps -a with {count} containers", ["ps", "-a"], path, 9)
            compare(f"ls -a with {count} containers", ["ls", "-a"], path, 9)
            requests = [f"{command[0]} {counter.of(OURS, command, path)} / {counter.of(PEER, command, path)}"
                        for command in (["ps", "-a"], ["ls", "-a"])]
            print(f"{f'requests with {count} containers':<44} {', '.join(requests)}", flush=True)
    finally:
        down(path)


LOUD = f"seq 1 {LINES} | sed 's/$$/ is a line among very many/'"


def check_lines(program, out):
    with open(out, "rb") as file:
        count = sum(1 for line in file if line.endswith(b" is a line among very many\n"))
    if count != LINES:
        # docker compose attaches after the start, and may lose what comes before.
        print(f"{'':<44} {os.path.basename(program)}: {count} of {LINES} lines", flush=True)


def bare_logs(container):
    """Reads the log by one bare call and throws it away: what the engine needs alone."""
    begun = time.monotonic()
    Bare().call("GET", f"/containers/{container}/logs?stdout=1&stderr=1&timestamps=1", thrown_away=True)
    return time.monotonic() - begun


def logs(folder):
    path = project(folder, "logs", service(["sh", "-c", LOUD]))
    try:
        run(OURS, ["--progress", "quiet", "up"], path)
        alone = statistics.median(bare_logs("inception-daily-logs-s-1") for _ in range(3))
        print(f"{f'the engine alone, {LINES} lines of a log':<44} {alone * 1000:9.1f} ms", flush=True)
        compare(f"logs of {LINES} lines", ["logs"], path, 5, os.path.join(folder, "out"), sized=check_lines)
        compare(f"logs of {LINES} lines, one reader, no names", ["logs", "--no-log-prefix"], path, 3, os.path.join(folder, "out"))
    finally:
        down(path)


def ups(folder):
    path = project(folder, "up", service(["sh", "-c", LOUD]))
    try:
        compare(f"an attached up of {LINES} lines", ["up"], path, 5, os.path.join(folder, "out"), before=lambda _: down(path),
                sized=check_lines)
    finally:
        down(path)


def copies(folder):
    path = project(folder, "cp", service(["sleep", "10000"]))
    file, back = os.path.join(folder, "file"), os.path.join(folder, "back")
    with open("/dev/urandom", "rb") as random, open(file, "wb") as out:
        piece = random.read(1 << 20)
        for _ in range(MEGABYTES):
            out.write(piece)
    try:
        run(OURS, ["--progress", "quiet", "up", "-d"], path)

        def clean(_):
            run(OURS, ["exec", "-T", "s", "rm", "-f", "/file"], path)

        compare(f"cp of {MEGABYTES} MB into a container", ["cp", file, "s:/file"], path, 5, before=clean)

        def away(_):
            if os.path.exists(back):
                os.remove(back)

        compare(f"cp of {MEGABYTES} MB out of a container", ["cp", "s:/file", back], path, 5, before=away)
        if subprocess.run(["cmp", file, back]).returncode:
            sys.exit("the copies differ")
    finally:
        down(path)


def build_image(folder):
    shutil.copy("/bin/busybox", folder)
    with open(os.path.join(folder, "Dockerfile"), "w") as file:
        file.write('FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n')
    subprocess.run(["docker", "build", "-q", "-t", IMAGE, folder], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DOCKER_BUILDKIT": "0"})


def main():
    print(f"{'':<44} {'ours':>12} {'peer':>12}   {'':>20}   peak memory")
    with tempfile.TemporaryDirectory(prefix="inception-daily-") as folder:
        os.mkdir(os.path.join(folder, "image"))
        build_image(os.path.join(folder, "image"))
        parts = {"exec": execs, "stream": execs, "list": lists, "logs": logs, "up": ups, "cp": copies}
        chosen = dict.fromkeys(part for name, part in parts.items() if not PARTS or name in PARTS)
        for part in chosen:
            part(folder)


main()
