//! Command lines as a whole: which are refused, with which words, and what the table of commands must keep to.

use clap::{CommandFactory, FromArgMatches, Parser};

use super::Cli;
use super::examples::EXAMPLES;
use super::flags::FileFlags;

/// Parses a command line (words parted by blanks) without running it.
fn parse(line: &str) -> Result<Cli, String> {
    let words = ["inception"].into_iter().chain(line.split_whitespace());
    Cli::try_parse_from(words).map_err(|error| error.to_string())
}

#[track_caller]
fn check_refused(line: &str, words: &str) {
    let told = parse(line).expect_err(line);
    assert!(told.contains(words), "{line}: {told}");
}

/// Returns the words that a command cannot do without.
fn needed(command: &str) -> &'static str {
    match command {
        "port" => " web 80",
        "wait" | "export" | "commit" => " web",
        "exec" => " web true",
        "run" | "attach" | "inside" => " web",
        "cp" => " a web:/a",
        "completion" => " bash",
        "man" => " pages",
        "scale" => " web=1",
        "volume" => " ls",
        _ => "",
    }
}

#[test]
fn the_table_of_commands_is_sound() {
    Cli::command().debug_assert();
    for command in Cli::command().get_subcommands() {
        assert!(command.get_about().is_some(), "`{}` has no help line", command.get_name());
        let name = command.get_name();
        let cli = parse(&format!("{name}{}", needed(name))).unwrap();
        assert!(cli.command.unwrap().name() == name || command.is_hide_set(), "{name}");
    }
}

#[test]
fn files_after_the_command_belong_to_the_project_wherever_a_command_has_them() {
    for command in Cli::command().get_subcommands() {
        let has_files = command.get_arguments().any(|argument| argument.get_id() == "command_files");
        let (name, files) = (command.get_name(), if has_files { " -f a.yml -f b.yml" } else { "" });
        let line = format!("{name}{files}{}", needed(name));
        let command = parse(&line).unwrap().command.unwrap();
        let files = command.args().files().map(|FileFlags { files }| files.len());
        assert_eq!(files, has_files.then_some(2), "{line}");
    }
}

#[test]
fn a_saved_plan_forbids_the_flags_that_it_has_decided() {
    for flags in [
        "--build",
        "--no-build",
        "--pull never",
        "--remove-orphans",
        "--scale web=2",
        "--force-recreate",
        "--no-recreate",
        "--always-recreate-deps",
        "--no-deps",
        "-V",
        "--recreate-volume data",
        "--timeout 3",
        "--wait",
        "--wait-timeout 3",
        "--no-start",
        "web",
    ] {
        check_refused(&format!("up --plan plan.json {flags}"), "cannot be used with");
        check_refused(&format!("up {flags} --plan plan.json"), "cannot be used with");
    }
    check_refused("up --plan plan.json --build", "the argument '--plan <FILE>' cannot be used with '--build'\n");
    for flags in ["-d", "-y", "--no-color", "--timestamps", "--attach web", "--quiet-pull", "--dry-run"] {
        assert!(parse(&format!("up --plan plan.json {flags}")).is_ok(), "{flags}");
    }
}

#[test]
fn values_that_mean_nothing_are_refused_with_what_they_must_be() {
    for (line, words) in [
        ("up --timeout soon", "it must be a whole number of seconds"),
        ("up --wait-timeout=-1", "it must be a whole number of seconds"),
        ("up --scale web", "it must be SERVICE=N"),
        ("up --scale web=4294967296", "`4294967296` is no number of containers"),
        ("up --pull often", "[possible values: always, missing, never, build]"),
        ("up --menu=maybe", "[possible values: true, false]"),
        ("create --timeout 1.5", "it must be a whole number of seconds"),
        ("plan --wait-timeout x", "it must be a whole number of seconds"),
        ("plan --format yaml", "[possible values: text, json]"),
        ("down --timeout 10s", "it must be a whole number of seconds"),
        ("down --rmi some", "[possible values: local, all]"),
        ("stop --timeout x", "it must be a whole number of seconds"),
        ("restart --timeout x", "it must be a whole number of seconds"),
        ("kill --signal TREM", "it must be the name of a signal"),
        ("ps --status gone", "[possible values: created, running"),
        ("ps --filter name=web", "the only filter is `status=STATE`"),
        ("ps --filter status=gone", "a state is one of `created`, `running`"),
        ("ps --format jsno", "`jsno` is no format"),
        ("ps --orphans=maybe", "[possible values: true, false]"),
        ("logs --index first", "it must be the number of a replica"),
        ("logs --since 999999999999999h", "it must be a moment"),
        ("logs --until 1e300", "it must be a moment"),
        ("logs --tail abc", "it must be a number of lines"),
        ("build --build-arg =x", "it must be NAME=VALUE"),
        ("pull --policy x", "[possible values: always, missing, never, build]"),
        ("config --format toml", "[possible values: yaml, json]"),
        ("version --format toml", "[possible values: pretty, json]"),
        ("--parallel 0 ps", "it must be a positive number, or -1 for no limit"),
        ("ps --parallel=-2", "it must be a positive number, or -1 for no limit"),
        ("ps --progress loud", "[possible values: auto, tty, plain, json, quiet]"),
    ] {
        check_refused(line, words);
    }
}

