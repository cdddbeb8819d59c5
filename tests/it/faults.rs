//! What happens when things break: killed in the middle, started where it cannot start, cut off half way.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::program::{Demo, api};
use crate::harness::{Database, World};

fn gate(link_id: &str) -> Value {
    let system = "https://fhir.alongside.example/CodeSystem/answer";
    json!({"link_id": link_id, "values": [{"valueCoding": {"system": system, "code": "no"}}]})
}

#[test]
fn every_acknowledged_answer_survives_a_kill_in_the_middle_of_an_assessment() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let mut demo = Demo::start(database.folder.path(), url);
    let supporter = demo.sign_in("supporter_a");
    let men = supporter.get("/v1/participants").ok();
    let instruments = supporter.get("/v1/instruments?limit=200").ok();
    let hna = instruments["items"].as_array().unwrap().iter().find(|one| one["kind"] == "hna").unwrap();
    let known = supporter.get("/v1/assessments?limit=200").ok();
    let busy: Vec<&Value> = known["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["status"] == "in_progress")
        .map(|one| &one["participant_id"])
        .collect();
    let man = men["items"].as_array().unwrap().iter().find(|man| !busy.contains(&&man["id"])).unwrap();
    let begun = json!({"participant_id": man["id"], "instrument_id": hna["id"], "time_point": "T9",
        "channel": "in_person"});
    let made = supporter.post("/v1/assessments", &begun).created();
    let path = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    let open =
        json!({"affirmed": true, "level": "A2", "keyed_by": "participant", "others_present": ["nobody"]});
    supporter.post(&format!("{path}/assistance-sessions"), &open).created();

    let gates =
        ["URI.leakage.gate", "URI.urgency.gate", "URI.pain.gate", "URI.blood.gate", "GEN.fatigue.gate"];
    let saving = {
        let (supporter, path) = (supporter.clone(), path.clone());
        std::thread::spawn(move || {
            let mut acknowledged = 0_i64;
            for turn in 0.. {
                let body = json!({"answers": [gate(gates[turn % gates.len()])]}).to_string().into_bytes();
                let headers = [("content-type", "application/json")];
                match supporter.try_send("POST", &format!("{path}/answers"), &headers, Some(body)) {
                    Ok(answer) if answer.status == 200 => {
                        acknowledged = acknowledged.max(answer.json()["last_seq"].as_i64().unwrap());
                    }
                    _ => break,
                }
            }
            acknowledged
        })
    };
    std::thread::sleep(Duration::from_millis(400));
    demo.kill();
    let acknowledged = saving.join().unwrap();
    assert!(acknowledged > 3, "only {acknowledged} answers were saved before the kill");
    demo.restart();
    let supporter = demo.sign_in("supporter_a");
    let kept = supporter.get(&path).ok()["last_seq"].as_i64().unwrap();
    // One more may be durable whose answer never left.
    assert!((acknowledged..=acknowledged + 1).contains(&kept), "acknowledged {acknowledged}, kept {kept}");
}

#[cfg(unix)]
#[test]
fn whoever_is_told_to_stop_stops_in_good_order() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let mut demo = Demo::start(database.folder.path(), url);
    assert_eq!(demo.terminate(), Some(0));
}

#[test]
fn a_second_start_of_the_demo_finds_everything_as_it_was() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let mut demo = Demo::start(database.folder.path(), url);
    let before = demo.sign_in("coordinator").get("/v1/participants?limit=200").ok();
    let logins = std::fs::read_to_string(database.folder.path().join("demo.json")).unwrap();
    demo.kill();
    demo.restart();
    assert_eq!(demo.sign_in("coordinator").get("/v1/participants?limit=200").ok(), before);
    assert_eq!(std::fs::read_to_string(database.folder.path().join("demo.json")).unwrap(), logins);
}

/// The one line an operator reads.
fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = api(arguments, environment);
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("alongside-api:")).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert!(!told.contains("panicked"), "{told}");
    lines[0].to_owned()
}

