"""Everyday troubles: leftovers, missing files, fast output, things changed by hand, invalid input."""
import os
import re
import subprocess

from engine import Stack, docker

A = "{ image: IMAGE, init: true, stop_grace_period: 0s%s }"
# What a container prints: numbered lines of a hundred characters, or one long line.
REST = "." * 88
MANY = f"i=0; while [ $$i -lt 500000 ]; do i=$$((i+1)); echo line-$$i {REST}; done"
# The double quotes of the file take a backslash away.
LONG = "head -c 60000000 /dev/zero | tr '\\\\0' x; echo"
ROTATED = "logging: { driver: json-file, options: { max-size: 10m, max-file: '3' } }"


def services(**more):
    return "services:\n" + "".join(f"  {name}: " + A % (f", {text}" if text else "") + "\n" for name, text in more.items())


def orphan(stack):
    """`down` with an orphan on the network removes the services, keeps orphan and network, and says so."""
    stack.write(services(a="", b=""))
    stack.run("up", "-d")
    stack.write(services(a=""))
    run = stack.run("down")
    return stack.running() == ["b-1"] and len(stack.networks()) == 1 and run.code == 0 and "orphan" in run.out.lower()


def printed(stack, command, options=ROTATED):
    # The output must be the container's alone, so `up` adds no prefix and no colour.
    stack.write("services:\n  a: { image: IMAGE, command: [sh, -c, \"%s\"], %s }\n" % (command, options))
    # What the program says about its work must not stand between.
    return stack.run("up", "--no-log-prefix", "--no-color", limit=300, errors=subprocess.DEVNULL)


def many_lines(stack):
    """500,000 lines, 50 MB, while the log rotates: each line is printed once."""
    lines = re.findall(r"^line-(\d+) \.{88}$", printed(stack, MANY).out.replace("\r", ""), re.M)
    return lines == [str(number) for number in range(1, 500001)]


def long_line(stack):
    """A line of 60 MB is printed whole."""
    return printed(stack, LONG).out.count("x" * 1000) >= 60000


def no_log(stack):
    """Output is shown also with `logging: none`."""
    return "line-20" in printed(stack, MANY.replace("500000", "20"), "logging: { driver: none }").out


def paused(stack):
    """`up` changes no paused container and says `unpause`; `down` removes it."""
    stack.write(services(a=""))
    stack.run("up", "-d")
    docker("pause", stack.name("a"))
    run, names = stack.run("up", "-d"), stack.running()
    is_told = run.code == 1 and "unpause" in run.out and names == ["a-1 paused"]
    return is_told and stack.run("down").code == 0 and stack.is_empty()


def network_gone(stack):
    """`up` creates a removed network again, and connects its container."""
    stack.write(services(a=""))
    stack.run("up", "-d")
    docker("network", "disconnect", "-f", f"{stack.project}_default", stack.name("a"))
    docker("network", "rm", f"{stack.project}_default")
    stack.run("up", "-d")
    names = docker("inspect", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}", stack.name("a"))
    return stack.running() == ["a-1"] and names == f"{stack.project}_default"


def network_of_stopped_gone(stack):
    """`up` starts stopped containers whose network was removed."""
    stack.write(services(a=""))
    stack.run("up", "-d")
    stack.run("stop")
    docker("network", "rm", f"{stack.project}_default")
    return stack.run("up", "-d").code == 0 and stack.running() == ["a-1"]


def by_hand(stack):
    """`up` mends what was stopped, killed, removed and renamed by hand, and leaves the rest alone."""
    stack.write(services(a="", b="", c="", d="", e=""))
    stack.run("up", "-d")
    before = stack.containers()
    docker("stop", "-t", "0", stack.name("a"))
    docker("kill", stack.name("b"))
    docker("rm", "-f", stack.name("c"))
    docker("rename", stack.name("d"), stack.project + "-renamed")
    code, after = stack.run("up", "-d").code, stack.containers()
    return code == 0 and stack.running() == ["a-1", "b-1", "c-1", "d-1", "e-1"] and after["e-1"] == before["e-1"]


def up_with_orphan(stack):
    """`up` tells of an orphan and keeps it; with `--remove-orphans` it goes."""
    stack.write(services(a="", b=""))
    stack.run("up", "-d")
    stack.write(services(a=""))
    run = stack.run("up", "-d")
    is_kept = stack.running() == ["a-1", "b-1"] and run.code == 0 and "orphan" in run.out.lower()
    return is_kept and stack.run("up", "-d", "--remove-orphans").code == 0 and stack.running() == ["a-1"]


def missing_secret(stack):
    """A secret whose file is gone does not prevent listing, stopping and removing."""
    stack.file("s.txt", "secret")
    stack.write(services(a="secrets: [s]") + "secrets: { s: { file: ./s.txt } }\n")
    stack.run("up", "-d")
    os.remove(os.path.join(stack.folder, "s.txt"))
    codes = [stack.run(*words).code for words in (["ps"], ["logs"], ["stop"], ["down"])]
    return codes == [0, 0, 0, 0] and stack.is_empty()