#[test]
fn values_that_scripts_written_for_docker_compose_give_are_taken() {
    for line in [
        "up -d --scale web=2 --scale db=0 --timeout 0 --pull missing --menu=false --quiet-pull",
        "kill -s SIGUSR1 web",
        "kill -s 15",
        "ps --filter status=running --status exited --status dead --orphans=false",
        "logs --index 0 --tail -1 --since 10m",
        "logs --tail=all --until 2026-01-02T03:04:05",
        "build --build-arg A=b --build-arg HTTP_PROXY",
        "--parallel -1 pull",
        "pull --parallel --no-parallel web",
        "build --compress --force-rm --no-rm --parallel web",
        "build --parallel=false",
        "rm -a -f",
        "rm --all",
        "down --volume",
        "start --wait --wait-timeout 3 web",
        "alpha viz --indentation-size 2",
        "convert",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line));
    }
}

/// Parses a command line as the program does: flags with a value first.
fn parse_whole(line: &str) -> Result<Cli, String> {
    let words: Vec<std::ffi::OsString> =
        std::iter::once("inception").chain(line.split_whitespace()).map(Into::into).collect();
    let words = super::booleans::without_values(Cli::command, &words);
    words.and_then(Cli::try_parse_from).map_err(|error| error.to_string())
}

