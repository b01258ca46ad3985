//! What a step does, as one word.

/// What a step does, in docker compose's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Pull an image.
    Pull,
    /// Build an image.
    Build,
    /// Push an image.
    Push,
    /// Create anything.
    Create,
    /// Create the replacement of a container.
    Recreate,
    /// Put configs and secrets into a container.
    Fill,
    /// Start a container.
    Start,
    /// Stop a container.
    Stop,
    /// Kill a container.
    Kill,
    /// Restart a container.
    Restart,
    /// Freeze a container.
    Pause,
    /// Thaw a container.
    Unpause,
    /// Remove anything.
    Remove,
    /// Rename a container.
    Rename,
    /// Wait for a container.
    Wait,
    /// Run a hook.
    Run,
    /// Connect to a network.
    Connect,
    /// Disconnect from a network.
    Disconnect,
    /// Let time pass.
    Delay,
    /// Bring back what a failed replacement had removed.
    Restore,
}

impl Verb {
    /// Returns the word while it happens: `Creating`.
    pub fn present(self) -> &'static str {
        self.words().0
    }

    /// Returns the word when it is done: `Created`.
    pub fn past(self) -> &'static str {
        self.words().1
    }

    /// Returns the plain word: `create`.
    pub fn plain(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Verb::Pull => ("Pulling", "Pulled", "pull"),
            Verb::Build => ("Building", "Built", "build"),
            Verb::Push => ("Pushing", "Pushed", "push"),
            Verb::Create => ("Creating", "Created", "create"),
            Verb::Recreate => ("Recreate", "Recreated", "recreate"),
            Verb::Fill => ("Filling", "Filled", "fill"),
            Verb::Start => ("Starting", "Started", "start"),
            Verb::Stop => ("Stopping", "Stopped", "stop"),
            Verb::Kill => ("Killing", "Killed", "kill"),
            Verb::Restart => ("Restarting", "Restarted", "restart"),
            Verb::Pause => ("Pausing", "Paused", "pause"),
            Verb::Unpause => ("Unpausing", "Unpaused", "unpause"),
            Verb::Remove => ("Removing", "Removed", "remove"),
            Verb::Rename => ("Renaming", "Renamed", "rename"),
            Verb::Wait => ("Waiting", "Ready", "wait"),
            Verb::Run => ("Running", "Ran", "run"),
            Verb::Connect => ("Connecting", "Connected", "connect"),
            Verb::Disconnect => ("Disconnecting", "Disconnected", "disconnect"),
            Verb::Delay => ("Delaying", "Delayed", "delay"),
            Verb::Restore => ("Restoring", "Restored", "restore"),
        }
    }
}
