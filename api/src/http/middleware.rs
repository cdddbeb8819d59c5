//! What surrounds every request: an id, bounds, the headers every answer carries, and one line in the log.
//!
//! One layer does all of it, in one place and one order, because each step needs what another found out. Whatever
//! happens inside, what leaves here is either the handler's answer or a problem with the request's id in it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpMessage, HttpRequest, HttpResponse};
use alongside_domain::clock::Ids;

use super::codes::Code;
use super::cors::Cors;
use super::fhir_outcome;
use super::forwarded::client_address;
use super::granted;
use super::limits::{Allowance, Limits};
use super::problem::Problem;
use super::request_id::{RequestId, TRACEPARENT, X_REQUEST_ID, traceparent};
use super::route_table::RouteTable;
use super::settings::HttpSettings;
use super::{DISCOVERY, health};

/// Path and query together.
const MAX_URI_BYTES: usize = 8 << 10;
/// All header fields together.
const MAX_HEADER_BYTES: usize = 32 << 10;

/// For everything that is not a page of ours.
const STRICT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

/// Shared by all workers of a process.
pub struct Http {
    settings: HttpSettings,
    ids: Arc<dyn Ids>,
    limits: Option<Limits>,
    cors: Cors,
    routes: RouteTable,
    observer: Option<Observer>,
}

/// Told of every answer; for metrics.
pub type Observer = Box<dyn Fn(&Done<'_>) + Send + Sync>;

/// An answered request, in terms that name nobody.
#[derive(Debug, Clone, Copy)]
pub struct Done<'a> {
    pub method: &'a str,
    /// The pattern, never the path.
    pub route: &'a str,
    pub status: StatusCode,
    pub micros: u64,
}

impl Http {
    /// `document` is the finished OpenAPI document as JSON: it tells which addresses have which methods.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(settings: HttpSettings, ids: Arc<dyn Ids>, document: &str) -> Result<Self, serde_json::Error> {
        let limits = Limits::new(settings.rate_limit_per_minute, settings.rate_limit_burst);
        let cors = Cors::new(&settings.cors_origins);
        let routes = DISCOVERY.into_iter().fold(RouteTable::from_document(document)?, RouteTable::with);
        Ok(Self { settings, ids, limits, cors, routes, observer: None })
    }

    /// Has every answer told to `observer`.
    #[must_use]
    pub fn observed_by(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    #[must_use]
    pub fn settings(&self) -> &HttpSettings {
        &self.settings
    }

    /// Adds an address outside the document, so that a wrong method there is told the right one.
    #[must_use]
    pub fn with_address(mut self, path: &str) -> Self {
        self.routes = self.routes.with(path);
        self
    }

    /// What can be answered before any handler: a refusal, or a browser's preflight.
    fn before(&self, request: &ServiceRequest, facts: &mut Facts) -> Option<Result<HttpResponse, Problem>> {
        if let Some(limits) = &self.limits {
            // Probes cost nobody anything: a busy neighbour must not get a healthy process killed.
            let (allowance, verdict) = if health::is_probe(request.path()) {
                (limits.untouched(), Ok(()))
            } else {
                let address = client_address(request.head(), &self.settings.trusted_proxies);
                limits.take(limits.caller(request.path(), request.headers(), address))
            };
            facts.allowance = Some(allowance);
            if let Err(problem) = verdict {
                return Some(Err(problem));
            }
        }
        if let Some(preflight) = self.cors.preflight(request.head()) {
            return Some(Ok(preflight));
        }
        if request.uri().path_and_query().map_or(0, |uri| uri.as_str().len()) > MAX_URI_BYTES {
            return Some(Err(Problem::new(Code::UriTooLong)));
        }
        let sizes = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len());
        if sizes.sum::<usize>() > MAX_HEADER_BYTES {
            return Some(Err(Problem::new(Code::HeadersTooLarge)));
        }
        (!self.acceptable(request)).then(|| Err(Problem::new(Code::NotAcceptable)))
    }

    /// Asked before the handler runs, so that nothing is stored by a request whose answer nobody would take.
    fn acceptable(&self, request: &ServiceRequest) -> bool {
        let Some(accept) = request.headers().get(ACCEPT) else { return true };
        let Ok(accept) = accept.to_str() else { return false };
        accept == "*/*" || self.routes.acceptable(request.method(), request.path(), accept)
    }
}

/// What is known of a request before it is handled, and needed after.
struct Facts {
    id: RequestId,
    started: Instant,
    method: &'static str,
    trace: Option<HeaderValue>,
    origin: Option<HeaderValue>,
    allowance: Option<Allowance>,
}

/// Puts everything above around an app. Call it once, last.
pub fn wrap<T, B>(
    app: App<T>,
    http: Data<Http>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<EitherBody<B>>,
        Error = Error,
        InitError = (),
    >,
>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    app.app_data(http).default_service(web::to(nowhere)).wrap(from_fn(surround::<B>))
}

/// No route: either the method is wrong, or there is nothing here.
async fn nowhere(request: HttpRequest, http: Data<Http>) -> Result<HttpResponse, Problem> {
    Err(match http.routes.allow(request.path()) {
        Some(methods) => Problem::new(Code::MethodNotAllowed).allow(methods),
        None => Problem::not_found(),
    })
}

