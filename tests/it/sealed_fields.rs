//! What is sealed is found nowhere in clear, and opens nowhere once a record is erased.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use alongside_domain::clock::{Ids as _, System};
use alongside_domain::id::ParticipantId;
use alongside_domain::policy::Role;
use alongside_store::data_key::{self, Shredded};
use alongside_store::sealing::DataClass;
use alongside_store::{Db, Location};
use chrono::{SecondsFormat, TimeDelta};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::{PgConnection, SqliteConnection};
use serde_json::{Value, json};

use crate::harness::plans::talk;
use crate::harness::{Caller, Man, World};

/// Everything this test process logs, at any level.
fn log() -> &'static Mutex<Vec<u8>> {
    static LOG: OnceLock<Mutex<Vec<u8>>> = OnceLock::new();
    struct Into;
    impl Write for Into {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            log().lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    static STARTED: OnceLock<()> = OnceLock::new();
    let log = LOG.get_or_init(Mutex::default);
    STARTED.get_or_init(|| {
        let filter =
            "alongside_api=trace,alongside_store=trace,alongside_domain=trace,actix_http=debug,it=trace";
        let logger = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Into).with_ansi(false);
        logger.try_init().unwrap();
    });
    log
}

fn holds(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|window| window == words.as_bytes())
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// As somebody connects who knows how to open everything that row-level security hides.
fn past_the_wall(url: &str) -> PgConnection {
    let mut connection = PgConnection::establish(url).unwrap();
    connection
        .batch_execute("SET alongside.opens = 'records programmes accounts audit trail upkeep keys'")
        .unwrap();
    connection
}

/// Every byte that the database keeps: on SQLite all files of its folder, on PostgreSQL every row of every table.
fn kept(location: &Location) -> Vec<u8> {
    match location {
        Location::Sqlite(path) => {
            assert!(path.with_extension("db-wal").is_file(), "no write-ahead log");
            files(path.parent().unwrap())
        }
        Location::Postgres(url) => {
            let mut connection = past_the_wall(url);
            let tables: Vec<Line> = diesel::sql_query(
                "SELECT quote_ident(table_name) AS line FROM information_schema.tables WHERE table_schema = 'public'",
            )
            .load(&mut connection)
            .unwrap();
            assert!(tables.len() > 40, "{} tables", tables.len());
            let mut all = Vec::new();
            for Line { line: table } in tables {
                let rows: Vec<Line> = diesel::sql_query(format!("SELECT t::text AS line FROM {table} t"))
                    .load(&mut connection)
                    .unwrap();
                for row in rows {
                    all.extend_from_slice(row.line.as_bytes());
                    all.push(b'\n');
                }
            }
            all
        }
    }
}

fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap());
        }
    }
    all
}

/// As PostgreSQL writes bytes.
fn hex(words: &str) -> String {
    words.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Words that no other text has, each once.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    fn next(&mut self, what: &str) -> String {
        let words = format!("Quokkabird {what} {}", System.fresh().simple());
        self.0.push(words.clone());
        words
    }
}

fn yes(link_id: &str) -> Value {
    json!({"link_id": format!("{link_id}.gate"), "values": [{"valueCoding": {
        "system": "https://fhir.alongside.example/CodeSystem/answer", "code": "yes"}}]})
}

fn consent_form(caller: &Caller) -> (Value, Value) {
    let form = caller.get("/v1/consent-forms").ok()["items"][0]["id"].clone();
    let form = caller.get(&format!("/v1/consent-forms/{}", form.as_str().unwrap())).ok();
    let answers = form["statements"].as_array().unwrap().iter();
    let answers: serde_json::Map<String, Value> =
        answers.map(|one| (one["code"].as_str().unwrap().to_owned(), true.into())).collect();
    (form["id"].clone(), answers.into())
}

