"""The engine itself is killed or restarted during a run: what the next run repairs.

Not part of a whole measurement, because all containers of the machine end with the engine. Needs root, and an engine
whose pid is in /var/run/docker.pid."""
import functools
import os
import signal
import subprocess
import threading
import time

from engine import docker, is_write
from faults import Situation

PID_FILE = "/var/run/docker.pid"
# Seconds after the request was passed on: the engine still works on it, or has just finished.
DELAYS = (0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.3, 0.5)


class Daemon:
    """The engine's process. It is started again with the same command line."""
    def __init__(self):
        self.process, self.pid = None, int(open(PID_FILE).read())
        self.containerd = None
        with open(f"/proc/{self.pid}/cmdline", "rb") as file:
            self.command = file.read().rstrip(b"\0").split(b"\0")

    def is_alive(self):
        # A child keeps its pid until `poll` has collected its exit code, and the next engine would not start.
        return self.process.poll() is None if self.process else os.path.exists(f"/proc/{self.pid}")

    def end(self, number):
        # A containerd that is not a child of the engine goes on.
        children = subprocess.run(["pgrep", "-x", "-P", str(self.pid), "containerd"], capture_output=True, text=True).stdout
        self.containerd = children.strip() or None
        os.kill(self.pid, number)

    def restart(self):
        # An engine that starts too soon finds the ending containerd of the old engine, and gives up.
        while self.is_alive() or os.path.exists(f"/proc/{self.containerd}"):
            time.sleep(0.05)
        if not any(self.starts() for _ in range(3)):
            raise RuntimeError("the engine does not start again")

    def starts(self):
        with open("/var/log/dockerd.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        self.pid = self.process.pid
        while self.process.poll() is None:
            if docker("version", "-f", "{{.Server.Version}}"):
                return True
            time.sleep(0.1)
        return False


def struck(situation, daemon, number, end, delay):
    """Runs the command. Ends the engine `delay` seconds after its write request `number`, and starts it again.

    Returns whether there was such a request, and the run."""
    proxy, count = situation.proxy, 0

    def strike():
        daemon.end(end)
        daemon.restart()

    timer = threading.Timer(delay, strike)

    def at(method, path):
        nonlocal count
        count += is_write(method, path)
        is_it = count == number and is_write(method, path)
        if is_it:
            timer.start()
        return is_it

    situation.begin()
    proxy.arm(at, "pass")
    run = situation.stack.run(*situation.command, proxy=proxy)
    is_struck = proxy.struck is not None
    if is_struck:
        timer.join()
    return is_struck, run


@functools.cache
def the_daemon():
    """Returns the one daemon of all scenarios: only the object that started a process can tell that it has ended."""
    return Daemon()


def restarts(program, note, name, end):
    daemon = the_daemon()
    lines, all_points, all_good = [], 0, 0
    for kind in ("fresh", "recreate"):
        situation, count, good = Situation(kind, program), 0, 0
        number, is_struck = 1, True
        while is_struck:
            for delay in DELAYS[(number % 2)::2]:
                is_struck, run = struck(situation, daemon, number, end, delay)
                if not is_struck:
                    break
                again = situation.stack.run(*situation.command)
                faults = situation.faults()
                count += 1
                good += not faults and again.code == 0
                if faults or again.code:
                    note(f"{kind} {name} {delay} s after {' '.join(situation.proxy.struck)}: first {run.code}, "
                         f"again {again.code} {faults}: {again.out.strip()[-700:]}")
            number += 1
        lines.append(f"{kind}: repaired by one re-run {good}/{count}")
        all_points, all_good = all_points + count, all_good + good
        situation.close()
    return [*lines, f"all: {all_good}/{all_points}"]


def engine_killed(program, note):
    return restarts(program, note, "killed", signal.SIGKILL)


def engine_restarted(program, note):
    return restarts(program, note, "restarted", signal.SIGTERM)
