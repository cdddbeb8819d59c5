//! The one way to the server: the published HTTP API, as any other client would use it.

use std::cell::RefCell;
use std::time::Duration;

use alongside_domain::clock::{Ids as _, System};
use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use ureq::http::{self, Method, StatusCode, header};
use uuid::Uuid;

use crate::config::Config;
use crate::exit::{Exit, Stop};
use crate::problem::Problem;
use crate::session::{Session, device_id};

/// How often a request is tried on a bad line.
const ATTEMPTS: u32 = 4;

/// A longer wait than this is the caller's business, not ours.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The largest answer read: a summary or a page of a list, never a whole export.
const MAX_ANSWER: u64 = 32 * 1024 * 1024;

const JSON: &str = "application/json";

/// A connection to one server, signed in or not.
pub struct Client {
    agent: ureq::Agent,
    config: Config,
    session: RefCell<Option<Session>>,
    /// The first wait between two attempts; each further one is twice as long.
    patience: Duration,
}

/// What is asked of the server. A repeat carries the same idempotency key, so that nothing happens twice.
struct Request<'a> {
    method: Method,
    path: &'a str,
    accept: &'a str,
    content_type: &'a str,
    body: Vec<u8>,
    idempotency_key: Option<String>,
    /// The version that was read, for what changes it.
    if_match: Option<i64>,
    may_repeat: bool,
    is_signed: bool,
}

/// An answer that is not a refusal.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    body: Vec<u8>,
}

impl Client {
    /// A client for the server in the settings, with the session kept for it.
    pub fn new(config: Config) -> Result<Self> {
        let settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_per_call(Some(Duration::from_secs(60)))
            .user_agent(concat!("alongside-cli/", env!("CARGO_PKG_VERSION")))
            .build();
        let session = Session::load(&config.dir)?.filter(|session| session.server == config.server);
        let patience = Duration::from_millis(500);
        Ok(Self { agent: settings.new_agent(), config, session: RefCell::new(session), patience })
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.config.server
    }

    pub fn get(&self, path: &str) -> Result<Value> {
        parse(&self.get_as(path, JSON)?)
    }

