//! A person at a terminal: what stands on the screen is read, and lines are typed. `script` (util-linux) lends the
//! pseudo-terminal.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::program::{binary, settings};

/// How the program wipes the screen.
const CLEAR: &str = "\u{1b}[2J\u{1b}[3J\u{1b}[H";

pub struct Terminal {
    child: Child,
    keys: Option<ChildStdin>,
    written: Arc<Mutex<Vec<u8>>>,
    /// How much had been written when the last line was typed.
    seen: usize,
}

impl Terminal {
    /// Starts the command line in a terminal.
    pub fn run(home: &Path, server: &str, arguments: &[&str]) -> Self {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let mut line = quoted(binary("alongside").to_str().unwrap());
        for argument in arguments {
            line.push(' ');
            line.push_str(&quoted(argument));
        }
        let mut command = Command::new("script");
        settings(&mut command, home, server).args(["--quiet", "--return", "--flush", "--command", &line]);
        command.arg("/dev/null").env("TERM", "xterm").env("TZ", "Europe/London");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("`script` of util-linux is needed");
        let written = Arc::new(Mutex::new(Vec::new()));
        let (mut out, sink) = (child.stdout.take().unwrap(), written.clone());
        std::thread::spawn(move || {
            let mut some = [0; 4096];
            while let Ok(read @ 1..) = out.read(&mut some) {
                sink.lock().unwrap().extend_from_slice(&some[..read]);
            }
        });
        let keys = child.stdin.take();
        Self { child, keys, written, seen: 0 }
    }

    /// What stands on the screen since the last line was typed, without what was wiped.
    fn screen(&self) -> String {
        let written = self.written.lock().unwrap();
        let text = String::from_utf8_lossy(&written[self.seen..]).replace('\r', "");
        text.rsplit(CLEAR).next().unwrap_or_default().to_owned()
    }

    /// Waits until this stands on the screen; answers the screen.
    #[track_caller]
    pub fn shows(&self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let screen = self.screen();
            // The last thing on a screen is where one types.
            if screen.contains(text) && (screen.ends_with(": ") || screen.ends_with(". ")) {
                return screen;
            }
            assert!(Instant::now() < until, "{text:?} is not on the screen:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types a line.
    pub fn say(&mut self, line: &str) {
        self.seen = self.written.lock().unwrap().len();
        let keys = self.keys.as_mut().unwrap();
        keys.write_all(line.as_bytes()).unwrap();
        keys.write_all(b"\n").unwrap();
        keys.flush().unwrap();
    }

    /// Waits for a screen and types a line on it; answers the screen.
    #[track_caller]
    pub fn answer(&mut self, shown: &str, line: &str) -> String {
        let screen = self.shows(shown);
        self.say(line);
        screen
    }

    /// Waits for the end; the exit code, and what is left on the screen.
    pub fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        // The reading thread may be a moment behind.
        std::thread::sleep(Duration::from_millis(100));
        (code, self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.keys.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
