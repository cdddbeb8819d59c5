//! A mail server that keeps what it is given: enough of SMTP (RFC 5321) for one letter at a time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alongside_api::config::Config;
use secrecy::SecretString;

/// A letter as it came.
#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Letter {
    /// The code in it.
    pub fn code(&self) -> String {
        let from = self.text.find("ala_").unwrap_or_else(|| panic!("no code in {}", self.text));
        self.text[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect()
    }
}

/// Where the letters of a test end.
pub struct PostBox {
    port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
    /// How many more connections are turned away before one is served.
    away: Arc<AtomicUsize>,
}

impl PostBox {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let away = Arc::new(AtomicUsize::new(0));
        let (kept, gone) = (Arc::clone(&letters), Arc::clone(&away));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = gone.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                if taken.is_err() {
                    let kept = Arc::clone(&kept);
                    std::thread::spawn(move || drop(serve(stream, &kept)));
                }
            }
        });
        Self { port, letters, away }
    }

    /// The next connections find nobody.
    pub fn is_away_for(&self, connections: usize) {
        self.away.store(connections, Ordering::SeqCst);
    }

    /// How many of those are still to come.
    pub fn still_away_for(&self) -> usize {
        self.away.load(Ordering::SeqCst)
    }

    /// Settings with which letters come here.
    pub fn settings(&self, config: &mut Config) {
        config.smtp_url = Some(SecretString::from(format!("smtp://127.0.0.1:{}", self.port)));
        config.mail_from = Some("Alongside <alongside@example.org>".to_owned());
    }

    pub fn all(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    /// Waits until there are so many letters; answers the last of them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Letter {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let all = self.all();
            if all.len() >= count {
                assert_eq!(all.len(), count, "{all:#?}");
                return all.last().unwrap().clone();
            }
            assert!(Instant::now() < until, "only {} letters came", all.len());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(stream: TcpStream, letters: &Mutex<Vec<Letter>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let reply = |text: &str| (&stream).write_all(format!("{text}\r\n").as_bytes());
    let mut to = String::new();
    reply("220 here")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => reply("250-here\r\n250 8BITMIME")?,
            "HELO" | "MAIL" | "RSET" | "NOOP" => reply("250 yes")?,
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                reply("250 yes")?;
            }
            "DATA" => {
                reply("354 go on")?;
                let mut text = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                letters.lock().unwrap().push(read(&to, &text));
                reply("250 taken")?;
            }
            "QUIT" => return reply("221 bye"),
            _ => reply("502 what")?,
        }
    }
    Ok(())
}

/// Head and body apart; quoted-printable (RFC 2045, 6.7) made readable.
fn read(to: &str, raw: &str) -> Letter {
    let (head, body) = raw.split_once("\n\n").unwrap_or((raw, ""));
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let quoted = field("Content-Transfer-Encoding:") == "quoted-printable";
    let text = if quoted { body.replace("=\n", "").replace("=3D", "=") } else { body.to_owned() };
    Letter { to: to.to_owned(), subject: field("Subject:").to_owned(), text }
}