async fn surround<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(http) = request.app_data::<Data<Http>>().cloned() else {
        return Err(Problem::internal("the app was not wrapped").into());
    };
    let mut facts = Facts {
        id: RequestId(http.ids.fresh()),
        started: Instant::now(),
        method: known(request.method()),
        trace: traceparent(request.headers()),
        origin: http.cors.origin(request.head()),
        allowance: None,
    };
    request.extensions_mut().insert(facts.id);
    // Whatever can be read can be asked about; the server leaves the body out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    if let Some(early) = http.before(&request, &mut facts) {
        let response = early.unwrap_or_else(|problem| problem.response(Some(facts.id.0)));
        let mut answer = request.into_response(response);
        finish(&http, facts, "-", answer.status(), answer.headers_mut());
        return Ok(answer.map_into_right_body());
    }
    match bounded(&http, next.call(request)).await {
        Ok(answer) => {
            let Err(problem) = granted::record_refusal(answer.request(), answer.status()).await else {
                return Ok(dress(&http, facts, answer));
            };
            // No answer without its event.
            report(&problem, facts.id);
            let mut answer = answer.into_response(problem.response(Some(facts.id.0)));
            finish(&http, facts, "-", answer.status(), answer.headers_mut());
            Ok(answer.map_into_right_body())
        }
        // The request is gone, so the error carries the complete response out.
        Err(problem) => {
            report(&problem, facts.id);
            let mut response = problem.response(Some(facts.id.0));
            let status = response.status();
            finish(&http, facts, "-", status, response.headers_mut());
            Err(InternalError::from_response(problem, response).into())
        }
    }
}

/// Runs the handler within its time, and turns a panic into a problem.
async fn bounded<B>(
    http: &Http,
    handler: impl Future<Output = Result<ServiceResponse<B>, Error>>,
) -> Result<ServiceResponse<B>, Problem> {
    let mut handler = pin!(handler);
    let caught = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(context))) {
        Ok(polled) => polled.map(|result| result.map_err(|error| from_error(&error))),
        Err(_panic) => std::task::Poll::Ready(Err(Problem::internal("a handler panicked"))),
    });
    match tokio::time::timeout(http.settings.request_timeout, caught).await {
        Ok(result) => result,
        Err(_elapsed) => {
            Err(Problem::new(Code::Unavailable).detail("The answer took too long.").retry_after(5))
        }
    }
}

/// An error that some layer passed out instead of answering with it.
fn from_error(error: &Error) -> Problem {
    match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => Problem::new(Code::for_status(error.as_response_error().status_code())).caused_by(error),
    }
}

/// Makes sure that an error is a problem with the request's id, then adds what every answer carries.
fn dress<B: MessageBody + 'static>(
    http: &Http,
    facts: Facts,
    answer: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B>> {
    let route = answer.request().match_pattern();
    let route = route.as_deref().unwrap_or("-");
    let status = answer.status();
    let mut answer = match problem_of(http, &answer) {
        None => answer.map_into_left_body(),
        Some(problem) => {
            report(&problem, facts.id);
            let (request, old) = answer.into_parts();
            let mut response = if fhir_outcome::wants_fhir(request.headers()) {
                fhir_outcome::respond(&problem, facts.id)
            } else {
                problem.response(Some(facts.id.0))
            };
            keep_headers(old.headers(), response.headers_mut());
            ServiceResponse::new(request, response).map_into_right_body()
        }
    };
    finish(http, facts, route, status, answer.headers_mut());
    answer
}

/// The problem an answer stands for: the one it was made from, or one for an error the framework answered by itself.
fn problem_of<B>(http: &Http, answer: &ServiceResponse<B>) -> Option<Problem> {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    if let Some(problem) = answer.response().extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    // A handler that wrote an error body itself meant it: OAuth has a form of its own.
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("json") || kind.starts_with("text/html") {
        return None;
    }
    let problem = Problem::new(Code::for_status(status));
    Some(match http.routes.allow(answer.request().path()) {
        Some(methods) if status == StatusCode::METHOD_NOT_ALLOWED => problem.allow(methods),
        _ => problem,
    })
}

/// Keeps what inner layers said about the answer, except about the body that is replaced.
fn keep_headers(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if !to.contains_key(name) && !name.as_str().starts_with("content-") {
            to.append(name.clone(), value.clone());
        }
    }
}

/// Headers, metrics, log.
fn finish(http: &Http, facts: Facts, route: &str, status: StatusCode, headers: &mut HeaderMap) {
    let Facts { id, started, method, trace, origin, allowance } = facts;
    if let Ok(id) = HeaderValue::from_str(id.0.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer())) {
        headers.insert(X_REQUEST_ID, id);
    }
    if let Some(trace) = trace {
        headers.insert(TRACEPARENT, trace);
    }
    if let Some(allowance) = allowance {
        allowance.decorate(headers);
    }
    http.cors.decorate(headers, origin.as_ref());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    unless_set(headers, CONTENT_SECURITY_POLICY, STRICT_POLICY);
    unless_set(headers, CACHE_CONTROL, HeaderValue::from_static("no-store"));

    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    if let Some(observer) = &http.observer {
        observer(&Done { method, route, status, micros });
    }
    tracing::info!(target: "alongside::access", request_id = %id.0, method, route, status = status.as_u16(), micros);
}

fn unless_set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

/// Logs what went wrong on our side, once, here at the boundary.
fn report(problem: &Problem, id: RequestId) {
    if let Some((cause, place)) = problem.cause() {
        tracing::error!(request_id = %id.0, code = problem.code().as_str(), %place, cause, "request failed");
    }
}

/// A method by its name; anything a client may have made up has none.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Has panics logged by place alone: their message may hold a value. Call it once at start.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
