//! Passwords: Argon2id on threads of its own, and what may be a password at all.
//!
//! A hash costs tens of milliseconds and 19 MiB, on purpose. So it runs on a few threads with a short queue: a burst
//! of logins fills that queue and is turned away, and never slows down the reading of records.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use rand::RngExt as _;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::oneshot;
use unicode_normalization::UnicodeNormalization as _;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The fewest characters of a password that stands alone (NIST SP 800-63B-4, 3.1.1.2).
pub const SHORTEST: usize = 15;
/// The fewest characters where a second factor is asked for as well (as above).
pub const SHORTEST_OF_TWO: usize = 8;
pub const LONGEST: usize = 256;
/// Shorter pieces of an address or a name are in too many words to be told from them.
const TELLING: usize = 4;

/// At about 30 ms a hash, whoever is last in the queue waits a second.
const QUEUE_PER_THREAD: usize = 32;

/// Compared with when there is no account: an unknown address costs the same time as a wrong password. No password
/// has this hash.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password could not be hashed or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("too many passwords are being checked")]
    Overloaded,
    #[error("the stored hash cannot be read")]
    Malformed,
    #[error("the password could not be hashed")]
    Failed,
}

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    /// With `rehash`, the stored hash is weaker than what is made today and should be made anew.
    Right {
        rehash: bool,
    },
}

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and compares passwords on a bounded number of threads, which end with the last clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    jobs: SyncSender<Job>,
}

impl Passwords {
    /// A pool of so many threads: at least one, at most two for each core.
    ///
    /// # Errors
    /// When the machine refuses a thread.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let threads = threads.clamp(1, cores() * 2);
        let (jobs, queue) = sync_channel::<Job>(threads * QUEUE_PER_THREAD);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let queue = Arc::clone(&queue);
            std::thread::Builder::new().name(format!("password-{number}")).spawn(move || work(&queue))?;
        }
        Ok(Self { jobs })
    }

    /// How many threads leave room for everything else: half the cores.
    #[must_use]
    pub fn suggested_threads() -> usize {
        (cores() / 2).max(1)
    }

    /// The hash to keep, as a PHC string.
    ///
    /// # Errors
    /// [`PasswordError::Overloaded`] when the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await
    }

    /// Compares with the stored hash; without one, takes the same time and finds the password wrong.
    ///
    /// # Errors
    /// [`PasswordError::Overloaded`] when the queue is full, [`PasswordError::Malformed`] when the hash is not one.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<Verdict, PasswordError> {
        self.run(move || verify(&password, stored.as_deref())).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move || {
            // Whoever gave up waiting costs nothing more.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => PasswordError::Overloaded,
            TrySendError::Disconnected(_) => PasswordError::Failed,
        })?;
        answered.await.map_err(|_| PasswordError::Failed)?
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One thread of the pool: takes jobs until the last [`Passwords`] is gone.
fn work(queue: &Mutex<Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A panic costs its own caller an answer and the pool nothing.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &SecretString) -> Result<String, PasswordError> {
    let salt: [u8; 16] = rand::rng().random();
    argon2()?
        .hash_password_with_salt(normal(password).as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Failed)
}

/// One form for what looks the same (NFKC): another keyboard or system may send an accent as a letter of its own.
fn normal(password: &SecretString) -> Zeroizing<String> {
    let text = password.expose_secret();
    let mut normal = Zeroizing::new(String::with_capacity(text.len() * 2));
    normal.extend(text.nfkc());
    normal
}

fn verify(password: &SecretString, stored: Option<&str>) -> Result<Verdict, PasswordError> {
    let parsed = PasswordHash::new(stored.unwrap_or(NOBODY)).map_err(|_| PasswordError::Malformed)?;
    let right = match argon2()?.verify_password(normal(password).as_bytes(), &parsed) {
        Ok(()) => true,
        Err(argon2::password_hash::Error::PasswordInvalid) => false,
        Err(_) => return Err(PasswordError::Malformed),
    };
    if right && stored.is_some() {
        Ok(Verdict::Right { rehash: weaker(&parsed) })
    } else {
        Ok(Verdict::Wrong)
    }
}

