"""Data, objects of others, updates that fail, runs that cannot succeed, and dry runs that tell the truth."""
import json
import re
import socket
import subprocess
import time

from engine import IMAGE, Stack, docker

A = "{ image: IMAGE, init: true, stop_grace_period: 0s%s }"


def one(more=""):
    return "services:\n  a: " + A % (", " + more if more else "") + "\n"


def volume_changed(program, note):
    base = one("volumes: [data:/data]")
    cases = {
        "options": ("{ name: PROJECT-data, driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } }", []),
        "options, -y": ("{ name: PROJECT-data, driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } }", ["-y"]),
        "label": ("{ name: PROJECT-data, labels: { x: y } }", []),
        "label, -y": ("{ name: PROJECT-data, labels: { x: y } }", ["-y"]),
        "name, -y": ("{ name: PROJECT-other }", ["-y"]),
    }
    kept = 0
    for name, (definition, flags) in cases.items():
        with Stack(program, base + "volumes: { data: { name: PROJECT-data } }\n") as stack:
            stack.run("up", "-d")
            stack.put("a", "/data/mark")
            stack.write(base + f"volumes: {{ data: {definition} }}\n")
            run = stack.run("up", "-d", *flags)
            is_kept = docker("run", "--rm", "-v", f"{stack.project}-data:/data", IMAGE, "cat", "/data/mark") == "kept"
            kept += is_kept
            note(f"{name}: {'kept' if is_kept else 'LOST'}, exit {run.code}")
    return f"data kept {kept}/{len(cases)}"


def stranger(*arguments):
    docker(*arguments, check=True)


def foreign(program, note):
    good = {}
    state = "{{.Id}} {{.State.StartedAt}} {{.State.Status}}"
    with Stack(program, one()) as stack:
        name = stack.name("a")
        stranger("run", "-d", "--init", "--name", name, IMAGE)
        before = docker("inspect", "-f", state, name)
        code = stack.run("up", "-d").code
        stack.run("down", "-v", "--remove-orphans")
        good["container"] = code != 0 and docker("inspect", "-f", state, name) == before
        docker("rm", "-f", name)
    with Stack(program, one("networks: [n]") + "networks: { n: { name: PROJECT-n } }\n") as stack:
        name = f"{stack.project}-n"
        stranger("network", "create", name)
        before = docker("network", "inspect", "-f", "{{.Id}}", name)
        code = stack.run("up", "-d").code
        stack.run("down", "-v")
        good["network"] = code != 0 and docker("network", "inspect", "-f", "{{.Id}}", name) == before
        stack.clean()
        docker("network", "rm", name)
    for word, external in (("volume", ""), ("external volume", ", external: true")):
        with Stack(program, one("volumes: [data:/d]") + f"volumes: {{ data: {{ name: PROJECT-d{external} }} }}\n") as stack:
            name = f"{stack.project}-d"
            stranger("volume", "create", name)
            docker("run", "--rm", "-v", f"{name}:/d", IMAGE, "sh", "-c", "echo kept > /d/mark")
            stack.run("up", "-d")
            stack.run("down", "-v")
            good[word] = docker("run", "--rm", "-v", f"{name}:/d", IMAGE, "cat", "/d/mark") == "kept"
            stack.clean()
            docker("volume", "rm", name)
    for command in ("up", "down"):
        with Stack(program, one()) as first:
            first.run("up", "-d")
            before = first.containers()
            with Stack(program, "services: { b: " + A % "" + " }", first.project) as second:
                second.run(*(["up", "-d"] if command == "up" else ["down"]), "--remove-orphans")
                good[f"other directory, {command}"] = first.containers().get("a-1") == before["a-1"]
    with Stack(program, one("networks: [n]") + "networks: { n: { labels: { v: '1' } } }\n") as stack:
        stack.run("up", "-d")
        name = stack.project + "-stranger"
        stranger("run", "-d", "--init", "--name", name, "--network", stack.project + "_n", IMAGE)
        before = stack.containers()
        stack.write(one("networks: [n]") + "networks: { n: { labels: { v: '2' } } }\n")
        stack.run("up", "-d")
        good["changed network with a stranger"] = stack.containers() == before
        docker("rm", "-f", name)
    for name, is_good in good.items():
        if not is_good:
            note(f"{name}: NOT left alone")
    return f"left alone {sum(good.values())}/{len(good)}"


