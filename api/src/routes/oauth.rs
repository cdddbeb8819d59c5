//! Tokens for service clients, as OAuth 2 has them.

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use alongside_domain::device_authorisation::Told;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::device_authorisation;
use crate::http::{Code, Problem, RequestId, Services};
use crate::sign_in::{self, Tokens};

/// RFC 8628, section 3.4.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// RFC 6749, as a form. The client names itself in the form or by HTTP Basic.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grant_type": "client_credentials", "client_id": "0193c1f0-7b8a-7c3d-9f2e-1a2b3c4d5e6f",
    "client_secret": "alongside_cs_Vt0jq3Zc1nYxXl8dQx0bq1o2r3s4t5u6v7w8x9y0zAB", "scope": "participants:read"}))]
pub struct TokenRequest {
    /// `client_credentials`, or `urn:ietf:params:oauth:grant-type:device_code`.
    #[schema(max_length = 64)]
    grant_type: String,
    #[schema(max_length = 64)]
    client_id: Option<String>,
    #[schema(max_length = 256, format = Password)]
    client_secret: Option<String>,
    /// Fewer scopes than the client was given, separated by spaces.
    #[schema(max_length = 2048)]
    scope: Option<String>,
    /// Of a device that waits to be let in: the code it got from `create_device_authorisation`.
    #[schema(max_length = 256, format = Password)]
    device_code: Option<String>,
}

/// RFC 6749, section 5.2: what OAuth clients understand.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"error": "invalid_client", "error_description": "Unknown client or wrong secret."}))]
pub(super) struct TokenError {
    #[schema(max_length = 64)]
    error: &'static str,
    #[schema(max_length = 512)]
    error_description: &'static str,
}

pub(super) fn refused(
    status: actix_web::http::StatusCode,
    error: &'static str,
    error_description: &'static str,
) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    if status == actix_web::http::StatusCode::UNAUTHORIZED {
        response.insert_header((actix_web::http::header::WWW_AUTHENTICATE, "Basic realm=\"oauth2\""));
    }
    response.insert_header((CACHE_CONTROL, "no-store")).json(TokenError { error, error_description })
}

/// Get a token for a service client, or for a device
///
/// For a service client, the client credentials grant of OAuth 2: the token lasts ten minutes; ask again with the secret.
/// For a device, the grant of RFC 8628: ask again and again, with the pause in between, until somebody has decided. While
/// nobody has, the answer is `authorization_pending`; `slow_down` means to wait five seconds longer from now on;
/// `access_denied` and `expired_token` are final. The tokens are given once, for a supporter's session on that device.
/// Refusals have the form that RFC 6749 gives them.
#[utoipa::path(
    tag = "sessions", operation_id = "create_token", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token.", body = Tokens,
            example = json!({"access_token": "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2ln", "token_type": "Bearer",
                "expires_in": 600, "scope": "participants:read assessments:read"})),
        (status = 400, description = "Not a request for a token.", body = TokenError),
        (status = 401, description = "Unknown client or wrong secret.", body = TokenError),
    )
)]
#[post("/oauth2/token")]
async fn create_token(
    request: HttpRequest,
    app: web::Data<App>,
    request_id: RequestId,
    form: Result<web::Form<TokenRequest>, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    use actix_web::http::StatusCode;
    let Ok(web::Form(form)) = form else {
        return Ok(refused(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Send the form of RFC 6749, section 4.4.2.",
        ));
    };
    if form.grant_type == DEVICE_GRANT {
        return for_device(&app, &request, form, request_id).await;
    }
    if form.grant_type != "client_credentials" || form.device_code.is_some() {
        let words = "Only client_credentials and device codes.";
        return Ok(refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", words));
    }
    let Some((id, secret)) = credentials(&request, form.client_id, form.client_secret) else {
        return Ok(not_named());
    };
    match sign_in::with_client_secret(&app, &id, &secret, form.scope.as_deref(), request_id.0).await {
        Ok(tokens) => Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tokens)),
        Err(problem) if problem.code() == Code::WrongCredentials => {
            Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client", "Unknown client or wrong secret."))
        }
        Err(problem) if problem.code() == Code::InsufficientScope => {
            Ok(refused(StatusCode::BAD_REQUEST, "invalid_scope", "The client was not given that scope."))
        }
        Err(problem) => Err(problem),
    }
}

