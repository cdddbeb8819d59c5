//! What comes from outside stays where it is put: in no header of the answer, and in no line of the log that it begins.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use alongside_domain::policy::Role;
use serde_json::json;

use crate::harness::program::Demo;
use crate::harness::{Database, World};

/// What breaks a line for whoever splits lines, plain and as it is hidden in an address.
const BREAKS: [&str; 7] =
    ["%0d%0a", "%0a", "%0d", "%0D%0A%0D%0A", "%E5%98%8A%E5%98%8D", "%C2%85", "%E2%80%A8"];
const PLANTED: &str = "X-Injected";

/// Sends these bytes and reads all that comes back.
fn raw(base: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether a header was planted in an answer, or a second answer behind it.
fn is_split(answer: &str) -> bool {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.split(['\r', '\n', '\u{85}', '\u{2028}']);
    let planted = lines.filter(|line| line.to_ascii_lowercase().starts_with("x-injected")).count();
    planted > 0 || answer.matches("HTTP/1.1 ").count() > 1
}

/// Undoes percent-encoding, as a server does before it looks at a path.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: u8| char::from(byte).to_digit(16).unwrap();
        bytes.push(match byte {
            b'%' => u8::try_from(hex(rest.next().unwrap()) * 16 + hex(rest.next().unwrap())).unwrap(),
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn nothing_from_outside_becomes_a_header() {
    // It works on a server that puts together its head by hand.
    let careless = |path: &str| format!("HTTP/1.1 303 See Other\r\nLocation: {}\r\n\r\n", decoded(path));
    assert!(is_split(&careless(&format!("/v1/sites/{}{PLANTED}: 1", BREAKS[0]))));
    let world = World::start();
    let token = world.sign_in(Role::Coordinator).token.unwrap();
    let mut asked = 0;
    for line_break in BREAKS {
        let evil = format!("a{line_break}{PLANTED}:%201");
        let raw_evil = decoded(&evil);
        let plain = raw_evil.replace(['\r', '\n'], "");
        let requests = [
            format!("GET /v1/participants/{evil} HTTP/1.1\r\n"),
            format!("GET /v1/participants?cursor={evil} HTTP/1.1\r\n"),
            format!("GET /v1/participants?limit={evil} HTTP/1.1\r\n"),
            format!("GET /{evil} HTTP/1.1\r\n"),
            format!("GET /problems/{evil} HTTP/1.1\r\n"),
            format!(
                "OPTIONS /v1/participants HTTP/1.1\r\nOrigin: https://a.example{plain}\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: {plain}\r\n"
            ),
            format!("GET /v1/sites HTTP/1.1\r\nTraceparent: {plain}\r\nX-Request-Id: {plain}\r\n"),
            format!(
                "GET /v1/sites HTTP/1.1\r\nIf-None-Match: \"{plain}\"\r\nPrefer: {plain}\r\nAccept-Language: {plain}\r\n"
            ),
            // A bare carriage return or line feed inside a value.
            format!("GET /v1/sites HTTP/1.1\r\nTraceparent: a\r{PLANTED}: 1\r\n"),
            format!("GET /v1/sites HTTP/1.1\r\nX-Request-Id: a\n {PLANTED}: 1\r\n"),
            format!("DELETE /v1/{evil} HTTP/1.1\r\n"),
        ];
        for request in requests {
            let head = format!(
                "{request}Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
            );
            let answer = raw(&world.base, head.as_bytes());
            assert!(!is_split(&answer), "{head}\n{answer}");
            asked += usize::from(answer.starts_with("HTTP/1.1 "));
        }
        // The scope a client asks for is repeated to it in a header.
        let form = format!("grant_type=client_credentials&client_id=x&client_secret=y&scope={evil}");
        let head = format!(
            "POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        assert!(!is_split(&raw(&world.base, head.as_bytes())));
    }
    assert!(asked > 70, "only {asked} were answered at all");
}

#[test]
fn two_ways_to_say_how_long_a_body_is_are_one_too_many() {
    let world = World::start();
    let hidden = "GET /v1/sites HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    for framing in [
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\nContent-Length: 48\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Content-Length: +0\r\n",
    ] {
        let head = format!(
            "POST /v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{framing}\r\n{hidden}"
        );
        let answer = raw(&world.base, head.as_bytes());
        let count = answer.matches("HTTP/1.1 ").count();
        assert!(count <= 1, "{framing}: {answer}");
    }
}

/// The lines of a log that begin with what an attacker wrote, or hold what moves the cursor of who reads them.
fn forged(log: &[String]) -> Vec<&String> {
    let begins =
        |line: &str| line.trim_start().starts_with("FORGED") || line.starts_with("2026-01-01T00:00:00");
    log.iter().filter(|line| begins(line) || line.contains('\u{1b}')).collect()
}

#[test]
fn nothing_from_outside_begins_a_line_of_the_log() {
    const LINE: &str = "2026-01-01T00:00:00.000000Z ERROR FORGED the audit log was switched off";
    // It works on a server that writes down what it was asked for.
    let careless =
        format!("2026-11-02T09:30:00Z INFO asked for /v1/sites/{}", decoded(&format!("a%0a{LINE}")));
    assert_eq!(forged(&careless.lines().map(str::to_owned).collect::<Vec<_>>()).len(), 1);
    for format in ["text", "json"] {
        let database = Database::blank();
        let url = database.is_postgres().then_some(database.url.as_str());
        let settings = [("ALONGSIDE_LOG", "trace"), ("ALONGSIDE_LOG_FORMAT", format)];
        let demo = Demo::start_with(database.folder.path(), url, &settings);
        let stranger = demo.sign_in("supporter_a");
        let before = demo.told().len();
        let escaped = LINE.replace(' ', "%20");
        for line_break in BREAKS {
            let evil = format!("a{line_break}{escaped}%1b%5b2J");
            let plain = format!("a\u{85}\u{2028}{}", LINE);
            for path in [format!("/v1/sites/{evil}"), format!("/v1/sites?limit={evil}"), format!("/{evil}")] {
                let request = format!(
                    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {plain}\r\nTraceparent: {plain}\r\n\
                     X-Forwarded-For: {plain}\r\nReferer: {plain}\r\nAuthorization: Bearer {plain}\r\nConnection: close\r\n\r\n"
                );
                raw(&demo.base, request.as_bytes());
            }
            let text = decoded(&evil);
            stranger.post("/v1/sessions", &json!({"email": text, "password": text}));
            stranger.post(
                "/v1/sessions",
                &json!({"email": "a@example.org", "password": "x", "device": {"name": text}}),
            );
            stranger.post("/v1/sessions/refresh", &json!({"refresh_token": text}));
            stranger.post_with_key("/v1/flags", "FORGED", &json!({"source": text, text.clone(): text}));
            let form =
                format!("grant_type=client_credentials&client_id={evil}&client_secret={evil}&scope={evil}");
            stranger.post_bytes("/oauth2/token", "application/x-www-form-urlencoded", form.as_bytes());
            let form = format!("client_id=alongside-cli&device_id={evil}&device_name={evil}");
            stranger.post_bytes(
                "/oauth2/device_authorization",
                "application/x-www-form-urlencoded",
                form.as_bytes(),
            );
        }
        stranger.get("/v1/sites").ok();
        std::thread::sleep(Duration::from_millis(300));
        let log = demo.told();
        let log = &log[before..];
        assert!(forged(log).is_empty(), "{:#?}", forged(log));
        // The log did say something: each request has its line.
        let lines = log.iter().filter(|line| line.contains("alongside::access")).count();
        assert!(lines >= 50, "{format}: {lines} lines");
        if format == "json" {
            let broken: Vec<_> =
                log.iter().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err()).collect();
            assert!(broken.is_empty(), "{broken:#?}");
        }
        // Our own lines, at any level, hold nothing of what was sent.
        let ours = log.iter().filter(|line| line.contains("alongside") && !line.contains("actix"));
        let told: Vec<_> = ours.filter(|line| line.contains("FORGED")).collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}
