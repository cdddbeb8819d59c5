//! The command line and one's own account.

use std::io::{BufRead as _, BufReader};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use alongside_domain::policy::Role;
use serde_json::{Value, json};

use crate::harness::program::{Demo, alongside, api, binary, settings};
use crate::harness::{Caller, Database, PASSWORD, World};

fn run(world: &World, home: &Path, arguments: &[&str], input: &str) -> (Option<i32>, Value, String) {
    let Output { status, stdout, stderr } =
        alongside(home, &world.base, &[&["--json"], arguments].concat(), input);
    let told = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
    (status.code(), told, String::from_utf8(stderr).unwrap())
}

#[test]
fn a_supporter_looks_after_his_own_account() {
    let world = World::start();
    let sam = world.account("sam@example.org", Role::Supporter);
    let (app, codes) = sam.enrol(&sam.sign_in());
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], input: &str| run(&world, home.path(), arguments, input);
    let login = ["login", "--email", "sam@example.org", "--password-stdin", "--device-name", "Tablet 7"];

    let (exit, _, told) = run(&login, PASSWORD);
    assert_eq!(exit, Some(4), "{told}");
    assert!(told.contains("second-factor-required"), "{told}");
    let (exit, document, told) = run(&login, &format!("{PASSWORD}\n{}\n", app.next()));
    assert_eq!(exit, Some(0), "{told}");
    assert_eq!(document["session"]["device_name"], "Tablet 7");

    let (_, sessions, _) = run(&["session", "list"], "");
    let here = sessions["items"].as_array().unwrap().iter().find(|one| one["is_current"] == true).unwrap();
    assert_eq!(here["device_name"], "Tablet 7");
    let other = sessions["items"].as_array().unwrap().iter().find(|one| one["is_current"] == false).unwrap();
    assert_eq!(run(&["session", "end", other["id"].as_str().unwrap()], "").0, Some(0));
    assert_eq!(run(&["session", "end", other["id"].as_str().unwrap()], "").0, Some(3));

    world.clock.advance(chrono::TimeDelta::minutes(6));
    let (exit, _, told) = run(&["second-factor", "recovery-codes"], "");
    assert_eq!(exit, Some(4), "{told}");
    assert!(told.contains("alongside step-up"), "{told}");
    assert_eq!(run(&["step-up", "--stdin"], &codes[0]).0, Some(0));
    let (exit, made, _) = run(&["second-factor", "recovery-codes"], "");
    assert_eq!((exit, made["recovery_codes"].as_array().unwrap().len()), (Some(0), 10));
    assert_eq!(run(&["second-factor", "show"], "").1["recovery_codes_left"], 10);

    let new = "seven walruses paint the harbour";
    let (exit, _, told) = run(&["password", "--stdin"], &format!("{PASSWORD}\n{new}\n"));
    assert_eq!(exit, Some(0), "{told}");
    assert_eq!(run(&["forgot-password", "--email", "sam@example.org"], "").0, Some(5));
    assert_eq!(run(&["whoami"], "").0, Some(0));
}

#[test]
fn the_operator_issues_a_code_where_no_letters_are_sent() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let mut demo = Demo::start(database.folder.path(), url);
    let accounts: Value =
        serde_json::from_str(&std::fs::read_to_string(demo.folder.join("demo.json")).unwrap()).unwrap();
    let email = accounts["people"]["supporter_a"]["email"].as_str().unwrap();
    demo.kill();
    let file = format!("sqlite://{}", demo.folder.join("alongside.db").display());
    let keys = demo.folder.join("alongside.key");
    let environment =
        [("ALONGSIDE_DATABASE_URL", url.unwrap_or(&file)), ("ALONGSIDE_KEYS_FILE", keys.to_str().unwrap())];
    let issued = api(&["user", "issue-code", "--email", email], &environment);
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
    let code = String::from_utf8(issued.stdout).unwrap();
    let unknown = api(&["user", "issue-code", "--email", "nobody@example.org"], &environment);
    assert!(!unknown.status.success());
    demo.restart();
    let stranger = Caller::new(&demo.base, None, uuid::Uuid::nil(), "stranger");
    let activation =
        json!({"email": email, "activation_code": code.trim(), "password": "seven walruses paint it"});
    stranger.post("/v1/activations", &activation).no_content();
    stranger.post("/v1/activations", &activation).problem(401, "wrong-credentials");
    let sign_in = json!({"email": email, "password": "seven walruses paint it"});
    stranger.post("/v1/sessions", &sign_in).created();
}

/// A line on which every second connection breaks at once, and none lasts.
fn bad_line(server: &str) -> String {
    let to = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, from) in listener.incoming().enumerate() {
            let (Ok(from), Ok(there)) = (from, TcpStream::connect(&to)) else { continue };
            if number % 2 == 1 {
                continue;
            }
            let copy = |mut one: TcpStream, mut other: TcpStream| {
                std::thread::spawn(move || std::io::copy(&mut one, &mut other).is_ok());
            };
            copy(from.try_clone().unwrap(), there.try_clone().unwrap());
            copy(there.try_clone().unwrap(), from.try_clone().unwrap());
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_secs(3));
                let _ = (from.shutdown(Shutdown::Both), there.shutdown(Shutdown::Both));
            });
        }
    });
    address
}

#[test]
fn a_tablet_is_let_in_from_another_device_over_a_bad_line() {
    // A code of the app does not outlive a build.
    let program = binary("alongside");
    let world = World::start();
    let sam = world.account("sam@example.org", Role::Supporter);
    let (app, _) = sam.enrol(&sam.sign_in());
    let homes = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [phone, tablet] = [homes[0].path(), homes[1].path()];
    let login = ["login", "--email", "sam@example.org", "--password-stdin"];
    let (exit, _, told) = run(&world, phone, &login, &format!("{PASSWORD}\n{}\n", app.next()));
    assert_eq!(exit, Some(0), "{told}");
    let line = bad_line(&world.base);
    for (decision, ends) in [(&["deny"][..], 4), (&["approve", "--yes"], 0)] {
        let mut waiting = Command::new(&program);
        settings(&mut waiting, tablet, &line).args([
            "login",
            "--device",
            "--device-name",
            "Tablet 7",
            "--json",
        ]);
        let mut waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines().map_while(Result::ok);
        let code = said.find(|line| line.trim().len() == 9 && line.contains('-')).unwrap();
        let decide = [&["device"], decision, &[code.trim()]].concat();
        let (exit, document, told) = run(&world, phone, &decide, "");
        assert_eq!((exit, &document["approved"]), (Some(0), &json!(ends == 0)), "{told}");
        let rest: Vec<String> = said.collect();
        let done = waiting.wait_with_output().unwrap();
        assert_eq!(done.status.code(), Some(ends), "{rest:?}");
        if ends == 0 {
            let document: Value = serde_json::from_slice(&done.stdout).unwrap();
            assert_eq!(document["session"]["device_name"], "Tablet 7");
            assert_eq!(document["session"]["role"], "supporter");
        }
    }
    let (exit, _, told) = run(&world, phone, &["device", "approve", "BCDF-BCDF", "--yes"], "");
    assert_eq!(exit, Some(1), "{told}");
    let (exit, _, told) = run(&world, phone, &["--no-input", "device", "approve", "AAAA"], "");
    assert_eq!(exit, Some(1), "{told}");
}