/// Whether the hash was made with less than today's cost.
fn weaker(hash: &PasswordHash) -> bool {
    let Ok(params) = Params::try_from(hash) else { return true };
    hash.algorithm != Algorithm::Argon2id.ident()
        || hash.version != Some(Version::V0x13.into())
        || params.m_cost() < MEMORY_KIB
        || params.t_cost() < PASSES
        || params.p_cost() != LANES
}

/// Whether this may be a password: at least `shortest` characters, and not what a guesser tries first. There are no rules
/// about kinds of characters.
///
/// # Errors
/// With the reason, for the person who chose it.
pub fn acceptable(password: &str, shortest: usize) -> Result<(), &'static str> {
    let password: Zeroizing<String> = Zeroizing::new(password.nfkc().collect());
    let length = password.chars().count();
    if length < shortest {
        return Err(if shortest == SHORTEST_OF_TWO {
            "must have at least 8 characters, and 15 where no second factor is set up"
        } else {
            "must have at least 15 characters; a few unrelated words do well"
        });
    }
    if length > LONGEST {
        return Err("must have at most 256 characters");
    }
    let folded = Zeroizing::new(fold(&password));
    let core = trim(&folded);
    // A few letters among many digits are not the password.
    if repeats(&folded) || (core.chars().count() >= 8 && repeats(core)) {
        return Err("must not repeat the same characters or the same word");
    }
    if runs(&folded) {
        return Err("must not be a run of neighbouring letters, digits or keys");
    }
    let unmasked = Zeroizing::new(unmask(core));
    if common(&folded) || common(core) || common(&unmasked) {
        return Err("is one of the passwords that are guessed first");
    }
    Ok(())
}

/// Whether this password is anything but the account's own address and name, which stand on every letter to its owner.
///
/// # Errors
/// With the reason, for the person who chose it.
pub fn unlike(password: &str, email: &str, name: &str) -> Result<(), &'static str> {
    let normal: Zeroizing<String> = Zeroizing::new(password.nfkc().collect());
    let folded = Zeroizing::new(fold(&normal));
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    let words = name.split_whitespace().chain(local.split(['.', '_', '-', '+'])).chain([local, email]);
    let mut told = words.map(fold).filter(|word| word.chars().count() >= TELLING);
    if told.any(|word| folded.contains(&word)) {
        return Err("must not contain the name or the e-mail address of the account");
    }
    Ok(())
}

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with('#')).collect()
});

/// In the list, or two of the list in a row.
fn common(text: &str) -> bool {
    COMMON.contains(text)
        || text.char_indices().any(|(at, _)| {
            text.split_at_checked(at)
                .is_some_and(|(left, right)| COMMON.contains(left) && COMMON.contains(right))
        })
}

/// In small letters and without what people put between words.
fn fold(password: &str) -> String {
    let mut folded = String::with_capacity(password.len() * 2);
    let plain = password.chars().filter(|c| !c.is_whitespace() && !"-_.,:;+*/!?'\"#&".contains(*c));
    folded.extend(plain.flat_map(char::to_lowercase));
    folded
}

/// Without the digits and signs at either end.
fn trim(folded: &str) -> &str {
    folded.trim_matches(|c: char| !c.is_alphabetic() && c != '@' && c != '$')
}

/// With the usual stand-ins turned back into letters.
fn unmask(core: &str) -> String {
    let letter = |c: char| match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    core.chars().map(letter).collect()
}

/// Few different characters, or one piece over and over (the last time perhaps cut short).
fn repeats(text: &str) -> bool {
    let chars = Zeroizing::new(text.chars().collect::<Vec<char>>());
    if chars.iter().collect::<HashSet<_>>().len() < 5 {
        return true;
    }
    (1..=chars.len() / 2).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b))
}

const KEYBOARDS: [&str; 6] = [
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];

/// Mostly steps to the next, the same or the last letter, digit or key, in either direction.
fn runs(text: &str) -> bool {
    let chars = Zeroizing::new(text.chars().collect::<Vec<char>>());
    let steps = chars.len().saturating_sub(1);
    let near = chars.iter().zip(chars.iter().skip(1)).filter(|(a, b)| neighbours(**a, **b)).count();
    steps > 0 && near * 5 >= steps * 4
}

