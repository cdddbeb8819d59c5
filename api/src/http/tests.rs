//! The whole surface, driven over a real socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Payload, ServerHandle};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use alongside_domain::clock::{Ids, System};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;
use validator::Validate;

use super::docs::Document;
use super::health::Readiness;
use super::*;

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Thing {
    #[validate(length(min = 1, max = 10))]
    name: String,
}

#[actix_web::get("/v1/things/{id}")]
async fn get_thing(_id: Path<Uuid>) -> Result<HttpResponse, Problem> {
    Err(Problem::not_found())
}

#[actix_web::delete("/v1/things/{id}")]
async fn delete_thing(_id: Path<Uuid>) -> HttpResponse {
    HttpResponse::NoContent().finish()
}

#[actix_web::post("/v1/things")]
async fn create_thing(thing: Json<Thing>, id: RequestId) -> HttpResponse {
    HttpResponse::Created().json(json!({"name": thing.name, "request": id.0}))
}

#[actix_web::get("/v1/slow")]
async fn be_slow() -> HttpResponse {
    tokio::time::sleep(Duration::from_secs(5)).await;
    HttpResponse::Ok().finish()
}

#[actix_web::get("/v1/panic")]
async fn be_panicking() -> HttpResponse {
    panic!("sekret");
}

#[actix_web::get("/v1/broken")]
async fn be_broken() -> Result<HttpResponse, Problem> {
    Err(Problem::internal("sekret"))
}

#[actix_web::get("/v1/oauth")]
async fn be_oauth() -> HttpResponse {
    HttpResponse::BadRequest().json(json!({"error": "invalid_grant"}))
}

#[actix_web::get("/v1/mine")]
async fn get_mine(request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().insert_header(("cache-control", "max-age=60")).body(request.method().to_string())
}

fn api_document() -> Value {
    let json = json!({"200": {"content": {"application/json": {}}}});
    json!({"openapi": "3.1.0", "paths": {
        "/v1/things": {"post": {"responses": json}},
        "/v1/things/{id}": {"get": {"responses": json}, "delete": {"responses": {"204": {}}}},
    }})
}

struct Server {
    address: SocketAddr,
    handle: ServerHandle,
    readiness: Data<Readiness>,
}

impl Server {
    fn start(settings: HttpSettings) -> Self {
        let readiness = Data::new(Readiness::default());
        let document = Data::new(Document::new(api_document().to_string()));
        let ids: Arc<dyn Ids> = Arc::new(System);
        let http = Data::new(Http::new(settings, ids, &api_document().to_string()).unwrap());
        let ready = readiness.clone();
        let server = HttpServer::new(move || {
            let app = App::new()
                .app_data(ready.clone())
                .app_data(document.clone())
                .service(get_thing)
                .service(delete_thing)
                .service(create_thing)
                .service(be_slow)
                .service(be_panicking)
                .service(be_broken)
                .service(be_oauth)
                .service(get_mine)
                .service(web::resource("/v1/resource").route(web::get().to(HttpResponse::Ok)))
                .configure(discovery);
            wrap(app, http.clone())
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle, readiness }
    }

    /// Sends the head (and body) as it stands, and reads until the server closes.
    async fn send(&self, request: impl Into<String>) -> Answer {
        let (address, request) = (self.address, request.into());
        web::block(move || exchange(address, &request)).await.unwrap()
    }

    async fn get(&self, path: &str, headers: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        );
        self.send(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).await
    }

    async fn stop(self) {
        self.handle.stop(false).await;
    }
}