def bad_recreate(program, note):
    holder = socket.create_server(("0.0.0.0", 0))
    port = holder.getsockname()[1]
    sick = "healthcheck: { test: [CMD, 'false'], interval: 500ms, retries: 2 }"
    cases = {
        "exits at once": one("command: [sh, -c, 'exit 3']"),
        "command not found": one("command: [nothing]").replace("init: true, ", ""),
        "port taken": one(f"ports: ['{port}:80']"),
        "unknown user": one("user: nobody-of-that-name"),
        "bad mount": one("volumes: [{ type: bind, source: /nothing/here, target: /x, bind: { create_host_path: false } }]"),
        "missing device": one("devices: [/dev/nothing-here]"),
        "bad sysctl": one("sysctls: { net.nothing.here: '1' }"),
        "never healthy": one(sick),
        "dependency never healthy": one("environment: { N: x }, depends_on: { b: { condition: service_healthy } }")
        + "  b: " + A % (", " + sick) + "\n",
        "missing image": one("pull_policy: never").replace("IMAGE", "PROJECT:nothing"),
    }
    kept = told = 0
    for name, yaml in cases.items():
        with Stack(program, one()) as stack:
            stack.run("up", "-d")
            stack.put("a", "/mark")
            before = stack.containers()["a-1"][0]
            stack.write(yaml)
            run = stack.run("up", "-d", "--wait", "--wait-timeout", "30") if name == "never healthy" else stack.run("up", "-d")
            after = stack.containers().get("a-1", ("", "gone"))
            is_kept = after[0] == before and after[1] == "running" and stack.get("a", "/mark") == "kept"
            kept += is_kept
            told += run.code != 0
            if not is_kept or run.code == 0:
                note(f"{name}: {'kept' if is_kept else 'NOT kept'}, exit {run.code}")
    holder.close()
    return f"old one serving {kept}/{len(cases)}, told {told}/{len(cases)}"


def exit_codes(program, note):
    with Stack(program, one("restart: always, command: [sh, -c, 'exit 5']").replace("init: true, ", "")) as stack:
        loop = stack.run("up", "-d", "--wait", "--wait-timeout", "30").code
    with Stack(program, one("command: [sh, -c, 'exit 5']")) as stack:
        dies = stack.run("up", "-d").code
    with Stack(program, one() + "  b: " + A % "" + "\n") as stack:
        stack.run("up", "-d")
        stack.write(one())
        down, is_left = stack.run("down").code, not stack.is_empty()
    return [f"crash loop under --wait: exit {loop}", f"`up -d` of what ends at once: exit {dies}",
            f"`down` of a service taken out of the file: exit {down}, {'something is left' if is_left else 'nothing is left'}"]


def doomed_up(program, note):
    holder = socket.create_server(("0.0.0.0", 0))
    port = str(holder.getsockname()[1])
    subprocess.run(["docker", "network", "create", "--subnet", "10.213.7.0/24", "inception-measure-subnet"],
                   stdout=subprocess.DEVNULL)
    secret = "secrets: { s: { %s } }\n"
    # name: file, words that name the cause
    cases = {
        "missing env_file": (one("env_file: [gone.env]"), ["gone.env"]),
        "missing image": (one("pull_policy: never").replace("IMAGE", "PROJECT:gone"), [":gone"]),
        "port taken by a program": (one(f"ports: ['{port}:80']"), [port]),
        "one port twice": (one("ports: ['18231:80']") + "  b: " + A % ", ports: ['18231:81']" + "\n", ["18231"]),
        "subnet taken": (one("networks: [n]") + "networks: { n: { ipam: { config: [{ subnet: 10.213.7.0/25 }] } } }\n",
                         ["10.213.7.0", "inception-measure-subnet"]),
        "missing secret file": (one("secrets: [s]") + secret % "file: ./gone.txt", ["gone.txt"]),
        "missing config file": (one("configs: [s]") + "configs: { s: { file: ./gone.txt } }\n", ["gone.txt"]),
        "unset secret variable": (one("secrets: [s]") + secret % "environment: GONE_VARIABLE", ["GONE_VARIABLE"]),
        "external network missing": (one("networks: [n]") + "networks: { n: { external: true, name: gone-net } }\n", ["gone-net"]),
        "external volume missing": (one("volumes: [data:/d]") + "volumes: { data: { external: true, name: gone-vol } }\n", ["gone-vol"]),
        "unknown volume driver": (one("volumes: [data:/d]") + "volumes: { data: { driver: gonedriver } }\n", ["gonedriver"]),
        "unknown network driver": (one("networks: [n]") + "networks: { n: { driver: gonedriver } }\n", ["gonedriver"]),
        "unknown logging driver": (one("logging: { driver: gonedriver }"), ["gonedriver"]),
        "unknown runtime": (one("runtime: goneruntime"), ["goneruntime"]),
        "missing device": (one("devices: [/dev/gone]"), ["/dev/gone"]),
        "missing bind source": (one("volumes: [{ type: bind, source: /gone/here, target: /x, bind: { create_host_path: false } }]"),
                                ["/gone/here"]),
        "missing build context": ("services: { a: { build: ./gone } }\n", ["gone"]),
        "missing seccomp profile": (one("security_opt: ['seccomp:gone.json']"), ["gone.json"]),
        "undefined dependency": (one("depends_on: [gone]"), ["gone"]),
        "cycle": (one("depends_on: [b]") + "  b: " + A % ", depends_on: [a]" + "\n", ["a", "b"]),
        "required variable": (one("hostname: '${GONE_VARIABLE:?}'"), ["GONE_VARIABLE"]),
        "container name taken": (one("container_name: inception-measure-taken"), ["inception-measure-taken"]),
        "bad stop signal": (one("stop_signal: SIGNOTHING"), ["SIGNOTHING"]),
        "image mount on an old engine": (one("volumes: [{ type: image, source: x, target: /x }]"), ["image"]),
        "memory below the minimum": (one("mem_limit: 1m"), ["mem"]),
    }
    docker("run", "-d", "--init", "--name", "inception-measure-taken", IMAGE)
    clean = named = failed = 0
    for name, (yaml, words) in cases.items():
        with Stack(program, yaml) as stack:
            run = stack.run("up", "-d")
            is_clean, is_named = stack.is_empty(), all(word in run.out for word in words)
            failed += run.code != 0
            clean += is_clean and run.code != 0
            named += is_named
            if not (is_clean and is_named and run.code):
                note(f"{name}: exit {run.code}, {'nothing' if is_clean else 'something'} made, "
                     f"{'named' if is_named else 'NOT named'}: {run.out.strip()[-300:]!r}")
    # Each fault has its own line, so that a quoted line does not name another fault by chance.
    four = f"""services:
  a:
    image: PROJECT:gone
    pull_policy: never
    ports:
      - '{port}:80'
    secrets: [s]
    networks: [n]
secrets:
  s:
    file: ./gone.txt
networks:
  n:
    external: true
    name: gone-net
"""
    with Stack(program, four) as stack:
        run = stack.run("up", "-d")
        at_once = sum(word in run.out for word in (port, ":gone", "gone.txt", "gone-net"))
        note(f"all at once: {run.out!r}")
    docker("rm", "-f", "inception-measure-taken")
    docker("network", "rm", "inception-measure-subnet")
    holder.close()
    total = len(cases)
    return f"refused with nothing made {clean}/{total}, culprit named {named}/{total}, exit code right {failed}/{total}; of 4 faults told at once: {at_once}"


