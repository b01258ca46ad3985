"""Everyday troubles: leftovers, missing files, fast output, invalid input."""
import re

from engine import Stack, docker

A = "{ image: IMAGE, init: true, stop_grace_period: 0s%s }"
# What a container prints: numbered lines, or one long line.
MANY = "i=0; while [ $$i -lt 500000 ]; do i=$$((i+1)); echo line-$$i; done"
LONG = "head -c 60000000 /dev/zero | tr '\\0' x; echo"
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
    return stack.run("up", "--no-log-prefix", "--no-color", limit=300)


def many_lines(stack):
    """500,000 lines while the log rotates: each line is printed once."""
    lines = re.findall(r"^line-(\d+)$", printed(stack, MANY).out.replace("\r", ""), re.M)
    return lines == [str(number) for number in range(1, 500001)]


def long_line(stack):
    """A line of 60 MB is printed whole."""
    return printed(stack, LONG).out.count("x" * 1000) >= 60000


def no_log(stack):
    """Output is shown also with `logging: none`."""
    return "line-20" in printed(stack, MANY.replace("500000", "20"), "logging: { driver: none }").out


def paused(stack):
    """`down` works with a paused container."""
    stack.write(services(a=""))
    stack.run("up", "-d")
    docker("pause", stack.name("a"))
    return stack.run("down").code == 0 and stack.is_empty()


def network_gone(stack):
    """`up` creates a removed network again, and connects its container."""
    stack.write(services(a=""))
    stack.run("up", "-d")
    docker("network", "disconnect", "-f", f"{stack.project}_default", stack.name("a"))
    docker("network", "rm", f"{stack.project}_default")
    stack.run("up", "-d")
    names = docker("inspect", "-f", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}", stack.name("a"))
    return stack.running() == ["a-1"] and names == f"{stack.project}_default"


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


TROUBLES = [orphan, many_lines, long_line, no_log, paused, network_gone, missing_env_file, broken_file, inactive_profile,
            missing_source]


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
       "network_mode: 'container:nobody-of-that-name'", "security_opt: ['seccomp:not-there.json']", "pid: 'service:nobody'"]


def bad_input(program, note):
    untouched = told = placed = 0
    for attribute in BAD:
        yaml = services(b="", a=attribute).replace("init: true, ", "") + "configs: { c: { content: x } }\n"
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