/// A device that asks whether it may come in. It is a public client: it has no secret to show.
async fn for_device(
    app: &App,
    request: &HttpRequest,
    form: TokenRequest,
    request_id: RequestId,
) -> Result<HttpResponse, Problem> {
    use actix_web::http::StatusCode;
    let (None, Some(client), Some(code), None) =
        (form.client_secret, form.client_id, form.device_code, form.scope)
    else {
        let words = "Send client_id and device_code, and no secret or scope.";
        return Ok(refused(StatusCode::BAD_REQUEST, "invalid_request", words));
    };
    if request.headers().contains_key(AUTHORIZATION) || !app.device_clients.contains(&client) {
        return Ok(refused(StatusCode::UNAUTHORIZED, "invalid_client", "Unknown client."));
    }
    Ok(match device_authorisation::collect(app, client, &code, request_id.0).await? {
        Ok(tokens) => HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(tokens),
        Err(told) => {
            let (error, words) = match told {
                Told::Pending => ("authorization_pending", "Nobody has decided yet."),
                Told::SlowDown => ("slow_down", "Too early: wait five seconds longer from now on."),
                Told::Denied => ("access_denied", "It was refused."),
                Told::Expired => ("expired_token", "Nobody decided in time. Begin again."),
                Told::Spent | Told::Approved => ("invalid_grant", "The code is not good, or no more."),
            };
            refused(StatusCode::BAD_REQUEST, error, words)
        }
    })
}

/// How a client names itself: in the form or by HTTP Basic, not both.
pub(super) fn credentials(
    request: &HttpRequest,
    id: Option<String>,
    secret: Option<String>,
) -> Option<(String, String)> {
    match (basic(request), id, secret) {
        (Some(basic), None, None) => Some(basic),
        (None, Some(id), Some(secret)) => Some((id, secret)),
        _ => None,
    }
}

/// The refusal of a client that did not name itself as it should.
pub(super) fn not_named() -> HttpResponse {
    let status = actix_web::http::StatusCode::UNAUTHORIZED;
    refused(status, "invalid_client", "Name the client once, with its secret.")
}

fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// The keys that tokens are signed with
///
/// A JSON Web Key Set with the public halves, for those who check tokens themselves.
#[utoipa::path(
    tag = "sessions", operation_id = "get_key_set", security(()),
    responses((status = 200, description = "The key set.", body = serde_json::Value,
        example = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "k1", "x": "AAAA"}]})))
)]
#[get("/.well-known/jwks.json")]
async fn get_key_set(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(app.tokens.jwks())
}

/// Where tokens are had
///
/// OAuth 2 authorisation server metadata (RFC 8414).
#[utoipa::path(
    tag = "sessions", operation_id = "get_authorization_server", security(()),
    responses((status = 200, description = "The metadata.", body = serde_json::Value,
        example = json!({"issuer": "http://127.0.0.1:8080", "token_endpoint": "http://127.0.0.1:8080/oauth2/token",
            "revocation_endpoint": "http://127.0.0.1:8080/oauth2/revoke",
            "introspection_endpoint": "http://127.0.0.1:8080/oauth2/introspect",
            "device_authorization_endpoint": "http://127.0.0.1:8080/oauth2/device_authorization",
            "jwks_uri": "http://127.0.0.1:8080/.well-known/jwks.json"})))
)]
#[get("/.well-known/oauth-authorization-server")]
async fn get_authorization_server(app: web::Data<App>) -> HttpResponse {
    let base = &app.base_url;
    HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(serde_json::json!({
        "issuer": &**base,
        "token_endpoint": format!("{base}/oauth2/token"),
        "revocation_endpoint": format!("{base}/oauth2/revoke"),
        "introspection_endpoint": format!("{base}/oauth2/introspect"),
        "device_authorization_endpoint": format!("{base}/oauth2/device_authorization"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "grant_types_supported": ["client_credentials", DEVICE_GRANT],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "service_documentation": format!("{base}/docs"),
        "scopes_supported": alongside_domain::policy::client_scopes(),
        "response_types_supported": [],
    }))
}

pub fn routes(config: &mut impl Services) {
    config.service(create_token).service(get_key_set).service(get_authorization_server);
}