/// Fills every sealed field through the API, each with words of its own; answers the participant and the words.
fn fill(world: &World) -> (ParticipantId, Vec<String>) {
    let mut canaries = Canaries::default();
    let mut word = |what: &str| canaries.next(what);
    let (coordinator, clinician) = (world.sign_in(Role::Coordinator), world.sign_in(Role::Clinician));
    let [lead, supporter] = [Role::SafeguardingLead, Role::Supporter].map(|role| world.sign_in(role));
    let entered = json!({"site_id": world.sites[0],
        "identity": {"name": word("name"), "address": {"lines": [word("street")], "postcode": "ZZ99 9ZZ"},
            "gp": {"practice": word("practice"), "name": word("gp")},
            "emergency_contact": {"name": word("sister"), "relationship": word("kin"), "phone": "01632 960111"}},
        "safe_contact": {"times": word("times"), "who_must_not_know": word("not")},
        "needs": {"interpreter": false, "communication": [], "access": [], "note": word("needs")}});
    let made = coordinator.post_with_key("/v1/participants", "enter", &entered).created();
    let man: ParticipantId = made["id"].as_str().unwrap().parse().unwrap();
    let (form, answers) = consent_form(&coordinator);
    let consent = json!({"participant_id": man, "consent_form_id": form, "answers": answers,
        "method": "verbal_witnessed", "witness": word("witness"), "capacity_judgement": "has_capacity",
        "copy_given": true, "confidentiality_limits_explained": true});
    coordinator.post_with_key("/v1/consents", "consent", &consent).created();

    let own = json!({"link_id": "URI.leakage.words", "values": [{"valueString": word("words")}]});
    let begun = json!({"participant_id": man, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person", "answers": [yes("URI.leakage"), own]});
    let made = clinician.post_with_key("/v1/assessments", "begin", &begun).created();
    clinician.post_nothing(&format!("/v1/assessments/{}/submission", made["id"].as_str().unwrap())).ok();
    let plans = clinician.get(&format!("/v1/care-plans?participant_id={man}")).ok();
    let plan = format!("/v1/care-plans/{}", plans["items"][0]["id"].as_str().unwrap());
    let action = json!({"action": "refer", "owner": "clinician", "title": word("title"),
        "own_words": word("saying"), "goal": word("goal")});
    clinician.post_with_key(&format!("{plan}/actions"), "action", &action).created();
    let mut discussion = talk();
    discussion["note"] = json!(word("table"));
    clinician.post(&format!("{plan}/discussion"), &discussion).ok();

    let flag = json!({"source": "disclosed", "immediate_danger": false,
        "report": {"verbatim": word("verbatim"), "what_was_seen": word("seen")}});
    let raised = supporter.post_with_key("/v1/flags", "raise", &flag).created();
    let path = format!("/v1/flags/{}", raised["id"].as_str().unwrap());
    let long_ago =
        (world.app.clock.now() - TimeDelta::hours(30)).to_rfc3339_opts(SecondsFormat::Micros, true);
    let entry = json!({"kind": "note", "nature": "fact", "occurred_at": long_ago, "text": word("entry"),
        "late_reason": word("late")});
    lead.post_with_key(&format!("{path}/entries"), "entry", &entry).created();
    let hidden = json!({"person_id": supporter.id, "reason": word("hidden")});
    lead.post(&format!("{path}/exclusions"), &hidden).created();
    // They come back to those who may read them.
    let identity = coordinator.get(&format!("/v1/participants/{man}/identity")).ok();
    assert_eq!(identity["name"], canaries.0[0]);
    (man, canaries.0)
}

#[test]
fn planted_words_are_found_in_no_file_no_table_and_no_log() {
    log();
    let world = World::start();
    let (_, canaries) = fill(&world);
    assert!(canaries.len() >= 18, "{} canaries", canaries.len());
    // The controls: what stands in clear, and what is logged, is found by the same search.
    let coordinator = world.sign_in(Role::Coordinator);
    let clear = Canaries::default().next("in the clear");
    let day = (world.app.clock.now() + TimeDelta::days(200)).date_naive().to_string();
    let sign = json!({"title": clear, "description": "In plain words.", "phone": "01632 960123",
        "concern_codes": ["GEN"], "review_due": day});
    coordinator.post("/v1/signposts", &sign).created();
    let logged = Canaries::default().next("in the log");
    tracing::debug!(%logged, "the control of the log");

    let all = kept(&world.location());
    assert!(holds(&all, &clear), "the search finds nothing in the database");
    let log = log().lock().unwrap().clone();
    assert!(holds(&log, &logged), "the search finds nothing in the log");
    for words in canaries {
        for form in [words.clone(), hex(&words), serde_json::to_string(&words).unwrap()] {
            assert!(!holds(&all, &form), "{form} stands in the database");
            assert!(!holds(&log, &form), "{form} was logged");
        }
    }
}

/// Erases a record as a right to erasure does.
fn shred(world: &World, man: ParticipantId, kept: &'static [DataClass]) -> Shredded {
    let now = world.app.clock.now();
    world.write(move |db| data_key::shred(db, &System, man, kept, now))
}

/// A participant with an assessment handed in, its plan, and a flag about him.
fn whole(world: &World) -> (Man, Caller, String, String, String) {
    let clinician = world.sign_in(Role::Clinician);
    let man = world.participant().consented().create();
    let begun = json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person", "answers": [yes("URI.leakage")]});
    let made = clinician.post_with_key("/v1/assessments", "begin", &begun).created();
    let assessment = format!("/v1/assessments/{}", made["id"].as_str().unwrap());
    clinician.post_nothing(&format!("{assessment}/submission")).ok();
    let plans = clinician.get(&format!("/v1/care-plans?participant_id={}", man.id)).ok();
    let plan = format!("/v1/care-plans/{}", plans["items"][0]["id"].as_str().unwrap());
    let flag = json!({"source": "disclosed", "immediate_danger": false, "participant_id": man.id,
        "report": {"verbatim": "He is afraid."}});
    let raised = clinician.post("/v1/flags", &flag).created();
    (man, clinician, assessment, plan, format!("/v1/flags/{}", raised["id"].as_str().unwrap()))
}

#[test]
fn an_erased_record_says_so_everywhere_and_what_stands_in_clear_stays() {
    let world = World::start();
    let (man, clinician, assessment, plan, flag) = whole(&world);
    let coordinator = world.sign_in(Role::Coordinator);
    let lead = world.sign_in(Role::SafeguardingLead);
    let other = world.participant().consented().create();
    let figures = clinician.get("/v1/assessments").ok();
    let etag = coordinator.get(&man.path()).etag();
    assert_eq!(shred(&world, man.id, &[]), Shredded { keys: 4 });
    assert_eq!(shred(&world, man.id, &[]), Shredded { keys: 0 }, "erased twice");

    let identity = format!("{}/identity", man.path());
    for path in [&man.path(), &identity, &format!("/v1/consents/{}", man.consent.unwrap())] {
        if path.contains("consents") {
            // Nobody witnessed it: nothing sealed is needed to show it.
            coordinator.get(path).ok();
        } else {
            coordinator.get(path).problem(410, "erased");
        }
    }
    clinician.get(&assessment).problem(410, "erased");
    clinician.get(&format!("{assessment}/answers")).problem(410, "erased");
    clinician.get(&plan).problem(410, "erased");
    lead.get(&flag).problem(410, "erased");
    let change = json!({"language": "cy"});
    coordinator.patch(&man.path(), &etag, &change).problem(412, "stale");
    // What was answered before is not told again, and not done again.
    let begun = json!({"participant_id": man.id, "instrument_id": world.instrument("/prostate-hna")["id"],
        "time_point": "T0", "channel": "in_person", "answers": [yes("URI.leakage")]});
    clinician.post_with_key("/v1/assessments", "begin", &begun).problem(410, "erased");
    clinician.post("/v1/assessments", &begun).problem(410, "erased");

    // Lists and figures go on, with him under his pseudonym alone.
    let listed = coordinator.get("/v1/participants?limit=200").ok();
    let of = |id: ParticipantId| {
        let items = listed["items"].as_array().unwrap().iter();
        items.clone().find(|item| item["id"] == id.to_string()).unwrap().clone()
    };
    assert_eq!((&of(man.id)["name"], &of(man.id)["study_id"]), (&Value::Null, &json!(man.study_id)));
    assert_eq!(of(other.id)["name"], "Walter Invented");
    assert_eq!(clinician.get("/v1/assessments").ok(), figures);
    coordinator.get(&other.path()).ok();
}

#[test]
fn what_a_retention_keeps_back_opens_until_it_is_let_go() {
    let world = World::start();
    let (man, clinician, assessment, _, flag) = whole(&world);
    let lead = world.sign_in(Role::SafeguardingLead);
    assert_eq!(shred(&world, man.id, &[DataClass::Safeguarding]), Shredded { keys: 3 });
    clinician.get(&assessment).problem(410, "erased");
    assert_eq!(lead.get(&flag).ok()["report"]["verbatim"], "He is afraid.");
    assert_eq!(shred(&world, man.id, &[]), Shredded { keys: 1 });
    lead.get(&flag).problem(410, "erased");
}

#[test]
fn an_erased_record_keeps_no_key_and_gets_no_new_one() {
    use alongside_store::schema::data_keys;
    let world = World::start();
    let (man, ..) = whole(&world);
    shred(&world, man.id, &[]);
    world.keys_of(man.id);
    let left: Vec<(String, bool)> = world.write(move |db| {
        let of_him = data_keys::table
            .filter(data_keys::record_id.eq(alongside_store::audit::any_id(man.id.uuid())))
            .order(data_keys::class)
            .select((data_keys::class, data_keys::wrapped.is_not_null()));
        Ok(alongside_store::many(db, of_him)?)
    });
    let gone = ["health", "identity", "replies", "safeguarding"].map(|class| (class.to_owned(), false));
    assert_eq!(left, gone);
}

/// Runs SQL as somebody who has the database open.
fn execute(world: &World, sql: &str) -> Result<(), String> {
    let done = match world.location() {
        Location::Sqlite(path) => {
            SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql)
        }
        Location::Postgres(url) => past_the_wall(&url).batch_execute(sql),
    };
    done.map_err(|error| error.to_string())
}

#[test]
fn what_was_said_stays_sealed_as_it_was_whoever_has_the_database_open() {
    let world = World::start();
    let (_, clinician, assessment, ..) = whole(&world);
    let bytes = |hex: &str| match world.location() {
        Location::Sqlite(_) => format!("x'{hex}'"),
        Location::Postgres(_) => format!("'\\x{hex}'::bytea"),
    };
    // Neither another cell of this layout, nor one of the former layout, nor the move of one with something beside it.
    for set in
        [format!("cell = {}", bytes("0200")), format!("cell = {}", bytes("0100")), "level = 'A4'".to_owned()]
    {
        let refused = execute(&world, &format!("UPDATE answers SET {set}")).unwrap_err();
        assert!(refused.contains("never changed") || refused.contains("keeps its rows"), "{refused}");
    }
    clinician.get(&assessment).ok();
}

#[test]
fn a_replica_with_other_keys_is_refused_in_one_line_and_nothing_is_written() {
    let world = World::start();
    whole(&world);
    let rows = |world: &World| {
        world.write(|db: &mut Db<'_>| {
            use alongside_store::schema::wrapping_keys;
            let all = wrapping_keys::table.order((wrapping_keys::key_group, wrapping_keys::id));
            let select = (wrapping_keys::key_group, wrapping_keys::id, wrapping_keys::proof);
            Ok(alongside_store::many::<_, (String, i64, Vec<u8>)>(db, all.select(select))?)
        })
    };
    let before = rows(&world);
    assert_eq!(before.len(), 2);
    let wrong = alongside_api::security::keys::Keys::generate().unwrap();
    let refused = world.prepare(&wrong).err().unwrap();
    assert!(
        refused.contains("key 1 of the key file is not the") && refused.contains("of this database"),
        "{refused}"
    );
    assert_eq!(refused.lines().count(), 1, "{refused}");
    assert_eq!(rows(&world), before);
    world.prepare(&world.keys).unwrap();
}