def dry_run(program, note):
    """Whether a dry run names the containers that `up` then changes, and ends with the same exit code."""
    holder = socket.create_server(("0.0.0.0", 0))
    port = holder.getsockname()[1]
    two = one("environment: { A: '1' }") + "  b: " + A % ", scale: 2" + "\n"
    with_volume = one("volumes: [data:/d]")
    cases = {
        "first up": (None, two, []),
        "nothing to do": (two, two, []),
        "recreate": (two, two.replace("A: '1'", "A: '2'"), []),
        "scale up": (two, two.replace("scale: 2", "scale: 3"), []),
        "scale down": (two, two.replace("scale: 2", "scale: 1"), []),
        "missing image": (None, one("pull_policy: never").replace("IMAGE", "PROJECT:gone"), []),
        "port taken": (None, one(f"ports: ['{port}:80']"), []),
        "volume changed": (with_volume + "volumes: { data: }\n",
                           with_volume + "volumes: { data: { driver_opts: { type: tmpfs, device: tmpfs, o: size=1m } } }\n", ["-y"]),
    }
    true = 0
    for name, (before, after, flags) in cases.items():
        with Stack(program, before or after) as stack:
            if before:
                stack.run("up", "-d")
                stack.write(after)
            old, old_volumes = stack.containers(), volumes(stack)
            dry = stack.run("--dry-run", "up", "-d", *flags)
            is_untouched = stack.containers() == old and volumes(stack) == old_volumes
            real = stack.run("up", "-d", *flags)
            new = stack.containers()
            changed = {key for key in {*old, *new} if old.get(key) != new.get(key)}
            said = mentioned(stack, dry.out)
            agrees = is_untouched and (dry.code == 0) == (real.code == 0) and (real.code != 0 or said == changed)
            if volumes(stack) != old_volumes and before:
                agrees = agrees and "Volume" in dry.out
            true += agrees
            if not agrees:
                note(f"{name}: dry run exit {dry.code}, speaks of {sorted(said)}; up exit {real.code}, changed {sorted(changed)}")
    holder.close()
    return f"true {true}/{len(cases)}"


def volumes(stack):
    names = stack.volumes()
    return json.loads(docker("volume", "inspect", *names)) if names else []


def mentioned(stack, text):
    """Returns the containers that the output of a dry run calls changed."""
    found = set()
    for line in text.splitlines():
        match = re.search(r"Container (\S+)\s+(\w+)", line)
        if match and match[2] not in ("Running", "Waiting", "Healthy"):
            found.add(match[1].removeprefix(stack.project + "-"))
    return found
