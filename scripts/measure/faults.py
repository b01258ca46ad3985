"""Kills, signals, engines that fail or are silent, and two runs at once: what they leave, and what the next run repairs."""
import os
import threading
import time

from engine import Proxy, Stack, is_write

PAIR = """services:
  web: { image: IMAGE, init: true, stop_grace_period: 0s, depends_on: [db], environment: { A: '%s' } }
  db: { image: IMAGE, init: true, stop_grace_period: 0s, environment: { A: '%s' }, volumes: [data:/data, /scratch] }
volumes: { data: }
"""
SCALED = "services: { a: { image: IMAGE, init: true, stop_grace_period: 0s, scale: %d } }\n"
PAIR_NAMES = ["db-1", "web-1"]


def pair(value):
    return PAIR % (value, value)


class Situation:
    """A command that is disturbed: the state before it, the command, and the state that one more run must reach."""
    def __init__(self, name, program):
        self.name, self.value, self.proxy = name, 1, Proxy()
        self.stack = Stack(program, SCALED % 1 if name == "scale" else pair(1))
        self.command = ["down"] if name == "down" else ["up", "-d"]
        if name == "recreate":
            self.stack.run("up", "-d")
            self.mark()

    def mark(self):
        self.stack.put("db", "/data/mark")
        self.stack.put("db", "/scratch/mark")

    def begin(self):
        """Prepares the state before the command, whatever the previous point has left."""
        if self.name == "recreate":
            # A container with another name would change the situation of the next point.
            if self.stack.running() != PAIR_NAMES:
                self.stack.clean()
                self.stack.run("up", "-d")
                self.mark()
            self.value += 1
            self.stack.write(pair(self.value))
        elif self.name == "scale":
            self.stack.clean()
            self.stack.write(SCALED % 1)
            self.stack.run("up", "-d")
            self.stack.write(SCALED % 3)
        else:
            self.stack.clean()
            if self.name == "down":
                self.stack.run("up", "-d")

    def faults(self):
        """Returns what is not as it should be."""
        stack, found = self.stack, []
        if self.name == "down":
            return [] if not stack.containers() and not stack.networks() else [f"left: {stack.running()} {stack.networks()}"]
        expected = ["a-1", "a-2", "a-3"] if self.name == "scale" else PAIR_NAMES
        if stack.running() != expected:
            found.append(f"containers {stack.running()}")
        if len(stack.networks()) != 1:
            found.append(f"networks {stack.networks()}")
        if self.name == "recreate":
            ids = {name: one[0] for name, one in stack.containers().items()}
            db = next((ids[name] for name in ids if name.endswith("db-1")), "")
            from engine import docker
            for path in ("/data/mark", "/scratch/mark"):
                if docker("exec", db, "cat", path) != "kept":
                    found.append(f"{path} is lost")
            env = docker("inspect", "-f", "{{.Config.Env}}", db)
            if f"A={self.value}" not in env:
                found.append(f"not the new definition: {env}")
        return found

    def close(self):
        self.proxy.close()
        self.stack.__exit__()


def points(situation, actions, only_writes=True):
    """Strikes at each request in turn. Yields (number, action, struck request, run)."""
    number = 0
    while True:
        number += 1
        for action in actions:
            situation.begin()
            situation.proxy.arm(number, action)
            run = situation.stack.run(*situation.command, proxy=situation.proxy)
            struck = situation.proxy.struck
            if struck is None:
                return
            if only_writes and not is_write(*struck):
                break
            yield number, action, struck, run


def crash_points(program, note):
    lines, all_points, all_good = [], 0, 0
    for name in ("fresh", "recreate", "scale", "down"):
        situation, count, good, lost = Situation(name, program), 0, 0, 0
        for number, action, struck, run in points(situation, ["kill", "kill_after"]):
            again = situation.stack.run(*situation.command)
            faults = situation.faults()
            count += 1
            good += not faults and again.code == 0
            lost += any("lost" in fault for fault in faults)
            if faults or again.code:
                note(f"{name} {action} at {number} {struck[0]} {struck[1]}: exit {again.code} {faults}")
        lines.append(f"{name}: repaired by one re-run {good}/{count}, data lost at {lost}")
        all_points, all_good = all_points + count, all_good + good
        situation.close()
    return [*lines, f"all: {all_good}/{all_points}"]


def interrupt(program, note):
    lines = []
    good = count = 0
    for name in ("fresh", "recreate"):
        situation = Situation(name, program)
        for number in range(1, 60, 2):
            signal, code = ("INT", 130) if number % 4 == 1 else ("TERM", 143)
            situation.begin()
            situation.proxy.arm(number, signal)
            run = situation.stack.run(*situation.command, proxy=situation.proxy)
            if situation.proxy.struck is None:
                break
            again = situation.stack.run(*situation.command)
            faults = situation.faults()
            count += 1
            good += not faults and again.code == 0
            if faults or again.code or run.code not in (0, code):
                note(f"{name} {signal} at {number} {situation.proxy.struck}: exit {run.code}, again {again.code} {faults}")
        situation.close()
    return f"repaired by one re-run {good}/{count}"