fn exchange(address: SocketAddr, request: &str) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // A server that closes with our bytes unread resets the connection: what came before still counts.
    while let Ok(read @ 1..) = socket.read(&mut chunk) {
        bytes.extend_from_slice(&chunk[..read]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    Answer { head: head.to_owned(), body: body.to_owned() }
}

#[derive(Debug)]
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// A proper problem of this code, with everything each answer must carry.
    fn is_problem(&self, code: Code) {
        assert_eq!(self.status(), code.status().as_u16(), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(body["code"], code.as_str());
        assert_eq!(body["instance"], format!("urn:uuid:{}", self.header("x-request-id").unwrap()));
        assert!(!self.body.contains("sekret"));
        self.is_dressed();
    }

    fn is_dressed(&self) {
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"), "{self:?}");
        assert_eq!(self.header("referrer-policy"), Some("no-referrer"));
        assert!(self.header("strict-transport-security").is_some());
        assert!(self.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        assert!(self.header("cache-control").is_some());
        assert!(self.header("server").is_none());
        assert!(self.header("ratelimit-policy").is_some());
    }
}

#[actix_web::test]
async fn refusals_are_problems_wherever_they_arise() {
    let server = Server::start(HttpSettings {
        request_timeout: Duration::from_millis(200),
        ..HttpSettings::default()
    });
    server.get("/nowhere", "").await.is_problem(Code::NotFound);
    server.get("/v1/things/nonsense", "").await.is_problem(Code::NotFound);
    let absent = server.get("/v1/things/0190a5c2-7d5f-7c3a-9a52-0f4b7b1f3d11", "").await;
    absent.is_problem(Code::NotFound);
    server.get("/v1/broken", "").await.is_problem(Code::Internal);
    server.get("/v1/panic", "").await.is_problem(Code::Internal);
    server.get("/v1/slow", "").await.is_problem(Code::Unavailable);
    server.get(&format!("/v1/mine?{}", "x".repeat(9000)), "").await.is_problem(Code::UriTooLong);
    server
        .get("/v1/mine", &format!("X-Long: {}\r\n", "x".repeat(40_000)))
        .await
        .is_problem(Code::HeadersTooLarge);
    let oauth = server.get("/v1/oauth", "").await;
    assert_eq!((oauth.status(), oauth.body.as_str()), (400, r#"{"error":"invalid_grant"}"#));
    server.stop().await;
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start(HttpSettings::default());
    for (path, allow) in [
        ("/v1/things", "POST"),
        ("/v1/things/7", "DELETE, GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/problems/invalid", "GET, HEAD"),
        ("/v1/resource", "GET"),
    ] {
        let answer =
            server.send(format!("PUT {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await;
        answer.is_problem(Code::MethodNotAllowed);
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
    let head = server.send("HEAD /v1/mine HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!((head.status(), head.body.as_str()), (200, ""));
    server.get("/v1/things/7", "Accept: text/html\r\n").await.is_problem(Code::NotAcceptable);
    server.stop().await;
}

#[actix_web::test]
async fn bodies_are_strict_and_broken_ones_do_nothing() {
    let settings = HttpSettings {
        max_body_bytes: 64,
        body_timeout: Duration::from_millis(200),
        ..HttpSettings::default()
    };
    let server = Server::start(settings);
    let created = server.post("/v1/things", r#"{"name": "a"}"#).await;
    assert_eq!(created.status(), 201);
    let body: Value = serde_json::from_str(&created.body).unwrap();
    assert_eq!(body["request"], created.header("x-request-id").unwrap());
    created.is_dressed();
    server.post("/v1/things", "").await.is_problem(Code::MalformedJson);
    server.post("/v1/things", r#"{"name": "a", "name": "b"}"#).await.is_problem(Code::MalformedJson);
    server.post("/v1/things", r#"{"name": ""}"#).await.is_problem(Code::Invalid);
    server
        .post("/v1/things", &format!("{{\"name\": \"{}\"}}", "a".repeat(100)))
        .await
        .is_problem(Code::BodyTooLarge);
    let slow = "POST /v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{\"na";
    server.send(slow).await.is_problem(Code::RequestTimeout);
    server.stop().await;
}

#[actix_web::test]
async fn headers_follow_the_request() {
    let settings =
        HttpSettings { cors_origins: vec!["https://app.example".to_owned()], ..HttpSettings::default() };
    let server = Server::start(settings);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mine = server
        .get(
            "/v1/mine",
            &format!("Traceparent: {trace}\r\nX-Request-Id: forged\r\nOrigin: https://app.example\r\n"),
        )
        .await;
    assert_eq!(mine.header("traceparent"), Some(trace));
    assert_ne!(mine.header("x-request-id"), Some("forged"));
    assert_eq!(mine.header("cache-control"), Some("max-age=60"));
    assert_eq!(mine.header("access-control-allow-origin"), Some("https://app.example"));
    let other = server.get("/v1/mine", "Origin: https://app.example.evil\r\n").await;
    assert_eq!(other.header("access-control-allow-origin"), None);
    assert_eq!(other.header("vary"), Some("Origin"));
    let preflight = |origin: &str| {
        server.send(format!(
            "OPTIONS /v1/things HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\r\n"
        ))
    };
    let allowed = preflight("https://app.example").await;
    assert_eq!(allowed.status(), 204);
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("Idempotency-Key"));
    preflight("https://evil.example").await.is_problem(Code::MethodNotAllowed);
    server.stop().await;
}

#[actix_web::test]
async fn callers_are_limited_but_probes_are_not() {
    let settings = HttpSettings { rate_limit_per_minute: 60, rate_limit_burst: 2, ..HttpSettings::default() };
    let server = Server::start(settings);
    for _ in 0..2 {
        assert_eq!(server.get("/v1/mine", "").await.status(), 200);
    }
    let limited = server.get("/v1/mine", "").await;
    limited.is_problem(Code::RateLimited);
    assert!(limited.header("retry-after").is_some());
    assert_eq!(server.get("/v1/mine", "Authorization: Bearer a\r\n").await.status(), 200);
    assert_eq!(server.get("/healthz", "").await.status(), 200);
    server.stop().await;
}

#[actix_web::test]
async fn discovery_works() {
    let server = Server::start(HttpSettings::default());
    assert_eq!(server.get("/readyz", "").await.status(), 503);
    server.readiness.set(true);
    assert_eq!(server.get("/readyz", "").await.status(), 200);
    let document = server.get("/openapi.json", "").await;
    assert_eq!(serde_json::from_str::<Value>(&document.body).unwrap(), api_document());
    let etag = document.header("etag").unwrap();
    assert_eq!(server.get("/openapi.json", &format!("If-None-Match: {etag}\r\n")).await.status(), 304);
    for code in Code::ALL {
        let page = server.get(&format!("/problems/{}", code.as_str()), "").await;
        assert!(
            page.body.contains(code.as_str())
                && page.header("content-security-policy").unwrap().contains("sha256-")
        );
    }
    let json = server.get("/problems/stale", "Accept: application/json\r\n").await;
    assert_eq!(serde_json::from_str::<Value>(&json.body).unwrap()["status"], 412);
    server.get("/problems/nonsense", "").await.is_problem(Code::NotFound);
    assert!(server.get("/.well-known/security.txt", "").await.body.starts_with("Contact: mailto:"));
    assert_eq!(server.get("/docs", "").await.header("location"), Some("/docs/"));
    let docs = server.get("/docs/", "").await;
    assert!(
        docs.body.contains("swagger-ui-bundle.js")
            && !docs.body.contains("http://")
            && !docs.body.contains("https://")
    );
    assert!(docs.header("content-security-policy").unwrap().contains("script-src 'self'"));
    let script = server.get("/docs/swagger-initializer.js", "").await;
    assert!(script.body.contains("/openapi.json") && !script.body.contains("petstore"), "{}", script.body);
    server.get("/docs/nonsense.js", "").await.is_problem(Code::NotFound);
    server.stop().await;
}

/// The body read by a handler on its own, as imports do.
#[actix_web::test]
async fn a_body_that_breaks_off_is_refused() {
    let (request, _) = actix_web::test::TestRequest::post().to_http_parts();
    let chunks = futures_util::stream::iter([
        Ok(web::Bytes::from_static(b"{\"name\"")),
        Err(actix_web::error::PayloadError::Incomplete(None)),
    ]);
    let mut payload: Payload = Payload::Stream { payload: Box::pin(chunks) };
    let problem = body::read(&request, &mut payload).await.unwrap_err();
    assert_eq!(problem.code(), Code::MalformedJson);
}
