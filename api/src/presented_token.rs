//! A token that somebody shows: which live session it belongs to.

use alongside_domain::clock::Timestamp;
use alongside_domain::id::SessionId;
use alongside_store::session::{self, Session};
use alongside_store::{Context, Db, Duty, StoreError};

use crate::app::App;
use crate::http::{Problem, Refusal};
use crate::security::token::{Claims, hash_secret, same_hash};
use crate::sign_in;

/// A good token of a live session.
pub struct Presented {
    pub session: Session,
    /// What an access token says; nothing for a refresh token.
    pub claims: Option<Claims>,
}

/// What the token stands for; nothing where it is not ours, has expired, was spent or its session has ended.
///
/// # Errors
/// When the database cannot be asked.
pub async fn find(app: &App, token: &str, now: Timestamp) -> Result<Option<Presented>, Problem> {
    let claims = app.tokens.verify(token, now).ok();
    let named = claims.map(|claims| SessionId::new(claims.session));
    let Some(id) = named.or_else(|| sign_in::session_of(&app.blind, token)) else { return Ok(None) };
    let hash = claims.is_none().then(|| hash_secret(token));
    let session = app
        .store
        .read(Context::System(Duty::SignIn), move |db| live(db, id, now))
        .await
        .map_err(|error| Refusal::from(error).into_problem())?;
    let session = session.filter(|session| match (claims, hash) {
        (Some(claims), _) => subject(session) == Some(claims.subject),
        (None, Some(hash)) => is_refresh_token(session, &hash),
        (None, None) => false,
    });
    Ok(session.map(|session| Presented { session, claims }))
}

fn live(db: &mut Db<'_>, id: SessionId, now: Timestamp) -> Result<Option<Session>, StoreError> {
    match session::find(db, id) {
        Ok(session) => Ok(Some(session).filter(|session| session.is_live(now))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn subject(session: &Session) -> Option<uuid::Uuid> {
    session.person_id.map(|id| id.0.uuid()).or(session.client_id.map(|id| id.0.uuid()))
}

/// The present refresh token, or the one before, whose answer may have been lost.
fn is_refresh_token(session: &Session, hash: &[u8]) -> bool {
    [&session.refresh_hash, &session.previous_refresh_hash]
        .into_iter()
        .flatten()
        .any(|known| same_hash(known, hash))
}
