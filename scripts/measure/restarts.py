"""The engine itself killed or restarted in the middle of a run: what the next run makes of it.

Not part of a whole measurement: every container of the machine goes down with its engine. Needs root, and an engine whose
pid is in /var/run/docker.pid."""
import functools
import os
import signal
import subprocess
import threading
import time

from engine import docker, is_write
from faults import Situation

PID_FILE = "/var/run/docker.pid"
# After the request has been passed on: while the engine works at it, and when it has just done so.
DELAYS = (0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.3, 0.5)


class Daemon:
    """The engine's process; what it was started with is what it is started with again."""
    def __init__(self):
        self.process, self.pid = None, int(open(PID_FILE).read())
        self.containerd = None
        with open(f"/proc/{self.pid}/cmdline", "rb") as file:
            self.command = file.read().rstrip(b"\0").split(b"\0")

    def is_alive(self):
        # A child that nobody has asked after still has its pid, and the next engine would not start beside it.
        return self.process.poll() is None if self.process else os.path.exists(f"/proc/{self.pid}")

    def end(self, number):
        # Where it is not the engine's own it goes on.
        children = subprocess.run(["pgrep", "-x", "-P", str(self.pid), "containerd"], capture_output=True, text=True).stdout
        self.containerd = children.strip() or None
        os.kill(self.pid, number)

    def restart(self):
        # An engine that comes too soon after another meets the containerd of that one, which is about to end, and gives up.
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
    """Runs the command; ends the engine `delay` seconds after it has got its write `number`, and starts it again.

    Returns whether there was such a write, and the run."""
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
    """One for all scenarios: who has started a process is asked whether it has ended."""
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
