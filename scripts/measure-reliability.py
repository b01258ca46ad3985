#!/usr/bin/env python3
"""Measures what a compose program does when things go wrong. Prints a line of figures for each goal.

    scripts/measure-reliability.py PROGRAM [SCENARIO...]

The results are read from the engine, not from the program's output. Needs an engine at /var/run/docker.sock and a static
/bin/busybox. The script removes what it creates: projects named inception-measure-*. A whole run takes about half an hour;
`never_healthy` alone waits eleven minutes. -v prints each case that is not good.

`engine_killed` and `engine_restarted` end the engine itself and with it all containers of the machine. They run only when
they are named, as root.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "measure"))

import engine  # noqa: E402
import faults  # noqa: E402
import restarts  # noqa: E402
import safety  # noqa: E402
import troubles  # noqa: E402
import waits  # noqa: E402

SCENARIOS = {
    "volume_changed": safety.volume_changed,
    "foreign": safety.foreign,
    "bad_recreate": safety.bad_recreate,
    "crash_points": faults.crash_points,
    "interrupt": faults.interrupt,
    "each_request": faults.each_request,
    "exit_codes": safety.exit_codes,
    "never_healthy": waits.never_healthy,
    "doomed_up": safety.doomed_up,
    "two_ups": faults.two_ups,
    "hang": faults.hang,
    "downtime": waits.downtime,
    "dry_run": safety.dry_run,
    "api_calls": faults.api_calls,
    "environment": troubles.environment,
    "bad_input": troubles.bad_input,
}
# Only run when they are named.
ASKED = {"engine_killed": restarts.engine_killed, "engine_restarted": restarts.engine_restarted}
ALL = {**SCENARIOS, **ASKED}


def main():
    words = [word for word in sys.argv[1:] if word != "-v"]
    if not words or words[0].startswith("-") or any(word not in ALL for word in words[1:]):
        sys.exit(f"{__doc__}\nScenarios: {', '.join(ALL)}")
    program = os.path.abspath(words[0])
    engine.image()
    for name in words[1:] or SCENARIOS:
        figures = ALL[name](program, note)
        for line in figures if isinstance(figures, list) else [figures]:
            print(f"{name:<15} {line}", flush=True)


def note(words):
    if "-v" in sys.argv:
        print(f"    {words}", flush=True)


main()
