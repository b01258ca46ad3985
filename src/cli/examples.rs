//! An example for the help of each command: a command line that runs as it stands, and what it does.

use clap::Command;

/// Commands with an example each. A test parses them all.
pub const EXAMPLES: &[(&str, &str, &str)] = &[
    ("up", "inception up -d --wait", "start everything, and return once it is healthy"),
    ("plan", "inception plan --build", "show what `up --build` would do and why, and change nothing"),
    ("drift", "inception drift", "show what was changed on the engine since `up`; ends with 2 if something was"),
    ("graph", "inception graph -o stack.svg", "draw who needs whom, with states, as a picture for a browser"),
    ("down", "inception down --remove-orphans", "remove containers and networks; data in volumes stays"),
    ("ps", "inception ps -a --format json", "list all containers for a script, an object a line"),
    ("logs", "inception logs -f --tail 20 web", "show the last lines of `web`, then those that follow"),
    ("ls", "inception ls -a", "list the projects of this engine"),
    ("stats", "inception stats --no-stream", "show once what each container uses"),
    ("top", "inception top web", "show the processes of `web`"),
    ("port", "inception port web 80", "print the address behind port 80 of `web`"),
    ("images", "inception images", "list the images behind the containers"),
    ("volumes", "inception volumes -q", "list the names of the project's volumes"),
    (
        "volume",
        "inception volume backup -o data.tar.zst",
        "write the contents of all volumes of the project into a file",
    ),
    ("events", "inception events --json", "print an object for each event, as it happens"),
    ("wait", "inception wait migrate", "wait until `migrate` ends, and end with its exit code"),
    ("cp", "inception cp web:/etc/nginx/. ./conf", "copy what is in a directory of `web` into `conf`"),
    ("export", "inception export -o web.tar web", "write all files of `web` into an archive"),
    ("commit", "inception commit -m 'before the update' web shop/web:saved", "make an image of the files of `web`"),
    ("push", "inception push --ignore-push-failures", "push the images that are built here, as far as possible"),
    ("exec", "inception exec web sh", "open a shell in `web`"),
    ("run", "inception run --rm web env", "print the environment of `web`, in a container of its own"),
    ("attach", "inception attach web", "see the output of `web`, and type into it"),
    ("watch", "inception watch", "bring changes of files into the containers as they happen"),
    ("config", "inception config --services", "list the services of the file"),
    (
        "check",
        "inception check --rules all srcs",
        "judge the stack in `srcs` by all rules; ends with 2 if one is broken",
    ),
    (
        "smoke",
        "inception smoke --format junit",
        "carry out the checks under `x-smoke`, and print what a CI server reads",
    ),
    ("inside", "inception inside web", "show the namespaces, limits, rights, mounts and network of `web`"),
    ("explain", "inception explain port-taken", "explain the code of an error"),
    ("build", "inception build --pull web", "build the image of `web` on the newest base image"),
    ("pull", "inception pull --ignore-buildable", "pull the images that are not built here"),
    ("create", "inception create", "create the containers, and start none"),
    ("scale", "inception scale web=3", "run three containers of `web`"),
    ("start", "inception start web", "start `web` again, what it depends on first"),
    ("stop", "inception stop -t 30 web", "stop `web`, and kill it after 30 seconds"),
    ("restart", "inception restart web", "restart `web`"),
    ("kill", "inception kill -s HUP web", "send SIGHUP to `web`"),
    ("pause", "inception pause web", "freeze the processes of `web`"),
    ("unpause", "inception unpause web", "let the processes of `web` go on"),
    ("rm", "inception rm -f -s web", "stop and remove the containers of `web` without a question"),
    ("init", "inception init --template minimal", "write a stack that runs into this folder"),
    ("completion", "inception completion bash", "print what bash is to load: source <(inception completion bash)"),
    ("version", "inception version --short", "print the number of the version"),
];

/// Adds the examples to the help of the commands, and a few first steps to that of the program.
pub fn add(mut root: Command) -> Command {
    for (name, line, words) in EXAMPLES {
        if root.find_subcommand(name).is_some() {
            root =
                root.mut_subcommand(name, |command| command.after_help(format!("Example:\n  {line}\n      {words}")));
        }
    }
    root.after_help(
        "Example:\n  inception up -d --wait\n      start what the compose file in this folder describes; `inception COMMAND --help` \
         has an example of each command",
    )
}