#[test]
fn what_stands_in_the_way_of_a_start_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = refusal(&["demo", "--data", data, "--listen", &address], &[]);
    assert!(line.contains("another program is using this port"), "{line}");

    let line = refusal(&["demo", "--data", "/dev/null/data", "--listen", "127.0.0.1:0"], &[]);
    assert!(line.contains("/dev/null/data"), "{line}");

    let nowhere = "postgres://nobody:hunter2secret@127.0.0.1:1/nothing";
    let line = refusal(&["demo", "--data", data, "--listen", "127.0.0.1:0", "--database-url", nowhere], &[]);
    assert!(line.contains("database") && !line.contains("hunter2secret"), "{line}");

    let line = refusal(&["serve"], &[("ALONGSIDE_LISTEN", "nonsense")]);
    assert!(line.contains("listen"), "{line}");
    let line = refusal(&["serve"], &[("ALONGSIDE_UNHEARD_OF", "1")]);
    assert!(line.contains("unheard_of") || line.contains("UNHEARD_OF"), "{line}");

    let empty = folder.path().join("empty.db");
    let url = format!("sqlite://{}", empty.display());
    let line = refusal(&["serve"], &[("ALONGSIDE_DATABASE_URL", &url), ("ALONGSIDE_LISTEN", "127.0.0.1:0")]);
    assert!(line.contains("migrate up"), "{line}");
}

#[test]
fn the_first_administrator_is_made_on_the_command_line() {
    let database = Database::fresh();
    let keys = database.folder.path().join("alongside.key");
    let keys = keys.to_str().unwrap();
    let environment = [("ALONGSIDE_DATABASE_URL", database.url.as_str()), ("ALONGSIDE_KEYS_FILE", keys)];
    assert!(api(&["keys", "init", "--file", keys], &[]).status.success());
    let line = refusal(&["keys", "init", "--file", keys], &[]);
    assert!(line.contains("exist"), "{line}");
    // Standard input is empty, so there is no password.
    let line = refusal(&["user", "create-admin", "--email", "admin@example.org"], &environment);
    assert!(line.contains("password"), "{line}");
}

#[test]
fn a_server_whose_keys_are_lost_does_not_make_new_ones() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let mut demo = Demo::start(database.folder.path(), url);
    demo.kill();
    let keys = database.folder.path().join("alongside.key");
    std::fs::remove_file(&keys).unwrap();
    let data = database.folder.path().to_str().unwrap();
    let mut arguments = vec!["demo", "--data", data, "--listen", "127.0.0.1:0"];
    arguments.extend(url.iter().flat_map(|url| ["--database-url", url]));
    let line = refusal(&arguments, &[]);
    assert!(line.contains("put the file back"), "{line}");
    assert!(!keys.exists());
}

#[test]
fn a_body_cut_off_half_way_stores_nothing() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let address = world.base.strip_prefix("http://").unwrap();
    let mut half = TcpStream::connect(address).unwrap();
    let body = json!({"site_id": world.sites[0], "identity": {"name": "Half A Man"}}).to_string();
    write!(
        half,
        "POST /v1/participants HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        coordinator.token.as_ref().unwrap(),
        body.len(),
        &body[..body.len() / 2]
    )
    .unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = half.read_to_string(&mut answer);
    assert!(!answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(coordinator.get("/v1/participants").ok()["items"], json!([]));
}

#[test]
fn a_connection_lost_before_the_answer_does_the_work_once_when_it_is_sent_again() {
    let world = World::start();
    let coordinator = world.sign_in(Role::Coordinator);
    let address = world.base.strip_prefix("http://").unwrap();
    let body = json!({"site_id": world.sites[0], "identity": {"name": "Once Only"}});
    let text = body.to_string();
    let mut gone = TcpStream::connect(address).unwrap();
    write!(
        gone,
        "POST /v1/participants HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\n\
         idempotency-key: lost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        coordinator.token.as_ref().unwrap(),
        text.len(),
    )
    .unwrap();
    drop(gone);
    coordinator.post_with_key("/v1/participants", "lost", &body).created();
    assert_eq!(coordinator.get("/v1/participants").ok()["items"].as_array().unwrap().len(), 1);
}