    /// Gets and reads what is expected there.
    pub fn get_typed<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let body = self.get_as(path, JSON)?;
        serde_json::from_slice(&body).context("The server's answer is not what this version expects.")
    }

    /// Gets another form than JSON, byte for byte.
    pub fn get_as(&self, path: &str, accept: &str) -> Result<Vec<u8>> {
        let request = Request { accept, ..Request::new(Method::GET, path) };
        Ok(self.send(&request)?.body)
    }

    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.post_bytes(path, JSON, serde_json::to_vec(body)?)
    }

    /// Posts to an operation that needs no words.
    pub fn post_bare(&self, path: &str) -> Result<Value> {
        self.post_bytes(path, "", Vec::new())
    }

    /// Posts a document as it is.
    pub fn post_bytes(&self, path: &str, content_type: &str, body: Vec<u8>) -> Result<Value> {
        let key = Some(System.fresh().to_string());
        let request =
            Request { content_type, body, idempotency_key: key, ..Request::new(Method::POST, path) };
        parse(&self.send(&request)?.body)
    }

    /// Puts a JSON document as it is.
    pub fn put_bytes(&self, path: &str, body: Vec<u8>) -> Result<Value> {
        parse(&self.send(&Request { body, ..Request::new(Method::PUT, path) })?.body)
    }

    /// All items of a list, or the first `most`.
    pub fn list(&self, path: &str, filters: &[(&str, &str)], most: usize) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let limit = (most.saturating_sub(items.len())).clamp(1, 200).to_string();
            let mut parameters = filters.to_vec();
            parameters.push(("limit", &limit));
            if let Some(cursor) = &cursor {
                parameters.push(("cursor", cursor));
            }
            let mut page = self.get(&with_query(path, &parameters))?;
            if let Some(Value::Array(found)) = page.get_mut("items").map(Value::take) {
                items.extend(found);
            }
            cursor = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() || items.len() >= most {
                items.truncate(most);
                return Ok(items);
            }
        }
    }

    /// Posts once, whatever becomes of it, and leaves no copy of the answer with the server: for secrets, and for codes that
    /// are good once.
    pub fn post_once(&self, path: &str, body: &Value) -> Result<Value> {
        let is_empty = body.as_object().is_some_and(serde_json::Map::is_empty);
        let body = if is_empty { Vec::new() } else { serde_json::to_vec(body)? };
        let request = Request { body, may_repeat: false, ..Request::new(Method::POST, path) };
        parse(&self.send(&request)?.body)
    }

    /// Posts a step on this version of something.
    pub fn post_version(&self, path: &str, version: i64, body: Option<&Value>) -> Result<Value> {
        let request = Request {
            body: body.map(serde_json::to_vec).transpose()?.unwrap_or_default(),
            idempotency_key: Some(System.fresh().to_string()),
            if_match: Some(version),
            ..Request::new(Method::POST, path)
        };
        parse(&self.send(&request)?.body)
    }

    pub fn delete(&self, path: &str) -> Result<()> {
        self.send(&Request::new(Method::DELETE, path)).map(drop)
    }

    /// Asks for a letter with which somebody chooses a new password.
    pub fn ask_for_letter(&self, email: &str) -> Result<()> {
        let request = Request {
            body: serde_json::to_vec(&json!({"email": email}))?,
            may_repeat: false,
            is_signed: false,
            ..Request::new(Method::POST, "/v1/password-resets")
        };
        self.send(&request).map(drop)
    }

    /// Signs in on a device of this name and keeps the session on it.
    pub fn sign_in(&self, mut wish: Value, device: &str) -> Result<()> {
        if let Some(wish) = wish.as_object_mut() {
            let device = json!({"id": device_id(&self.config.dir)?, "name": device});
            wish.insert("device".into(), device);
        }
        let request = Request {
            body: serde_json::to_vec(&wish)?,
            may_repeat: false,
            is_signed: false,
            ..Request::new(Method::POST, "/v1/sessions")
        };
        self.keep(&self.send(&request)?.body)
    }

    /// The id by which the server knows this device again.
    pub fn device_id(&self) -> Result<Uuid> {
        device_id(&self.config.dir)
    }

    /// Posts a form, once and signed by nobody, as the OAuth operations want it. Answers the status and the body, whatever
    /// they are; nothing where the line is broken.
    pub fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Result<Option<(u16, Vec<u8>)>> {
        let form = with_query("", fields);
        let request = Request {
            content_type: "application/x-www-form-urlencoded",
            body: form.trim_start_matches('?').as_bytes().to_vec(),
            ..Request::new(Method::POST, path)
        };
        match self.send_once(&request, None) {
            Ok(answer) => Ok(Some((answer.status.as_u16(), answer.body))),
            Err(error) if is_line_trouble(&error) => Ok(None),
            Err(error) => Err(anyhow::Error::new(error).context("The request could not be sent")),
        }
    }

    /// Keeps the tokens of a sign-in on this device.
    pub fn keep_tokens(&self, tokens: &[u8]) -> Result<()> {
        self.keep(tokens)
    }

    /// Sets the first password of an account. The code is good once, so this is not tried again on a bad line.
    pub fn activate(&self, email: &str, code: &str, password: &str) -> Result<()> {
        let body = json!({"email": email, "activation_code": code, "password": password});
        let request = Request {
            body: serde_json::to_vec(&body)?,
            may_repeat: false,
            is_signed: false,
            ..Request::new(Method::POST, "/v1/activations")
        };
        self.send(&request).map(drop)
    }

    /// Ends the session here and on the server.
    pub fn sign_out(&self) -> Result<()> {
        let ended = match *self.session.borrow() {
            Some(_) => self.send(&Request::new(Method::DELETE, "/v1/sessions/current")).map(drop),
            None => Ok(()),
        };
        Session::forget(&self.config.dir)?;
        match ended {
            // It had ended already, which is what was wanted.
            Err(error) if exit_of(&error) == Exit::NotAuthorised => Ok(()),
            other => other,
        }
    }

    /// Sends, signs in afresh once where the access token has run out, and turns refusals into errors.
    fn send(&self, request: &Request<'_>) -> Result<Answer> {
        let used = self.access_token(request)?;
        let mut answer = self.send_patiently(request, used.as_deref())?;
        if answer.status == StatusCode::UNAUTHORIZED
            && let Some(used) = used
            && self.refresh(&used)?
        {
            answer = self.send_patiently(request, self.access_token(request)?.as_deref())?;
        }
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(Problem::read(answer.status.as_u16(), &answer.body).into())
    }

    fn access_token(&self, request: &Request<'_>) -> Result<Option<String>> {
        if !request.is_signed {
            return Ok(None);
        }
        let token = self.session.borrow().as_ref().map(|session| session.access_token.clone());
        let words = || format!("You are not signed in to {}. Sign in with: alongside login", self.server());
        token.map(Some).ok_or_else(|| Stop::because(Exit::NotAuthorised, words()))
    }

    /// Changes the tokens for new ones; false where the session is over. A refresh token is good once, and another
    /// run of this program may have used it a moment ago.
    fn refresh(&self, used: &str) -> Result<bool> {
        let kept = Session::load(&self.config.dir)?.filter(|session| session.server == self.config.server);
        if let Some(newer) = kept.filter(|session| session.access_token != used) {
            self.session.replace(Some(newer));
            return Ok(true);
        }
        let token = self.session.borrow().as_ref().and_then(|session| session.refresh_token.clone());
        let Some(token) = token else { return Ok(false) };
        let request = Request {
            body: serde_json::to_vec(&json!({"refresh_token": token}))?,
            is_signed: false,
            ..Request::new(Method::POST, "/v1/sessions/refresh")
        };
        match self.send(&request) {
            Ok(answer) => self.keep(&answer.body).map(|()| true),
            Err(error) if exit_of(&error) == Exit::NotAuthorised => {
                Session::forget(&self.config.dir)?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn keep(&self, tokens: &[u8]) -> Result<()> {
        let tokens = parse(tokens)?;
        let text = |name: &str| tokens.get(name).and_then(Value::as_str).map(str::to_owned);
        let session = Session {
            server: self.config.server.clone(),
            access_token: text("access_token").context("The server sent no access token.")?,
            refresh_token: text("refresh_token"),
        };
        session.save(&self.config.dir)?;
        self.session.replace(Some(session));
        Ok(())
    }

    /// Tries again when the line breaks, and when the server asks to wait a moment.
    fn send_patiently(&self, request: &Request<'_>, token: Option<&str>) -> Result<Answer> {
        let mut wait = self.patience;
        let mut attempt = 1;
        loop {
            let is_last = attempt == ATTEMPTS || !request.may_repeat;
            match self.send_once(request, token) {
                Ok(answer) => {
                    let asked = answer.asks_to_wait().filter(|asked| *asked <= LONGEST_WAIT);
                    match asked {
                        Some(asked) if !is_last => std::thread::sleep(asked.max(wait)),
                        _ => return Ok(answer),
                    }
                }
                Err(error) if is_line_trouble(&error) && !is_last => std::thread::sleep(wait),
                Err(error) if is_line_trouble(&error) => {
                    let words = format!("The server at {} cannot be reached: {error}.", self.server());
                    return Err(Stop::because(Exit::TryLater, words));
                }
                Err(error) => return Err(anyhow::Error::new(error).context("The request could not be sent")),
            }
            wait *= 2;
            attempt += 1;
        }
    }

    fn send_once(&self, request: &Request<'_>, token: Option<&str>) -> Result<Answer, ureq::Error> {
        let mut head = http::Request::builder()
            .method(&request.method)
            .uri(format!("{}{}", self.config.server, request.path))
            .header(header::ACCEPT, request.accept);
        if let Some(token) = token {
            head = head.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = &request.idempotency_key {
            head = head.header("Idempotency-Key", key);
        }
        if let Some(version) = request.if_match {
            head = head.header(header::IF_MATCH, format!("\"{version}\""));
        }
        if !request.body.is_empty() {
            head = head.header(header::CONTENT_TYPE, request.content_type);
        }
        let response = if matches!(request.method, Method::POST | Method::PUT) {
            self.agent.run(head.body(request.body.as_slice())?)
        } else {
            self.agent.run(head.body(())?)
        };
        let mut response = response?;
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after =
            retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Answer { status: response.status(), retry_after, body })
    }
}

impl<'a> Request<'a> {
    fn new(method: Method, path: &'a str) -> Self {
        Self {
            method,
            path,
            accept: JSON,
            content_type: JSON,
            body: Vec::new(),
            idempotency_key: None,
            if_match: None,
            may_repeat: true,
            is_signed: true,
        }
    }
}

impl Answer {
    /// How long the server wants us to wait before the same request may succeed.
    fn asks_to_wait(&self) -> Option<Duration> {
        let is_in_flight = || Problem::read(self.status.as_u16(), &self.body).is("idempotency-in-flight");
        match self.status.as_u16() {
            429 | 503 => Some(self.retry_after.unwrap_or_default()),
            409 if is_in_flight() => Some(self.retry_after.unwrap_or_default()),
            _ => None,
        }
    }
}

/// Whether the trouble lies between here and there, so that the same request may yet arrive.
fn is_line_trouble(error: &ureq::Error) -> bool {
    use ureq::Error;
    matches!(
        error,
        Error::Io(_) | Error::Timeout(_) | Error::HostNotFound | Error::ConnectionFailed | Error::Protocol(_)
    )
}

fn exit_of(error: &anyhow::Error) -> Exit {
    error.downcast_ref::<Problem>().map_or(Exit::Error, Problem::exit)
}

/// An answer without a body is null.
fn parse(body: &[u8]) -> Result<Value> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).context("The server's answer is not JSON.")
}

/// Puts parameters behind a path, encoded.
pub fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (position, (name, value)) in parameters.iter().enumerate() {
        out.push(if position == 0 { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    out.push(char::from(byte))
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
