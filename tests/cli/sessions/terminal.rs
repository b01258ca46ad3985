//! A terminal that a test types at and reads, with a program in its foreground.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

/// Nothing here may last longer.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Terminal {
    master: File,
    /// Keeps the terminal open until the test has seen its end.
    slave: Option<OwnedFd>,
    reader: Option<JoinHandle<()>>,
    child: Child,
    screen: Arc<Mutex<Vec<u8>>>,
    modes: String,
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Terminal {
    /// Begins a program with the terminal as its controlling one and as all of its streams.
    pub fn begin(command: Command) -> Self {
        Self::mixed(command, [true; 3])
    }

    /// Begins a program; of standard input, output and error those are the terminal that `on` says, the others lead nowhere.
    pub fn mixed(command: Command, on: [bool; 3]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        tcsetwinsize(&slave, size(24, 80)).unwrap();
        // `setsid` makes the terminal of its standard input the controlling one; the shell then puts the streams as asked.
        let mut wrapped = Command::new("setsid");
        let words: String = on
            .iter()
            .enumerate()
            .filter(|(_, is_on)| !**is_on)
            .map(|(number, _)| if number == 0 { " </dev/null".to_owned() } else { format!(" {number}>/dev/null") })
            .collect();
        wrapped.args(["-c", "sh", "-c", &format!("exec \"$@\"{words}"), "sh"]);
        wrapped.arg(command.get_program()).args(command.get_args());
        wrapped.current_dir(command.get_current_dir().unwrap());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => wrapped.env(key, value),
                None => wrapped.env_remove(key),
            };
        }
        let stream = || Stdio::from(slave.try_clone().unwrap());
        let child = wrapped.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        let master = File::from(master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut reader, shown) = (master.try_clone().unwrap(), Arc::clone(&screen));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                shown.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        let modes = format!("{:?}", tcgetattr(&master).unwrap());
        Self { master, slave: Some(slave), reader: Some(reader), child, screen, modes }
    }

    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// Types keys.
    pub fn types(&self, keys: &str) {
        (&self.master).write_all(keys.as_bytes()).unwrap();
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        tcsetwinsize(&self.master, size(rows, columns)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal);
    }

    /// Waits until the terminal shows a text.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let begun = Instant::now();
        while !is_so(&self.screen()) {
            assert!(begun.elapsed() < LIMIT, "not seen within a minute: {what}\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns whether the terminal has other modes than at the beginning.
    pub fn is_changed(&self) -> bool {
        format!("{:?}", tcgetattr(&self.master).unwrap()) != self.modes
    }

    /// Returns whether the program is stopped.
    pub fn is_stopped(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        status.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T'))
    }

    /// Waits for the end of the program; the terminal must be as it was. Returns the exit code and the screen.
    #[track_caller]
    pub fn end(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > LIMIT {
                let _ = self.child.kill();
                panic!("not ended within a minute\n{}", self.screen());
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(!self.is_changed(), "the terminal was not given back\n{}", self.screen());
        // A terminal that nobody has open any more tells the reader its end after the last of its text.
        drop(self.slave.take());
        self.reader.take().unwrap().join().unwrap();
        (status.code(), self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
