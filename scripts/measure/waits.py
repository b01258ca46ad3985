"""Waits that cannot succeed, and how long a published port does not answer during an update."""
import re
import socket
import threading
import time

from engine import Stack

LIMIT = 660
HEAD = "image: IMAGE, init: true, stop_grace_period: 0s"
# Thirty networks at the same time would exhaust the engine's address pools.
ALONE = "network_mode: none"


def check(more, command="echo not yet; false"):
    return f"healthcheck: {{ test: [CMD-SHELL, '{command}'], {more} }}"


def never_healthy(program, note):
    """Fifteen projects that never come up, all at the same time. Runs that do not end are killed after eleven minutes."""
    depends = "services:\n  a: { " + f"{HEAD}, {ALONE}" + ", depends_on: { b: { condition: %s } } }\n  b: { network_mode: none, %s }\n"
    plain = "services:\n  b: { network_mode: none, %s }\n"
    healthy, done = "service_healthy", "service_completed_successfully"
    loop = "image: IMAGE, restart: always, command: [sh, -c, 'echo oh no; exit 5']"
    # name: file, flags, words that the output must have besides the service's name
    cases = {
        "check fails": (depends % (healthy, f"{HEAD}, {check('interval: 1s, retries: 2')}"), [], ["not yet"]),
        "start_period of an hour": (depends % (healthy, f"{HEAD}, {check('interval: 1s, retries: 2, start_period: 1h')}"), [], ["not yet"]),
        "many retries": (depends % (healthy, f"{HEAD}, {check('interval: 1s, retries: 100000')}"), [], ["not yet"]),
        "check hangs": (depends % (healthy, f"{HEAD}, {check('interval: 1s, timeout: 1h', 'sleep 4000')}"), [], []),
        "first check in an hour": (depends % (healthy, f"{HEAD}, {check('interval: 1h')}"), [], []),
        "no health check": (depends % (healthy, HEAD), [], []),
        "dies before it is healthy": (depends % (healthy, f"image: IMAGE, command: [sh, -c, 'echo oh no; sleep 1; exit 5'], {check('interval: 30s')}"), [], ["5", "oh no"]),
        "dies again and again": (depends % (healthy, f"{loop}, {check('interval: 30s')}"), [], ["5", "oh no"]),
        "job never ends": (depends % (done, HEAD), [], []),
        "job fails": (depends % (done, "image: IMAGE, command: [sh, -c, 'echo oh no; exit 5']"), [], ["5", "oh no"]),
        "job fails under restart: on-failure": (depends % (done, "image: IMAGE, restart: on-failure, command: [sh, -c, 'echo oh no; exit 5']"), [], ["5", "oh no"]),
        "crash loop, --wait": (plain % loop, ["--wait"], ["5", "oh no"]),
        "ends at once, up -d": (plain % "image: IMAGE, command: [sh, -c, 'echo oh no; exit 5']", [], ["5", "oh no"]),
        "never healthy, --wait": (plain % f"{HEAD}, {check('interval: 1s, retries: 2')}", ["--wait"], ["not yet"]),
        "command not found": (plain % "image: IMAGE, command: [nothing-here]", ["--wait"], ["nothing-here"]),
    }
    results = {}

    def case(name, yaml, flags, words):
        with Stack(program, yaml) as stack:
            run = stack.run("up", "-d", *flags, limit=LIMIT)
            ended = run.code not in (None, 0)
            told = ended and stack.name("b") in run.out and all(word in run.out for word in words)
            results[name] = (ended, told)
            if not (ended and told):
                note(f"{name}: exit {run.code} after {run.seconds:.0f} s: {run.out.strip()[-400:]!r}")
            else:
                note(f"{name}: ended and told after {run.seconds:.0f} s")

    threads = [threading.Thread(target=case, args=(name, *rest)) for name, rest in cases.items()]
    for thread in threads:
        thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    ended, told = (sum(result[index] for result in results.values()) for index in (0, 1))
    return f"end with a failure {ended}/{len(cases)}, service, code and last output told {told}/{len(cases)} (looked at for {LIMIT} s)"


class Poll(threading.Thread):
    """Asks a port every ten milliseconds. `dark` is the longest time between two answers."""
    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.answers, self.goes_on = port, [], True

    def run(self):
        while self.goes_on:
            if answers(self.port):
                self.answers.append(time.monotonic())
            time.sleep(0.01)

    def dark(self):
        gaps = [later - earlier for earlier, later in zip(self.answers, self.answers[1:])]
        return max(gaps, default=float("inf"))


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 0.25) as stream:
            stream.settimeout(0.25)
            stream.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return stream.recv(16).startswith(b"HTTP/")
    except OSError:
        return False


def downtime(program, note):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def yaml(web=1, api=1, db=1, scale=1):
        return f"""services:
  web: {{ {HEAD}, command: [httpd, -f, -p, '80'], ports: ['{port}:80'], environment: {{ V: '{web}' }}, depends_on: {{ db: {{ condition: service_healthy }} }} }}
  api: {{ {HEAD}, environment: {{ V: '{api}' }}, scale: {scale}, depends_on: {{ db: {{ condition: service_healthy }} }} }}
  db: {{ {HEAD}, environment: {{ V: '{db}' }}, command: [sh, -c, 'sleep 3; touch /ready; exec sleep 1000'], healthcheck: {{ test: [CMD, test, -e, /ready], interval: 500ms, retries: 60 }} }}
"""

    cases = {
        "a (web alone)": [yaml(web=value) for value in (2, 3, 4)],
        "b (db only)": [yaml(web=4, db=2)],
        "c (all three, db starts in 3 s)": [yaml(web=value, api=value, db=value) for value in (5, 6, 7)],
        "d (nothing)": [yaml(web=7, api=7, db=7)],
        "e (scale-out)": [yaml(web=7, api=7, db=7, scale=3)],
    }
    figures = []
    with Stack(program, yaml()) as stack:
        stack.run("up", "-d", "--wait")
        for name, files in cases.items():
            darks = []
            for file in files:
                stack.write(file)
                poll = Poll(port)
                poll.start()
                time.sleep(0.5)
                run = stack.run("up", "-d")
                begun = time.monotonic()
                while time.monotonic() - begun < 10 and not (poll.answers and time.monotonic() - poll.answers[-1] < 0.05):
                    time.sleep(0.01)
                time.sleep(0.3)
                poll.goes_on = False
                poll.join()
                darks.append(round(poll.dark() * 1000))
                note(f"{name}: exit {run.code}, longest time without an answer {darks[-1]} ms, run {run.seconds:.1f} s")
            figures.append(f"{name} {sorted(darks)[len(darks) // 2]} ms")
    return "longest time without an answer, median: " + ", ".join(figures)
