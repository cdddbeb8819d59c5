use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use super::*;

/// A server that gives the prepared answers, one connection each, and tells what it was asked. An empty answer hangs up.
fn server(answers: Vec<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (asked, hear) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            asked.send(read_request(&stream)).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, hear)
}

fn read_request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let start = request.len();
        reader.read_line(&mut request).unwrap();
        let line = request[start..].trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request + &String::from_utf8(body).unwrap()
}

fn answer(status: &str, body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn client(server: &str, dir: &std::path::Path) -> Client {
    let session =
        Session { server: server.into(), access_token: "first".into(), refresh_token: Some("alr_1".into()) };
    session.save(dir).unwrap();
    let config = Config { dir: dir.to_owned(), server: server.to_owned() };
    Client { patience: Duration::from_millis(1), ..Client::new(config).unwrap() }
}

fn key(request: &str) -> String {
    let line = request.lines().find(|line| line.to_ascii_lowercase().starts_with("idempotency-key:"));
    line.unwrap().to_owned()
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let (address, asked) = server(vec![String::new(), answer("201 Created", &json!({"id": "a"}))]);
    let created = client(&address, dir.path()).post("/v1/assessments", &json!({})).unwrap();
    assert_eq!(created, json!({"id": "a"}));
    assert_eq!(key(&asked.recv().unwrap()), key(&asked.recv().unwrap()));
}

#[test]
fn an_expired_token_is_changed_once_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let refused = answer("401 Unauthorized", &json!({"code": "unauthenticated", "title": "Who is asking?"}));
    let renewed = answer("200 OK", &json!({"access_token": "second", "refresh_token": "alr_2"}));
    let (address, asked) = server(vec![refused, renewed, answer("200 OK", &json!({"role": "supporter"}))]);
    let client = client(&address, dir.path());
    assert_eq!(client.get("/v1/sessions/current").unwrap(), json!({"role": "supporter"}));
    assert!(asked.recv().unwrap().contains("Bearer first"));
    assert!(asked.recv().unwrap().contains("alr_1"));
    assert!(asked.recv().unwrap().contains("Bearer second"));
    assert_eq!(Session::load(dir.path()).unwrap().unwrap().refresh_token.as_deref(), Some("alr_2"));
}

#[test]
fn a_session_that_is_over_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let refused =
        || answer("401 Unauthorized", &json!({"code": "session-ended", "title": "The session has ended"}));
    let (address, _asked) = server(vec![refused(), refused()]);
    let error = client(&address, dir.path()).get("/v1/sessions/current").unwrap_err();
    assert_eq!(exit_of(&error), Exit::NotAuthorised);
    assert!(error.to_string().contains("alongside login"));
    assert!(Session::load(dir.path()).unwrap().is_none());
}

#[test]
fn a_token_never_goes_to_another_server() {
    let dir = tempfile::tempdir().unwrap();
    drop(client("http://127.0.0.1:1", dir.path()));
    let config = Config { dir: dir.path().to_owned(), server: "http://127.0.0.1:2".into() };
    let error = Client::new(config).unwrap().get("/v1/participants").unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>().map(|stop| stop.exit), Some(Exit::NotAuthorised));
}

#[test]
fn nobody_there_means_try_later() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&address, dir.path()).get("/v1/sites").unwrap_err();
    assert_eq!(error.downcast_ref::<Stop>().map(|stop| stop.exit), Some(Exit::TryLater));
}

#[test]
fn a_list_is_followed_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let first = answer("200 OK", &json!({"items": [{"id": 1}], "next": "a b"}));
    let (address, asked) =
        server(vec![first, answer("200 OK", &json!({"items": [{"id": 2}], "next": null}))]);
    let items = client(&address, dir.path()).list("/v1/sites", &[("status", "active")], usize::MAX).unwrap();
    assert_eq!(items.len(), 2);
    assert!(asked.recv().unwrap().starts_with("GET /v1/sites?status=active&limit=200 "));
    assert!(asked.recv().unwrap().contains("cursor=a%20b"));
}
