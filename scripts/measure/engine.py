"""Runs a compose program against the engine, with a proxy between them that counts requests and can strike at one.

Standard library only. Each connection carries one request (the proxy adds `Connection: close`)."""
import atexit
import json
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

IMAGE = "inception-test/busybox:1"
SOCKET = "/var/run/docker.sock"
READS = re.compile(r"/(wait|attach|session|grpc|resize|auth)(\?|$)")
made = []


def docker(*arguments, check=False):
    done = subprocess.run(["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


def image():
    """Builds the test image from the system's static busybox, if it is missing."""
    if docker("image", "inspect", "-f", "{{.Id}}", IMAGE):
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cp", "/bin/busybox", folder], check=True)
        with open(f"{folder}/Dockerfile", "w") as file:
            file.write('FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n'
                       'CMD ["sleep", "1000"]\n')
        subprocess.run(["docker", "build", "-q", "-t", IMAGE, folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, "DOCKER_BUILDKIT": "0"})


class Run:
    """A run that has ended: exit code (None if it was killed at its limit), output, seconds, the time of each piece of output."""
    def __init__(self, code, out, seconds, times):
        self.code, self.out, self.seconds, self.times = code, out, seconds, times


class Running:
    def __init__(self, command, folder, environment, errors):
        self.begun = time.monotonic()
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=errors)
        self.chunks, self.times = [], []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            self.chunks.append(chunk)
            self.times.append(time.monotonic() - self.begun)

    def end(self, limit=120):
        try:
            code = self.process.wait(max(0.1, limit - (time.monotonic() - self.begun)))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = None
        seconds = time.monotonic() - self.begun
        self.reader.join(2)
        return Run(code, b"".join(self.chunks).decode(errors="replace"), seconds, self.times)


class Stack:
    """A project with its own name and folder."""
    count = 0

    def __init__(self, program, yaml, project=None):
        Stack.count += 1
        self.program = program
        self.project = project or f"inception-measure-{os.getpid()}-{Stack.count}"
        self.folder = tempfile.mkdtemp(prefix="inception-measure-")
        made.append(self)
        self.write(yaml)

    def write(self, yaml):
        self.file("compose.yaml", yaml.replace("IMAGE", IMAGE).replace("PROJECT", self.project))

    def file(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def begin(self, *arguments, proxy=None, errors=subprocess.STDOUT, **more):
        environment = {**os.environ, "COMPOSE_PROJECT_NAME": self.project, **more}
        environment.pop("PWD", None)
        if proxy:
            environment["DOCKER_HOST"] = proxy.host
        return Running([self.program, *arguments], self.folder, environment, errors)

    def run(self, *arguments, proxy=None, limit=120, **more):
        return self.begin(*arguments, proxy=proxy, **more).end(limit)

    def name(self, service):
        return f"{self.project}-{service}-1"

    def filter(self):
        return f"label=com.docker.compose.project={self.project}"

    def containers(self):
        """Returns the containers: name -> (id, state, started)."""
        ids = docker("ps", "-aq", "--filter", self.filter()).split()
        if not ids:
            return {}
        text = docker("inspect", "-f", "{{.Name}}\t{{.Id}}\t{{.State.Status}}\t{{.State.StartedAt}}", *ids)
        rows = [line.split("\t") for line in text.splitlines()]
        return {name.lstrip("/").removeprefix(self.project + "-"): (id, state, at) for name, id, state, at in rows}

    def running(self):
        return sorted(name if state == "running" else f"{name} {state}" for name, (_, state, _) in self.containers().items())

    def networks(self):
        return docker("network", "ls", "--format", "{{.Name}}", "--filter", self.filter()).split()

    def volumes(self):
        return docker("volume", "ls", "-q", "--filter", self.filter()).split()

    def is_empty(self):
        return not (self.containers() or self.networks() or self.volumes())

    def put(self, service, path, word="kept"):
        docker("exec", self.name(service), "sh", "-c", f"echo {word} > {path}", check=True)

    def get(self, service, path):
        return docker("exec", self.name(service), "cat", path)

    def clean(self):
        for listing, removal in ((["ps", "-aq"], ["rm", "-fv"]), (["network", "ls", "-q"], ["network", "rm"]),
                                 (["volume", "ls", "-q"], ["volume", "rm"])):
            found = docker(*listing, "--filter", self.filter()).split()
            if found:
                docker(*removal, *found)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clean()
        subprocess.run(["rm", "-rf", self.folder])
        made.remove(self)


@atexit.register
def clean_all():
    for stack in list(made):
        stack.clean()
        subprocess.run(["rm", "-rf", stack.folder])


class Proxy:
    """A proxy with its own socket. `arm(at, action)`: `at` is the number of a request from 1, or a test of (method, path)."""
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="inception-measure-")
        self.path = os.path.join(self.folder, "engine.sock")
        self.host = f"unix://{self.path}"
        self.lock = threading.Lock()
        self.arm()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(128)
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, at=None, action=None):
        with self.lock:
            self.seen, self.at, self.action, self.struck = [], at, action, None

    @property
    def writes(self):
        return sum(is_write(method, path) for method, path in self.seen)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def close(self):
        self.listener.close()
        subprocess.run(["rm", "-rf", self.folder])

    def take(self, method, path):
        with self.lock:
            self.seen.append((method, path))
            if self.at is None or (self.struck and isinstance(self.at, int)):
                return None
            hit = self.at == len(self.seen) if isinstance(self.at, int) else self.struck is None and self.at(method, path)
            if hit:
                self.struck = (method, path)
            return self.action if hit else None

    def serve(self, client):
        with client:
            try:
                self.pass_on(client)
            except OSError:
                pass

    def pass_on(self, client):
        pid = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        head, body = read_head(client)
        if not head:
            return
        method, path = head.split(b" ", 2)[:2]
        body = read_body(client, head, body)
        action = self.take(method.decode(), path.decode())
        if action == "kill":
            os.kill(pid, signal.SIGKILL)
            return
        if action in ("INT", "TERM"):
            os.kill(pid, getattr(signal, "SIG" + action))
        if action == "close":
            return
        if action == "hang":
            while client.recv(65536):
                pass
            return
        if action == "500":
            client.sendall(b"HTTP/1.1 500 Struck\r\nContent-Type: application/json\r\nContent-Length: 20\r\n"
                           b"Connection: close\r\n\r\n{\"message\":\"struck\"}")
            return
        if action == "garbage":
            client.sendall(os.urandom(512))
            return
        if action == "badjson":
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n"
                           b"Connection: close\r\n\r\n[{\"Id\":\"a")
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(SOCKET)
            engine.sendall(closing(head) + body)
            if action in ("kill_after", "close_after"):
                read_head(engine)
                if action == "kill_after":
                    os.kill(pid, signal.SIGKILL)
                return
            if action == "cut":
                answer = b""
                while len(answer) < 150 and (chunk := engine.recv(150 - len(answer))):
                    answer += chunk
                client.sendall(answer)
                return
            back = threading.Thread(target=copy, args=(client, engine), daemon=True)
            back.start()
            copy(engine, client)


def is_write(method, path):
    return method not in ("GET", "HEAD", "OPTIONS") and not READS.search(path)


def copy(source, target):
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        try:
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def read_head(stream):
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = stream.recv(65536)
        if not chunk:
            return b"", b""
        data += chunk
    head, rest = data.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


def read_body(stream, head, body):
    length = re.search(rb"(?i)\ncontent-length:\s*(\d+)", head)
    chunked = re.search(rb"(?i)\ntransfer-encoding:\s*chunked", head)
    while not body.endswith(b"0\r\n\r\n") if chunked else length and len(body) < int(length[1]):
        chunk = stream.recv(65536)
        if not chunk:
            break
        body += chunk
    return body


def closing(head):
    if re.search(rb"(?i)\nupgrade:", head):
        return head
    lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])
