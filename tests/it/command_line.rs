//! The command line, as a supporter at a kitchen table and a nurse at her desk use it.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::Database;
use crate::harness::program::{Demo, alongside};

struct Desk<'a> {
    home: &'a Path,
    server: &'a str,
}

impl Desk<'_> {
    fn run(&self, arguments: &[&str], input: &str) -> Output {
        alongside(self.home, self.server, arguments, input)
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, "");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let told = self.ok(&[&["--json"], arguments].concat());
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {told}"))
    }

    #[track_caller]
    fn sign_in(&self, demo: &Demo, name: &str) {
        let accounts: Value =
            serde_json::from_str(&std::fs::read_to_string(demo.folder.join("demo.json")).unwrap()).unwrap();
        let person = &accounts["people"][name];
        let arguments = ["login", "--email", person["email"].as_str().unwrap(), "--password-stdin"];
        let output = self.run(&arguments, person["password"].as_str().unwrap());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn code(link_id: &str, code: &str) -> Value {
    let system = "https://fhir.alongside.example/CodeSystem/answer";
    json!({"link_id": link_id, "values": [{"valueCoding": {"system": system, "code": code}}]})
}

#[test]
fn a_supporter_helps_and_a_nurse_reads_with_nothing_but_the_command_line() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let demo = Demo::start(database.folder.path(), url);
    let (kitchen, desk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let supporter = Desk { home: kitchen.path(), server: &demo.base };
    let nurse = Desk { home: desk.path(), server: &demo.base };

    // Before signing in there is one clear line and an exit code that a script can tell.
    let refused = supporter.run(&["today"], "");
    assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stderr));

    supporter.sign_in(&demo, "supporter_a");
    assert_eq!(supporter.json(&["whoami"])["session"]["role"], "supporter");
    assert!(!supporter.ok(&["today"]).is_empty());
    let men = supporter.json(&["participant", "list"]);
    let busy = supporter.json(&["today"]).to_string();
    let man = men["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|man| man["supporter_contact_allowed"] == true && !busy.contains("in_progress"))
        .or_else(|| men["items"].as_array().unwrap().first())
        .unwrap();
    let study_id = man["study_id"].as_str().unwrap();
    assert!(supporter.ok(&["participant", "show", study_id]).contains(study_id));

    let answers = json!({"submit": true, "answers": [
        code("URI.leakage.gate", "yes"),
        {"link_id": "URI.leakage.bother", "values": [{"valueInteger": 7}]},
        {"link_id": "URI.leakage.words", "values": [{"valueString": "Only my own words."}]},
        code("GEN.fatigue.gate", "no"),
    ]});
    let file = kitchen.path().join("answers.json");
    std::fs::write(&file, answers.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let done = supporter.run(
        &[
            "--json",
            "--no-input",
            "assess",
            study_id,
            "--time-point",
            "T7",
            "--answers",
            file,
            "--level",
            "A3",
            "--keyed-by",
            "participant",
            "--present",
            "nobody",
            "--affirmed",
        ],
        "",
    );
    let told = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{told}{}", String::from_utf8_lossy(&done.stderr));
    assert!(!told.contains("Only my own words."), "a submitted answer was printed: {told}");
    let done: Value = serde_json::from_str(&told).unwrap();
    let assessment =
        done["assessment_id"].as_str().or_else(|| done["id"].as_str()).unwrap_or_else(|| panic!("{done}"));

    // What he helped with is not his to read.
    assert_eq!(supporter.run(&["summary", assessment], "").status.code(), Some(4));
    // A concern goes in from a file or standard input, never from the command line itself.
    let concern = json!({"participant_id": man["id"], "source": "disclosed", "immediate_danger": false,
        "report": {"verbatim": "He said his card was taken."}});
    let raised = supporter.run(&["--json", "concern", "--stdin"], &concern.to_string());
    assert!(raised.status.success(), "{}", String::from_utf8_lossy(&raised.stderr));
    assert!(String::from_utf8_lossy(&raised.stderr).contains("999"));
    assert!(!String::from_utf8_lossy(&raised.stdout).contains("card"));

    nurse.sign_in(&demo, "clinician");
    let summary = nurse.ok(&["summary", assessment, "--format", "text"]);
    assert!(summary.contains("Only my own words."), "{summary}");
    let page = desk.path().join("summary.html");
    nurse.ok(&["summary", assessment, "--format", "html", "--output", page.to_str().unwrap()]);

    // The plan that came of it, for his hands, and where he can turn to nearby.
    let plans = nurse.json(&["care-plan", "list"]);
    let plan = plans["items"][0]["id"].as_str().unwrap();
    assert!(nurse.ok(&["care-plan", "print", plan]).contains("This is a draft"));
    let for_the_gp = nurse.json(&["care-plan", "print", plan, "--for", "gp"]);
    assert_eq!(for_the_gp["recipient"], "gp");
    assert_eq!(nurse.json(&["care-plan", "list", "--overdue"])["items"], json!([]));
    let found = nurse.ok(&["signpost", "list", "--concern", "URI.leakage", "--language", "en"]);
    assert!(found.contains("Exampleshire continence clinic") && !found.contains("Clust"), "{found}");
    let late = nurse.json(&["signpost", "list", "--overdue"]);
    assert_eq!(late["items"].as_array().unwrap().len(), 1);
    let sign = nurse.ok(&["signpost", "show", late["items"][0]["id"].as_str().unwrap()]);
    assert!(sign.contains("Harbour Road lift scheme") && sign.contains("(overdue)"), "{sign}");
    assert!(std::fs::read_to_string(&page).unwrap().contains("Only my own words."));

    // Whoever may see who used a record reads it as sentences.
    let office = tempfile::tempdir().unwrap();
    let officer = Desk { home: office.path(), server: &demo.base };
    officer.sign_in(&demo, "privacy_officer");
    let uses = officer.ok(&["participant", "access", man["id"].as_str().unwrap()]);
    assert!(uses.contains("(peer supporter) finished an assessment."), "{uses}");

    supporter.ok(&["logout"]);
    assert_eq!(supporter.run(&["whoami"], "").status.code(), Some(4));
}

#[test]
fn an_invited_person_sets_a_password_and_is_told_what_is_wrong() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let demo = Demo::start(database.folder.path(), url);
    let home = tempfile::tempdir().unwrap();
    let desk = Desk { home: home.path(), server: &demo.base };
    let admin = demo.sign_in("admin");
    let email = "new.nurse@example.org";
    let invited = json!({"email": email, "display_name": "New Nurse", "memberships": [
        {"role": "clinician", "programme_id": demo.sign_in("clinician").get("/v1/sessions/current").ok()["programme_id"]}]});
    let made = admin.post("/v1/people", &invited).created();
    let code = made["activation_code"].as_str().unwrap();
    let activate = |code: &str, password: &str| {
        desk.run(&["activate", "--email", email, "--code", code, "--password-stdin"], password)
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let good = "otter pebble lantern 47 drum";

    let wrong = activate("ala_not-the-code", good);
    assert_eq!(wrong.status.code(), Some(4), "{}", said(&wrong));
    assert!(said(&wrong).contains("seven days"));
    let short = activate(code, "too short");
    assert_eq!(short.status.code(), Some(1), "{}", said(&short));
    assert!(said(&short).contains("at least 15 characters") && !said(&short).contains("too short"));
    let alone = desk.run(&["activate", "--email", email, "--code", code], good);
    assert_eq!(alone.status.code(), Some(2), "{}", said(&alone));

    let done = activate(&format!(" {code}\n"), &format!("{good}\n"));
    assert!(done.status.success(), "{}", said(&done));
    assert!(String::from_utf8_lossy(&done.stdout).contains("alongside login"));
    let login = desk.run(&["login", "--email", email, "--password-stdin"], good);
    assert!(login.status.success(), "{}", said(&login));
    assert_eq!(activate(code, good).status.code(), Some(4), "a code is good once");
    let help = desk.ok(&["activate", "--help"]);
    assert!(!help.contains("--password "), "a password never stands on the command line: {help}");
}

#[test]
fn whoever_mistypes_is_helped_and_scripts_can_tell_what_happened() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = Desk { home: home.path(), server: "http://127.0.0.1:1" };
    let typo = nowhere.run(&["particpant", "list"], "");
    assert_eq!(typo.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&typo.stderr).contains("participant"));
    let unreachable =
        nowhere.run(&["login", "--email", "a@example.org", "--password-stdin"], "some password");
    assert_eq!(unreachable.status.code(), Some(75), "{}", String::from_utf8_lossy(&unreachable.stderr));
    assert!(nowhere.ok(&["completion", "bash"]).contains("alongside"));
    assert!(nowhere.ok(&["man"]).contains("alongside"));
}

