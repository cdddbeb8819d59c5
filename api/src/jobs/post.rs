//! The post: takes letters that are due, one replica each, and hands them to the mail server.
//!
//! The link of a letter is made when it leaves, so that no secret lies about in the database. Where a letter was sent twice,
//! because the first answer of the mail server was lost, the later link is the one that is good.

use std::sync::Arc;
use std::time::Duration;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::PersonId;
use alongside_domain::mail::{Filling, MailKind, MailOutcome, letter, retry_after};
use alongside_domain::person::AccountState;
use alongside_store::mail::{self, Mail};
use alongside_store::person::{self, Person};
use alongside_store::{Context, Db, Duty, StoreError};
use chrono::TimeDelta;

use crate::app::App;
use crate::letters::{LetterError, Letters};
use crate::security::token::{OpaqueSecret, SecretKind};

const FOR: Context = Context::System(Duty::Post);
const EVERY: Duration = Duration::from_secs(1);
/// Letters taken at once.
const BATCH: i64 = 10;
/// Nobody else tries a letter while the mail server may still be taking it.
const CLAIM_MINUTES: i64 = 5;
const INVITATION: TimeDelta = TimeDelta::days(7);
const RESET: TimeDelta = TimeDelta::hours(1);
/// Whoever asks again and again for somebody else's new password fills nobody's letter box.
const RESET_EVERY: TimeDelta = TimeDelta::minutes(15);

/// Sends what is due, as long as the process lives.
pub(super) async fn deliver(app: App, letters: Arc<Letters>) {
    loop {
        match round(&app, &letters).await {
            // There may be more.
            Ok(sent) if sent > 0 => continue,
            Ok(_) => {}
            Err(error @ StoreError::Overloaded) => tracing::debug!(%error, "the post waits"),
            Err(error) => tracing::warn!(%error, "the post could not be seen to"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Takes what is due and tries each; answers how many there were.
async fn round(app: &App, letters: &Arc<Letters>) -> Result<usize, StoreError> {
    let now = app.clock.now();
    if !app.store.read(FOR, move |db| mail::is_due(db, now)).await? {
        return Ok(0);
    }
    let until = now + TimeDelta::minutes(CLAIM_MINUTES);
    let claimed = app.store.write(FOR, move |db| mail::claim(db, now, until, BATCH)).await?;
    let count = claimed.len();
    for mail in claimed {
        send(app, letters, mail).await?;
    }
    Ok(count)
}

async fn send(app: &App, letters: &Arc<Letters>, mail: Mail) -> Result<(), StoreError> {
    let now = app.clock.now();
    let code = OpaqueSecret::generate(SecretKind::Activation);
    let hash = code.hash();
    let (shared, this) = (app.clone(), mail.clone());
    let reader = app.store.write(FOR, move |db| address(db, &shared, &this, &hash, now)).await?;
    let Some(reader) = reader else {
        return finish(app, mail, None, MailOutcome::Dropped, now).await;
    };
    let id = reader.id;
    let Reader { kind, email, name, .. } = reader;
    let link = letters.link(code.expose());
    let good_for = if kind == MailKind::Invitation { "seven days" } else { "one hour" };
    let filling = Filling { name: &name, service: &app.base_url, link: &link, code: code.expose(), good_for };
    let (subject, text) = letter(kind, &filling);
    let post = Arc::clone(letters);
    let sent = tokio::task::spawn_blocking(move || post.send(&email, subject, text)).await;
    match sent {
        Ok(Ok(())) => finish(app, mail, Some(id), MailOutcome::Sent, now).await,
        Ok(Err(LetterError::Away)) | Err(_) => match retry_after(mail.attempts) {
            Some(seconds) => {
                tracing::warn!(mail = %mail.id.0, attempts = mail.attempts, "a letter could not be sent yet");
                let due = now + TimeDelta::seconds(seconds);
                app.store.write(FOR, move |db| mail::postpone(db, &mail, due)).await
            }
            None => give_up(app, mail, id, now).await,
        },
        Ok(Err(LetterError::Address | LetterError::Refused)) => give_up(app, mail, id, now).await,
    }
}

async fn give_up(app: &App, mail: Mail, person: PersonId, now: Timestamp) -> Result<(), StoreError> {
    tracing::error!(mail = %mail.id.0, %person, attempts = mail.attempts, "a letter was given up");
    finish(app, mail, Some(person), MailOutcome::GivenUp, now).await
}

async fn finish(
    app: &App,
    mail: Mail,
    person: Option<PersonId>,
    outcome: MailOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    app.store.write(FOR, move |db| mail::finish(db, &mail, person, outcome, now)).await
}

/// Who gets a letter, and which.
struct Reader {
    id: PersonId,
    kind: MailKind,
    email: String,
    name: String,
}

/// Finds the reader, and keeps the code that goes to him. `None` where nobody is to get this letter now.
fn address(
    db: &mut Db<'_>,
    app: &App,
    mail: &Mail,
    code: &[u8; 32],
    now: Timestamp,
) -> Result<Option<Reader>, StoreError> {
    let account: Option<Person> = match (&mail.person_id, &mail.address) {
        (Some(person), _) => person::of_job(db, person.0)?,
        (None, Some(cell)) => {
            let email: String = app.store.installation().open(mail::place(mail.id.0), cell)?;
            person::by_email(db, &email)?
        }
        (None, None) => None,
    };
    let Some(account) = account else { return Ok(None) };
    let kind = match (mail.kind.0, account.state()) {
        (_, AccountState::Deactivated) | (MailKind::Invitation, AccountState::Active) => return Ok(None),
        // He never chose a password: what he needs is his invitation.
        (MailKind::PasswordReset, AccountState::Invited) => MailKind::Invitation,
        (kind, _) => kind,
    };
    if mail.kind.0 == MailKind::PasswordReset
        && mail::was_sent(db, account.id.0, MailKind::PasswordReset, now - RESET_EVERY)?
    {
        return Ok(None);
    }
    let good_for = match kind {
        MailKind::Invitation => Some(INVITATION),
        MailKind::PasswordReset => Some(RESET),
        MailKind::PasswordChanged | MailKind::SecondFactorRemoved | MailKind::EmergencyAccess => None,
    };
    if let Some(good_for) = good_for {
        person::invite(db, account.id.0, code, now + good_for)?;
    }
    Ok(Some(Reader { id: account.id.0, kind, email: account.email, name: account.display_name }))
}