#[test]
fn every_flag_of_every_command_takes_a_truth_value() {
    let mut root = Cli::command();
    root.build();
    let mut tried = 0;
    let commands: Vec<&clap::Command> = std::iter::once(&root).chain(root.get_subcommands()).collect();
    for command in commands.iter().filter(|command| command.get_name() != "help") {
        let flags = command.get_arguments().filter(|one| matches!(one.get_action(), clap::ArgAction::SetTrue));
        for flag in flags {
            let long = flag.get_long().map(|long| format!("--{long}"));
            for typed in long.into_iter().chain(flag.get_short().map(|short| format!("-{short}"))) {
                let line = |value: &str| match command.get_name() {
                    "inception" => format!("{typed}={value} ps"),
                    name => format!("{name} {typed}={value}{}", needed(name)),
                };
                for value in ["true", "false", "1", "0", "t", "F", "TRUE", "False"] {
                    assert!(parse_whole(&line(value)).is_ok(), "{}: {:?}", line(value), parse_whole(&line(value)));
                }
                for value in ["maybe", "", "yes", "on", "2", "tRUE"] {
                    let told = parse_whole(&line(value)).expect_err(&line(value));
                    let words = format!("invalid value '{value}' for '{typed}'\n  [possible values: true, false]");
                    assert!(told.contains(&words), "{}: {told}", line(value));
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried}");
    for line in ["ps --orphans=maybe", "up --menu=x"] {
        assert!(parse_whole(line).is_err_and(|told| told.contains("[possible values: true, false]")), "{line}");
    }
    for line in ["ps --orphans=0", "ps --orphans=T web", "ps --orphans web", "up --menu=FALSE", "up --menu web"] {
        assert!(parse_whole(line).is_ok(), "{line}: {:?}", parse_whole(line));
    }
}

#[test]
fn a_flag_with_a_value_means_what_the_value_says() {
    let shown = |line: &str| format!("{:?}", parse_whole(line).unwrap());
    for (line, same) in [
        ("up --detach=true --build=false web", "up --detach web"),
        ("up --detach --detach=false", "up"),
        ("up --detach=false --detach", "up --detach"),
        ("up -d=1 -V=0", "up -d"),
        ("up -dV=false", "up -d"),
        ("up -Vdt5 --detach=false", "up -V -t 5"),
        ("up --build=false --no-build", "up --no-build"),
        ("up --force-recreate=false --no-recreate", "up --no-recreate"),
        ("up --plan p.json --build=false", "up --plan p.json"),
        ("down --volumes=false -t 5 web", "down -t 5 web"),
        ("--dry-run=true ps", "--dry-run ps"),
        ("ps --dry-run=false", "ps"),
        ("--compatibility=false -p a=b ps", "-p a=b ps"),
        ("-p --dry-run=true ps", "-p --dry-run=true ps"),
        ("ps -- --all=true", "ps -- --all=true"),
        ("logs -f=true --no-color=false -n 5 web", "logs -f -n 5 web"),
        ("rm -fsv=false", "rm -f -s"),
        ("config --quiet=false --services=true", "config --services"),
    ] {
        let expected = parse(same).map_or_else(|_| String::new(), |cli| format!("{cli:?}"));
        if expected.is_empty() {
            assert!(parse_whole(line).is_err(), "{line}");
        } else {
            assert_eq!(shown(line), expected, "{line}");
        }
    }
}

#[test]
fn the_number_of_calls_may_stand_before_and_after_the_command() {
    let parallel = |line: &str| parse_whole(line).unwrap().global.parallel;
    assert_eq!(parallel("build web"), None);
    assert_eq!(parallel("--parallel 3 build web"), Some(3));
    assert_eq!(parallel("ps --parallel 3"), Some(3));
    assert_eq!(parallel("build --parallel web"), Some(-1));
    assert_eq!(parallel("build --parallel=false web"), Some(1));
    assert_eq!(parallel("pull --parallel=4 web"), Some(4));
}

#[test]
fn flags_that_exclude_each_other_are_refused_as_docker_compose_refuses_them() {
    for line in [
        "up --no-recreate -V",
        "up --no-recreate --always-recreate-deps",
        "up --no-recreate --force-recreate",
        "up --build --no-build",
        "create --no-recreate=true --force-recreate=true",
        "up --abort-on-container-exit --abort-on-container-failure",
    ] {
        assert!(parse_whole(line).is_err_and(|told| told.contains("cannot be used with")), "{line}");
    }
}

#[test]
fn what_comes_after_the_service_is_the_commands_own() {
    for line in
        ["exec -T web ls -l --index 2", "run --rm -p 80:80 web -- x -p", "exec -it web sh -c -T", "run -i=false web -e"]
    {
        assert!(parse(line).is_ok(), "{line}");
    }
    check_refused("exec --index x web true", "it must be the number of a replica");
    check_refused("exec --no-such-flag web true", "unexpected argument");
    check_refused("run", "<SERVICE COMMAND>...");
}

#[test]
fn every_command_has_an_example_that_is_a_command_line() {
    for (name, line, _) in EXAMPLES {
        let words: Vec<String> = line.split(' ').map(|word| word.replace('\'', "")).collect();
        assert_eq!(words[..2], ["inception", name]);
        if Cli::command().find_subcommand(name).is_some() {
            let line = words[1..].join(" ").replace("before the update", "before");
            assert!(parse(&line).is_ok(), "{line}: {:?}", parse(&line));
        }
    }
    let help = |name: &str| super::program().find_subcommand_mut(name).unwrap().render_long_help().to_string();
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        assert!(help(name).contains("Example:\n  inception "), "`{name}` has no example: see cli/examples.rs");
    }
}

#[test]
fn a_command_line_means_the_same_whether_clap_knows_all_flags_or_those_of_one_command() {
    let lines = EXAMPLES.iter().map(|(_, line, _)| line.replace('\'', ""));
    let more =
        ["inception -f a.yml -p x up -f b.yml --dry-run", "inception down --dry-run -p y", "inception logs -f web"];
    let mut quick = 0;
    for line in lines.chain(more.map(str::to_owned)) {
        let read = |program: clap::Command| {
            let mut matches = program.try_get_matches_from(line.split(' ')).ok()?;
            Some(format!("{:?}", Cli::from_arg_matches_mut(&mut matches).ok()?))
        };
        let words: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
        let Some(found) = read(super::named(&words)) else { continue };
        quick += 1;
        assert_eq!(Some(found), read(super::program()), "{line}");
    }
    assert!(quick > 30, "{quick} command lines need the flags of one command");
}

#[test]
fn help_parts_global_options_from_the_commands_own() {
    let mut root = super::program();
    root.build();
    let help = root.find_subcommand_mut("down").unwrap().render_help().to_string();
    let (own, global) = help.split_once("Global options:").unwrap();
    assert!(own.contains("--volumes") && !own.contains("--dry-run") && global.contains("--dry-run"), "{help}");
}

#[test]
fn a_slip_of_the_fingers_is_told_what_was_meant() {
    check_refused("restrat web", "similar subcommands exist: 'start', 'restart'");
    check_refused("dwon", "a similar subcommand exists: 'down'");
    check_refused("up --detatch", "a similar argument exists: '--detach'");
    check_refused("ps --format", "a value is required");
}