#[test]
fn a_questionnaire_is_taken_into_use_and_out_of_it_at_the_command_line() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let demo = Demo::start(database.folder.path(), url);
    let office = tempfile::tempdir().unwrap();
    let manager = Desk { home: office.path(), server: &demo.base };
    manager.sign_in(&demo, "trial_manager");
    let form = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/fhir-r4/questionnaire-example-gcs.json");
    let told = manager.ok(&["instrument", "import", form]);
    assert!(told.contains("alongside instrument activate"), "{told}");
    let added = manager.json(&["instrument", "list"]);
    let added = added["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["status"] == "draft" && one["url"].as_str().unwrap().contains("gcs"));
    let id = added.unwrap()["id"].as_str().unwrap();

    // Nothing says who owns the wording: somebody has to.
    let refused = manager.run(&["instrument", "activate", id], "");
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("agreement"), "{why}");
    let told = manager.ok(&["instrument", "activate", id, "--waiver", "An example of the standard."]);
    assert!(told.contains("is in use"), "{told}");
    assert_eq!(manager.json(&["instrument", "show", id])["status"], "active");
    manager.ok(&["instrument", "retire", id]);
    assert_eq!(manager.json(&["instrument", "show", id])["status"], "retired");
}

#[test]
fn versions_are_compared_translated_and_described_from_the_command_line() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let demo = Demo::start(database.folder.path(), url);
    let office = tempfile::tempdir().unwrap();
    let manager = Desk { home: office.path(), server: &demo.base };
    manager.sign_in(&demo, "trial_manager");
    let add = |version: &str, kind: &str| {
        let document = json!({"resourceType": "Questionnaire", "status": "active", "version": version, "title": "Pain",
            "language": "en-GB", "name": "Pain", "url": "http://example.org/q/pain",
            "item": [{"linkId": "1", "type": kind, "text": "=How bad?"}]});
        let file = office.path().join(format!("{version}.json"));
        std::fs::write(&file, document.to_string()).unwrap();
        manager.json(&["instrument", "import", file.to_str().unwrap()])["id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (add("1", "integer"), add("2", "decimal"));
    let told = manager.ok(&["instrument", "diff", &first, &second]);
    assert!(told.contains("cannot be compared") && told.contains("type: integer -> decimal"), "{told}");
    assert_eq!(manager.json(&["instrument", "diff", &first, &first])["diff"]["comparable"], "same");

    let words = office.path().join("pl.json");
    std::fs::write(&words, json!({"items": [{"link_id": "1", "text": "Jak bardzo?"}]}).to_string()).unwrap();
    let words = words.to_str().unwrap();
    let told = manager.ok(&["instrument", "translate", &second, "pl", words]);
    assert!(told.contains("Revision 1 is added as a draft. 1 texts are missing:\n  title"), "{told}");
    assert_eq!(manager.run(&["instrument", "publish-translation", &second, "pl"], "").status.code(), Some(5));
    let whole = json!({"title": "Ból", "items": [{"link_id": "1", "text": "Jak bardzo?"}]});
    std::fs::write(words, whole.to_string()).unwrap();
    assert!(manager.ok(&["instrument", "translate", &second, "pl", words]).contains("It is complete."));
    manager.ok(&["instrument", "publish-translation", &second, "pl"]);
    assert!(manager.ok(&["instrument", "translations", &second]).contains("published"));

    assert!(manager.ok(&["instrument", "codebook", &second, "--language", "pl"]).contains("Jak bardzo?"));
    let csv = manager.ok(&["instrument", "codebook", &second, "--csv"]);
    assert!(csv.lines().nth(1).unwrap().starts_with("question,q1,1,'=How bad?,decimal,"), "{csv}");
}