fn neighbours(a: char, b: char) -> bool {
    let wraps = matches!((a, b), ('9', '0') | ('0', '9') | ('z', 'a') | ('a', 'z'));
    wraps || u32::from(a).abs_diff(u32::from(b)) <= 1 || KEYBOARDS.iter().any(|keys| adjacent(keys, a, b))
}

fn adjacent(keys: &str, a: char, b: char) -> bool {
    keys.chars().zip(keys.chars().skip(1)).any(|pair| pair == (a, b) || pair == (b, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::future::Future;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_password_is_recognised_however_its_accents_are_sent() {
        block_on(async {
            let passwords = Passwords::new(2).unwrap();
            let stored = passwords.hash(secret("Grüße aus Wörlitz, 7 Enten")).await.unwrap();
            assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
            let verify = |text: &str| passwords.verify(secret(text), Some(stored.clone()));
            assert_eq!(verify("Grüße aus Wörlitz, 7 Enten").await, Ok(Verdict::Right { rehash: false }));
            assert_eq!(verify("grüße aus Wörlitz, 7 Enten").await, Ok(Verdict::Wrong));
            let composed = verify("Gru\u{308}ße aus Wo\u{308}rlitz, 7 Enten").await;
            assert_eq!(composed, Ok(Verdict::Right { rehash: false }));
            assert_eq!(verify("").await, Ok(Verdict::Wrong));
            assert_ne!(passwords.hash(secret("Grüße aus Wörlitz, 7 Enten")).await.unwrap(), stored);
        });
    }

    #[test]
    fn a_password_is_not_the_name_on_the_door() {
        let unlike = |password| unlike(password, "sam.supporter@charity.example", "Ada Lovelace");
        for wrong in
            ["Supporter in the rain 9", "my lovelace pudding!", "xx sam-supporter xx", "LOVE-lace lamp"]
        {
            assert!(unlike(wrong).is_err(), "{wrong}");
        }
        // Three letters are in too many words.
        assert_eq!(unlike("a sample of Adas and lamps"), Ok(()));
    }

    #[test]
    fn how_long_is_long_enough_depends_on_what_else_is_asked() {
        assert!(acceptable("quolbrim", SHORTEST).is_err() && acceptable("quolbri", SHORTEST_OF_TWO).is_err());
        assert_eq!(acceptable("quolbrim", SHORTEST_OF_TWO), Ok(()));
        // As many characters as there are once accents are put together.
        assert!(acceptable("quolbre\u{301}", SHORTEST_OF_TWO).is_err());
        let long: String = "otter pebble lantern drum ".chars().cycle().take(LONGEST + 1).collect();
        assert!(acceptable(&long, SHORTEST).is_err());
        let words = (0..40).map(|n: u32| format!("w{}x", n * n)).collect::<Vec<_>>().join(" ");
        let most: String = words.chars().take(LONGEST).collect();
        assert_eq!(acceptable(&most, SHORTEST), Ok(()));
    }

    #[test]
    fn nobody_costs_what_somebody_costs_and_is_always_wrong() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        assert!(!weaker(&parsed));
        assert_eq!(verify(&secret("a wrong password"), None), Ok(Verdict::Wrong));
        assert_eq!(verify(&secret("a wrong password"), Some("not a hash")), Err(PasswordError::Malformed));
    }

    #[test]
    fn a_weaker_hash_asks_to_be_made_anew() {
        for (memory, passes, again) in [(8_192, 2, true), (19_456, 1, true), (19_456, 3, false)] {
            let params = Params::new(memory, passes, 1, None).unwrap();
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let stored: PasswordHash = argon2.hash_password_with_salt(b"right", &[7; 16]).unwrap();
            let verdict = verify(&secret("right"), Some(&stored.to_string()));
            assert_eq!(verdict, Ok(Verdict::Right { rehash: again }), "{memory} {passes}");
        }
    }

    #[test]
    fn a_burst_stays_in_the_pool_and_the_rest_is_turned_away() {
        const THREADS: usize = 2;
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        block_on(async {
            let passwords = Passwords::new(THREADS).unwrap();
            let burst: Vec<_> = (0..200)
                .map(|_| {
                    let (passwords, running, most) = (passwords.clone(), running.clone(), most.clone());
                    async move {
                        passwords
                            .run(move || {
                                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                                std::thread::sleep(std::time::Duration::from_millis(5));
                                running.fetch_sub(1, Ordering::SeqCst);
                                Ok(())
                            })
                            .await
                    }
                })
                .collect();
            let answers = futures_util::future::join_all(burst).await;
            let done = answers.iter().filter(|answer| answer.is_ok()).count();
            let refused = answers.iter().filter(|answer| **answer == Err(PasswordError::Overloaded)).count();
            assert_eq!(done + refused, 200);
            assert!((THREADS * QUEUE_PER_THREAD..200).contains(&done), "{done}");
            assert_eq!(passwords.run(|| Ok(1)).await, Ok(1), "the pool has recovered");
        });
        assert!((1..=THREADS).contains(&most.load(Ordering::SeqCst)));
    }

    #[test]
    fn a_panic_does_not_cost_the_pool_a_thread() {
        block_on(async {
            let passwords = Passwords::new(1).unwrap();
            for _ in 0..3 {
                let answer = passwords.run(|| -> Result<(), _> { panic!("on purpose") }).await;
                assert_eq!(answer, Err(PasswordError::Failed));
            }
            assert_eq!(passwords.run(|| Ok(1)).await, Ok(1));
        });
    }

    #[test]
    fn whoever_left_is_not_worked_for() {
        let worked = Arc::new(AtomicUsize::new(0));
        block_on(async {
            let passwords = Passwords::new(1).unwrap();
            let (go, wait) = sync_channel::<()>(0);
            let blocker = {
                let passwords = passwords.clone();
                async move { passwords.run(move || wait.recv().map_err(|_| PasswordError::Failed)).await }
            };
            let leaver = {
                let worked = worked.clone();
                passwords.run(move || {
                    worked.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            };
            let mut blocker = Box::pin(blocker);
            let mut leaver = Box::pin(leaver);
            assert!((&mut blocker).now_or_never().is_none());
            assert!((&mut leaver).now_or_never().is_none());
            drop(leaver);
            go.send(()).unwrap();
            blocker.await.unwrap();
            passwords.run(|| Ok(())).await.unwrap();
        });
        assert_eq!(worked.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_phrase_is_accepted_whatever_its_characters() {
        for good in [
            "seven ducks by the kiosk",
            "ein kahn im nebel 1974",
            "山の上の小さな茶屋で待つ友人たち",
            "Tr0ub4dor&3-and-a-ladder",
            "footbridge over cold water",
            "1948 2037 5562 ab 9913",
            "804 119 267 350 926",
            "kX9#vLq2$mWz7!p",
        ] {
            assert_eq!(acceptable(good, SHORTEST), Ok(()), "{good}");
        }
        let words: String = (0..12).map(|n| format!("w{n}x{} ", n * n * 7919)).collect();
        let sixty_four: String = words.chars().take(64).collect();
        assert_eq!(acceptable(&sixty_four, SHORTEST), Ok(()));
    }

    #[test]
    fn what_is_short_long_or_guessed_first_is_refused() {
        let long: String = (0..80).map(|n| format!("{} ", n * 7919)).collect();
        for bad in [
            "seven duckling",
            "",
            &long,
            "passwordpassword",
            "Password-Password-1",
            "password1234567",
            "P@ssw0rd123456789",
            "1234567890123456",
            "0987654321098765",
            "abcdefghijklmnopq",
            "qwertyuiopasdfgh",
            "1qaz2wsx3edc4rfv",
            "zyxwvutsrqponmlk",
            "aaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "abcabcabcabcabc2024",
            "correct horse battery staple",
            "CorrectHorseBatteryStaple!",
            "thisismypassword2024",
            "letmeinsunshine",
            "administrator2025!",
            "alongsidealongside",
            "ilovefootballsunshine1",
        ] {
            assert!(acceptable(bad, SHORTEST).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_list_is_folded_and_long_enough() {
        assert!(COMMON.len() >= 300, "{}", COMMON.len());
        for entry in COMMON.iter() {
            assert!(entry.len() >= 7 && fold(entry) == **entry, "{entry}");
        }
    }
}