def file_for_a_folder(stack):
    """A missing file bound over a file of the image is refused before anything is made."""
    stack.write(services(a="volumes: ['./gone.conf:/bin/busybox']"))
    run = stack.run("up", "-d")
    return run.code == 1 and stack.is_empty() and "gone.conf" in run.out


def odd_bytes(stack):
    """A Latin-1 byte in a comment of .env does not prevent anything."""
    with open(os.path.join(stack.folder, ".env"), "wb") as file:
        file.write(b"# caf\xe9\nNAME=a\n")
    stack.write(services(a="hostname: '${NAME}'"))
    return stack.run("up", "-d").code == 0 and docker("inspect", "-f", "{{.Config.Hostname}}", stack.name("a")) == "a"


def no_runtime_folder(stack):
    """An unusable XDG_RUNTIME_DIR, as after `su`, prevents nothing."""
    stack.write(services(a=""))
    return stack.run("up", "-d", XDG_RUNTIME_DIR="/proc/none").code == 0 and stack.running() == ["a-1"]


def missing_env_file(stack):
    """A missing env file does not prevent listing, stopping and removing."""
    stack.file("a.env", "A=1\n")
    stack.write(services(a="env_file: a.env"))
    stack.run("up", "-d")
    stack.write(services(a="env_file: gone.env"))
    codes = [stack.run(*words).code for words in (["ps"], ["logs"], ["stop"], ["down"])]
    return codes == [0, 0, 0, 0] and stack.is_empty()


def broken_file(stack):
    """An invalid file does not prevent stopping a project by its name."""
    stack.write(services(a=""))
    stack.run("up", "-d")
    stack.write("services: [\n")
    return stack.run("-p", stack.project, "stop").code == 0 and stack.running() == ["a-1 exited"]


def inactive_profile(stack):
    """`down` without the profile keeps the services that only the profile enables."""
    stack.write(services(a="", tool="profiles: [tools]"))
    stack.run("--profile", "tools", "up", "-d")
    stack.run("down")
    return stack.running() == ["tool-1"]


def missing_source(stack):
    """The user is told that the engine will create a missing directory for a bind."""
    stack.write(services(a="volumes: ['./not-there:/data']"))
    return "not-there" in stack.run("up", "-d").out


TROUBLES = [orphan, up_with_orphan, many_lines, long_line, no_log, paused, network_gone, network_of_stopped_gone, by_hand,
            missing_env_file, missing_secret, broken_file, inactive_profile, missing_source, file_for_a_folder, odd_bytes,
            no_runtime_folder]


def environment(program, note):
    good = 0
    for trouble in TROUBLES:
        with Stack(program, services(a="")) as stack:
            is_good = trouble(stack)
            good += is_good
            if not is_good:
                note(f"{trouble.__name__}: {trouble.__doc__}")
    return f"as it should be {good}/{len(TROUBLES)}"


# Attributes that no engine can carry out. The other service of the file is valid.
BAD = ["cap_add: [NOSUCH]", "restart: sometimes", "stop_signal: NOSUCH", "cpus: -1", "cpus: 4096", "mem_limit: 99999999999999999999g",
       "mac_address: '12'", "tmpfs: [data]", "networks: { default: { ipv4_address: '10.5' } }", "ports: ['99999:80']",
       "sysctls: { net.nothing.here: '1' }", "ulimits: { nothing: 5 }", "healthcheck: { test: x, interval: -5s }",
       "logging: { driver: json-file, options: { max-size: much } }", "devices: [/dev/nothing-here]",
       "depends_on: { b: { condition: service_healthy } }", "configs: [{ source: c, mode: 99999 }]",
       "network_mode: 'container:nobody-of-that-name'", "security_opt: ['seccomp:not-there.json']", "pid: 'service:nobody'",
       "volumes: ['v:relative']", "volumes: ['undefined:/x']", "networks: [undefined]",
       "secrets: [undefined]", "environment: { A: \"b\\0c\" }", "restart: 'on-failure:often'",
       "stop_grace_period: soon", "imagee: x", "links: [nobody]", "volumes_from: [nobody]", "container_name: x, scale: 2",
       "ports: ['18232:80', '18232:81']", "mem_limit: 1m", "hostname: '${'", "env_file: gone.env", "shm_size: -1",
       "networks: { default: { ipv4_address: 203.0.113.9 } }", "runtime: nothing"]


def bad_input(program, note):
    untouched = told = placed = 0
    for attribute in BAD:
        yaml = services(b="", a=attribute).replace("init: true, ", "") + "configs: { c: { content: x } }\nvolumes: { v: }\n"
        with Stack(program, yaml) as stack:
            run = stack.run("up", "-d", limit=60)
            is_untouched = stack.is_empty()
            untouched, told = untouched + is_untouched, told + (run.code == 1)
            has_place = bool(re.search(r"compose\.yaml:\d+", run.out))
            placed += has_place
            if not (is_untouched and run.code == 1 and has_place):
                note(f"{attribute}: exit {run.code}, {'nothing made' if is_untouched else 'LEFT HALF WAY'}, "
                     f"{'with' if has_place else 'without'} a place")
    total = len(BAD)
    return f"refused before anything was made {untouched}/{total}, told by the exit code {told}/{total}, with a place {placed}/{total}"