def each_request(program, note):
    lines = []
    plan = [("fresh", action) for action in ("500", "close", "close_after", "badjson", "garbage", "cut")] + [("recreate", "500"), ("recreate", "close_after")]
    for name, action in plan:
        situation = Situation(name, program)
        count = ridden = reads = reads_ridden = false = stuck = unhealed = 0
        for number, _, struck, run in points(situation, [action], only_writes=False):
            count += 1
            is_read = not is_write(*struck)
            reads += is_read
            faults = situation.faults()
            stuck += run.code is None
            if run.code == 0 and faults:
                false += 1
                note(f"{name} {action} at {number} {struck[0]} {struck[1]}: FALSE SUCCESS {faults}")
            if run.code == 0 and not faults:
                ridden += 1
                reads_ridden += is_read
            if run.code != 0 or faults:
                if is_read and run.code != 0:
                    note(f"{name} {action} at read {number} {struck[1]}: not ridden out: {run.out.strip()[-150:]!r}")
                again = situation.stack.run(*situation.command)
                faults = situation.faults()
                if again.code or faults:
                    unhealed += 1
                    note(f"{name} {action} at {number} {struck[0]} {struck[1]}: NOT healed: exit {again.code} {faults}")
        lines.append(f"{name} {action}: {count} requests, ridden out {ridden} (reads {reads_ridden}/{reads}), "
                     f"false successes {false}, stuck {stuck}, not healed {unhealed}")
        situation.close()
    return lines


def two_ups(program, note):
    results = {}
    for kind in ("fresh", "recreate", "down"):
        situation = Situation("recreate" if kind == "recreate" else "fresh", program)
        stack = situation.stack
        both = consistent = odd = double = 0
        for round in range(8):
            situation.begin()
            if kind == "down":
                stack.run("up", "-d")
            other = ["down"] if kind == "down" else ["up", "-d"]
            runs = [stack.begin("up", "-d"), stack.begin(*other)]
            codes = [run.end().code for run in runs]
            names, networks = stack.running(), stack.networks()
            is_well = names == PAIR_NAMES and len(networks) == 1 or kind == "down" and not names and not networks
            both += codes == [0, 0]
            consistent += codes == [0, 0] and is_well
            odd += any("_" in name for name in names)
            double += len(networks) > 1
            if codes != [0, 0] or not is_well:
                note(f"{kind} round {round}: exits {codes}, {names} {networks}")
        results[kind] = (both, consistent, odd, double)
        situation.close()
    total = sum(result[1] for result in results.values())
    parts = [f"{kind}: both 0 and consistent {c}/8, both 0 {b}/8, odd names {o}, double networks {d}"
             for kind, (b, c, o, d) in results.items()]
    return [f"both end 0 in one state {total}/24", *parts]


def hang(program, note):
    """Eight first `up` runs at the same time, each with one request that is never answered: early, later, up to the last."""
    with Stack(program, pair(1)) as stack:
        proxy = Proxy()
        stack.run("up", "-d", proxy=proxy)
        total = len(proxy.seen)
        proxy.close()
    numbers = sorted({1 + round(index * (total - 1) / 7) for index in range(8)})
    results = []

    def case(number):
        with Stack(program, pair(1)) as stack:
            proxy = Proxy()
            struck_at = []
            proxy.arm(lambda *_: len(proxy.seen) == number and not struck_at.append(time.monotonic()), "hang")
            running = stack.begin("up", "-d", proxy=proxy)
            run = running.end(75)
            at = (struck_at[0] if struck_at else running.begun) - running.begun
            has_words = any(1 < moment - at < 10.5 for moment in run.times) or run.code is not None and run.seconds - at < 10.5
            ended = run.code is not None and run.seconds - at <= 60
            results.append((ended, has_words))
            note(f"request {number} of {total} {proxy.struck}: {'ended' if ended else 'NOT ended'} (exit {run.code}) after "
                 f"{run.seconds - at:.0f} s, {'words' if has_words else 'SILENT'}: {run.out[-200:]!r}")
            proxy.close()

    threads = [threading.Thread(target=case, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = sum(ended and words for ended, words in results)
    return f"ended within 60 s with words within 10 s {good}/{len(results)} (ended {sum(e for e, _ in results)}, words {sum(w for _, w in results)})"


def api_calls(program, note):
    lines = []
    for count in (3, 20):
        def yaml(value):
            one = "  s%d: { image: IMAGE, init: true, stop_grace_period: 0s, environment: { A: '%d' } }\n"
            return "services:\n" + "".join(one % (index, value) for index in range(count))

        with Stack(program, yaml(1)) as stack:
            proxy, figures = Proxy(), []
            for name, command in (("fresh", ["up", "-d"]), ("no-op", ["up", "-d"]), ("ps", ["ps"]), ("recreate", ["up", "-d"]), ("down", ["down"])):
                if name == "recreate":
                    stack.write(yaml(2))
                proxy.arm()
                run = stack.run(*command, proxy=proxy)
                figures.append(f"{name} {len(proxy.seen)} ({proxy.writes} writes)" + ("" if run.code == 0 else f" exit {run.code}"))
            proxy.close()
        lines.append(f"{count} services: " + ", ".join(figures))
    return lines
