//! The way letters leave: SMTP, to the mail server the operator named.

use std::fmt;
use std::time::Duration;

use actix_web::http::Uri;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Message, SmtpTransport, Transport as _};

/// How long the mail server may take for one step.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends letters. Cheap to share.
pub struct Letters {
    server: SmtpTransport,
    from: Mailbox,
    /// The page where people choose a password.
    account_url: String,
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").field("account_url", &self.account_url).finish_non_exhaustive()
    }
}

/// Why a letter did not leave. It names nobody and quotes nothing the server said: that may repeat the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LetterError {
    #[error("the address cannot be written to")]
    Address,
    #[error("the mail server refused the letter")]
    Refused,
    #[error("the mail server cannot be reached, or asks to wait")]
    Away,
}

impl Letters {
    /// With the settings, which were checked when they were read.
    ///
    /// # Errors
    /// When they were not.
    pub fn new(smtp_url: &str, mail_from: &str, account_url: String) -> anyhow::Result<Self> {
        let server =
            SmtpTransport::from_url(smtp_url).map_err(|_| anyhow::anyhow!("smtp_url cannot be used"))?;
        let from = sender(mail_from).map_err(|reason| anyhow::anyhow!("mail_from: {reason}"))?;
        Ok(Self { server: server.timeout(Some(PATIENCE)).build(), from, account_url })
    }

    /// The link with which a code is used. It stands behind `#`, so that no server and no log sees it.
    #[must_use]
    pub fn link(&self, code: &str) -> String {
        format!("{}#code={code}", self.account_url)
    }

    /// Sends one letter and waits until the mail server has taken it.
    ///
    /// # Errors
    /// Why it has not.
    pub fn send(&self, to: &str, subject: &str, text: String) -> Result<(), LetterError> {
        let to = to.parse().map_err(|_| LetterError::Address)?;
        let letter = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|_| LetterError::Address)?;
        match self.server.send(&letter) {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(LetterError::Refused),
            Err(_) => Err(LetterError::Away),
        }
    }
}

/// Whether this names a mail server that can be used. The reasons do not repeat it: it may hold a password.
///
/// # Errors
/// Why not.
pub fn server(url: &str) -> Result<(), String> {
    let example =
        "such as smtps://USER:PASSWORD@mail.example.org or smtp://mail.example.org:587?tls=required";
    let Ok(uri) = url.parse::<Uri>() else {
        return Err(format!("must be the address of a mail server, {example}"));
    };
    let sealed = uri.scheme_str() == Some("smtps") || uri.query() == Some("tls=required");
    let here = matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if !matches!(uri.scheme_str(), Some("smtp" | "smtps")) || SmtpTransport::from_url(url).is_err() {
        return Err(format!("must be the address of a mail server, {example}"));
    }
    if !sealed && !here {
        return Err(format!("letters leave this machine encrypted or not at all: {example}"));
    }
    Ok(())
}

/// Whom letters come from.
///
/// # Errors
/// When it is no address.
pub fn sender(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|_| format!("{text:?} is not a sender, such as Alongside <alongside@example.org>"))
}
