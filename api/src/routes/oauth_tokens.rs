//! What becomes of tokens: giving them back (RFC 7009) and asking after them (RFC 7662).

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, post, web};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::ClientId;
use alongside_store::{Context, Duty, StoreError, audit, session};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::oauth::{TokenError, credentials, not_named, refused};
use crate::app::App;
use crate::http::{Problem, Refusal, RequestId, Services};
use crate::presented_token::{self, Presented};
use crate::security::token::AUDIENCE;
use crate::{client_secret, sign_in};

/// A token and, for a service client, who shows it. The client names itself in the form or by HTTP Basic.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"token": "alr_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB"}))]
pub struct TokenPresented {
    /// An access token or a refresh token.
    #[schema(max_length = 4096, format = Password)]
    token: String,
    /// `access_token` or `refresh_token`. Not needed: the token shows what it is.
    #[schema(max_length = 64)]
    #[serde(rename = "token_type_hint")]
    _token_type_hint: Option<String>,
    #[schema(max_length = 64)]
    client_id: Option<String>,
    #[schema(max_length = 256, format = Password)]
    client_secret: Option<String>,
}

/// What a token is good for.
#[derive(Default, Serialize, ToSchema)]
#[schema(example = json!({"active": true, "scope": "participants:read", "client_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "token_type": "Bearer", "exp": 1794218400, "iat": 1794217800, "sub": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "aud": "alongside", "iss": "http://127.0.0.1:8080", "jti": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e70"}))]
pub struct Introspection {
    /// Whether a request may come with it now. Where it may not, nothing else is said.
    active: bool,
    /// What it may ask for, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<ClientId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 16)]
    token_type: Option<&'static str>,
    /// When it expires, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64)]
    aud: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<Uuid>,
}

type Form = Result<web::Form<TokenPresented>, actix_web::Error>;

fn not_a_form() -> HttpResponse {
    refused(StatusCode::BAD_REQUEST, "invalid_request", "Send a form with the token.")
}

/// The service client that asks, or the refusal of one that does not say who it is.
async fn asking(
    app: &App,
    request: &HttpRequest,
    form: &TokenPresented,
    now: Timestamp,
) -> Result<Result<ClientId, HttpResponse>, Problem> {
    let named = credentials(request, form.client_id.clone(), form.client_secret.clone());
    let Some((id, secret)) = named else { return Ok(Err(not_named())) };
    let known = match id.parse() {
        Ok(id) => client_secret::check(app, id, &secret, now).await?,
        Err(_) => None,
    };
    let wrong = || refused(StatusCode::UNAUTHORIZED, "invalid_client", "Unknown client or wrong secret.");
    Ok(known.map(|client| client.id.0).ok_or_else(wrong))
}

/// Give a token back
///
/// Ends the session of an access token or a refresh token (RFC 7009): the next request with any token of that session is
/// refused, on every replica. A person's token needs nothing else; a service client's comes with the client's secret. A
/// token that is unknown, spent or another's changes nothing, and the answer is the same.
#[utoipa::path(
    tag = "sessions", operation_id = "revoke_token", security(()),
    request_body(content = TokenPresented, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "If it was the caller's, it is good for nothing now."),
        (status = 400, description = "Not a form with a token.", body = TokenError),
        (status = 401, description = "Unknown client or wrong secret.", body = TokenError),
    )
)]
#[post("/oauth2/revoke")]
async fn revoke_token(
    request: HttpRequest,
    app: web::Data<App>,
    request_id: RequestId,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let Ok(web::Form(form)) = form else { return Ok(not_a_form()) };
    let now = app.clock.now();
    let unnamed = form.client_id.is_none()
        && form.client_secret.is_none()
        && !request.headers().contains_key(AUTHORIZATION);
    let client = if unnamed {
        None
    } else {
        match asking(&app, &request, &form, now).await? {
            Ok(client) => Some(client),
            Err(refusal) => return Ok(refusal),
        }
    };
    let presented = presented_token::find(&app, &form.token, now).await?;
    let own = presented.filter(|presented| presented.session.client_id.map(|id| id.0) == client);
    if let Some(Presented { session, .. }) = own {
        let event = sign_in::event(&app, &session, "revoke_token", 200, request_id.0, now);
        app.store
            .write(Context::System(Duty::SignIn), move |db| {
                session::end(db, session.id.0, "token revoked", now)?;
                audit::record(db, &event, &[])?;
                Ok::<_, StoreError>(())
            })
            .await
            .map_err(|error| Refusal::from(error).into_problem())?;
    }
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).finish())
}

/// Ask whether a token is good
///
/// For service clients, about access tokens of their own (RFC 7662). Whatever else is shown (unknown, expired, revoked,
/// another's) is not active, and no more is said of it.
#[utoipa::path(
    tag = "sessions", operation_id = "introspect_token", security(()),
    request_body(content = TokenPresented, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Whether it is active.", body = Introspection),
        (status = 400, description = "Not a form with a token.", body = TokenError),
        (status = 401, description = "Unknown client or wrong secret.", body = TokenError),
    )
)]
#[post("/oauth2/introspect")]
async fn introspect_token(
    request: HttpRequest,
    app: web::Data<App>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let Ok(web::Form(form)) = form else { return Ok(not_a_form()) };
    let now = app.clock.now();
    let client = match asking(&app, &request, &form, now).await? {
        Ok(client) => client,
        Err(refusal) => return Ok(refusal),
    };
    let presented = presented_token::find(&app, &form.token, now).await?;
    let own = presented.filter(|shown| shown.session.client_id.map(|id| id.0) == Some(client));
    let said = own.and_then(|shown| said(&app, shown, client)).unwrap_or_default();
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(said))
}

fn said(app: &App, Presented { session, claims }: Presented, client: ClientId) -> Option<Introspection> {
    let claims = claims?;
    Some(Introspection {
        active: true,
        scope: Some(session.scopes.0.join(" ")),
        client_id: Some(client),
        token_type: Some("Bearer"),
        exp: Some(claims.expires_at.min(session.expires_at.0).timestamp()),
        iat: Some(claims.issued_at.timestamp()),
        sub: Some(claims.subject),
        aud: Some(AUDIENCE),
        iss: Some(app.base_url.to_string()),
        jti: Some(claims.token),
    })
}

pub fn routes(config: &mut impl Services) {
    config.service(revoke_token).service(introspect_token);
}
