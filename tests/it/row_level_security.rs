//! The second wall: PostgreSQL itself keeps programmes apart, and whoever serves cannot take that off.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use alongside_domain::policy::Role;
use alongside_store::wall::{self, Hold, TABLES};
use alongside_store::{Location, migrate};
use diesel::connection::SimpleConnection as _;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_types::{BigInt, Text};

use crate::harness::program::{api, binary};
use crate::harness::{Database, World, is_on_postgres, rows};

/// Tables without a wall, and why.
const OPEN: [(&str, &str); 2] = [
    ("__diesel_schema_migrations", "names of migrations: nothing of anybody"),
    ("alongside_migration_lock", "one row to wait for: nothing of anybody"),
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    what: String,
}

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

fn count(connection: &mut PgConnection, from: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM {from}");
    diesel::sql_query(sql).get_result::<Count>(connection).unwrap().n
}

fn pairs(connection: &mut PgConnection, sql: &str) -> Vec<(String, String)> {
    let rows: Vec<Pair> = diesel::sql_query(sql).load(connection).unwrap();
    rows.into_iter().map(|row| (row.name, row.what)).collect()
}

/// The tables whose rows nothing holds back, or that are not on the list of what the application does.
fn unwalled(database: &Database) -> BTreeSet<String> {
    let mut connection = connect(&database.owner_url);
    let walls = "SELECT c.relname::text AS name, CASE WHEN c.relrowsecurity AND c.relforcerowsecurity AND EXISTS \
                 (SELECT 1 FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname \
                 AND p.policyname = 'wall') THEN 'wall' ELSE 'none' END AS what FROM pg_class c \
                 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')";
    let known: BTreeSet<&str> = TABLES.iter().map(|(table, _)| *table).collect();
    pairs(&mut connection, walls)
        .into_iter()
        .filter(|(name, what)| what != "wall" || !known.contains(name.as_str()))
        .map(|(name, _)| name)
        .filter(|name| OPEN.iter().all(|(open, _)| open != name))
        .collect()
}

/// A server with two programmes that have a man each; the second programme's id.
fn two_programmes() -> (World, String) {
    let mut world = World::start();
    let man = world.participant().consented().create();
    let coordinator = world.sign_in(Role::Coordinator);
    coordinator.get(&man.path()).ok();
    coordinator.get("/v1/participants").ok();
    let (other, site) = world.other_programme();
    let first = std::mem::replace(&mut world.programme, other);
    rows::participant(&world, site, None);
    world.enrol(Role::Supporter, Some(other), None, None);
    world.programme = first;
    (world, other.to_string())
}

#[test]
fn the_wall_stands_on_every_table() {
    if !is_on_postgres("the walk through the catalogue of policies") {
        return;
    }
    let database = Database::fresh();
    assert_eq!(unwalled(&database), BTreeSet::new());
    // What this test would say of a table that somebody forgot.
    database.execute("CREATE TABLE forgotten (programme_id uuid NOT NULL)").unwrap();
    database.execute("ALTER TABLE sites NO FORCE ROW LEVEL SECURITY; DROP POLICY wall ON flags").unwrap();
    let found = ["flags", "forgotten", "sites"].map(str::to_owned);
    assert_eq!(unwalled(&database), BTreeSet::from(found));
}

#[test]
fn without_a_context_there_is_no_row() {
    if !is_on_postgres("whoever serves sees nothing without a context") {
        return;
    }
    let (world, _) = two_programmes();
    let database = world.database();
    let (mut application, mut owner) = (connect(&database.url), connect(&database.owner_url));
    for (table, _) in TABLES {
        assert_eq!(count(&mut application, table), 0, "{table}");
        assert_eq!(count(&mut owner, table), 0, "{table}, for its owner");
    }
    // They are not empty: without FORCE its owner sees what is there.
    for table in
        ["participants", "people", "sessions", "memberships", "programmes", "audit_events", "consents"]
    {
        owner.batch_execute(&format!("ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")).unwrap();
        assert!(count(&mut owner, table) > 0, "{table}");
        assert_eq!(count(&mut application, table), 0, "{table}");
    }
}

#[test]
fn a_programme_neither_sees_nor_touches_what_is_of_another() {
    if !is_on_postgres("programmes are kept apart by the database itself") {
        return;
    }
    let (world, other) = two_programmes();
    let own = world.programme.to_string();
    let mut application = connect(&world.database().url);
    let context = format!("BEGIN; SET LOCAL alongside.programme = '{own}'; SET LOCAL alongside.opens = ''");
    application.batch_execute(&context).unwrap();
    let with_programme = "SELECT table_name::text AS name, ''::text AS what FROM information_schema.columns \
                          WHERE table_schema = 'public' AND column_name = 'programme_id' ORDER BY 1";
    let tables = pairs(&mut application, with_programme);
    assert!(tables.len() > 15, "{tables:?}");
    for (table, _) in tables.iter().filter(|(table, _)| table != "audit_events") {
        assert_eq!(count(&mut application, &format!("{table} WHERE programme_id <> '{own}'")), 0, "{table}");
    }
    for seen in ["participants", "memberships", "sites", "sessions", "consents", "people"] {
        assert!(count(&mut application, seen) > 0, "{seen}");
    }
    assert_eq!(count(&mut application, "programmes"), 1);
    application.batch_execute("ROLLBACK").unwrap();
    let stolen = format!(
        "INSERT INTO sites SELECT gen_random_uuid(), '{other}', 'STOLEN', name, kind, NULL, NULL, NULL, created_at, \
         updated_at, 1 FROM sites LIMIT 1"
    );
    for (statement, refused) in [
        (stolen.as_str(), true),
        (&format!("UPDATE participants SET programme_id = '{other}'"), true),
        (&format!("UPDATE sites SET programme_id = '{other}'"), true),
        (&format!("UPDATE participants SET language = 'cy' WHERE programme_id = '{other}'"), false),
    ] {
        application.batch_execute(&context).unwrap();
        match diesel::sql_query(statement).execute(&mut application) {
            Err(error) => {
                assert!(refused && error.to_string().contains("row-level security"), "{statement}: {error}");
            }
            Ok(changed) => assert!(!refused && changed == 0, "{statement}: {changed}"),
        }
        application.batch_execute("ROLLBACK").unwrap();
    }
}

#[test]
fn whoever_serves_has_what_it_needs_and_no_more() {
    if !is_on_postgres("what the application's role may do") {
        return;
    }
    let (world, _) = two_programmes();
    let mut application = connect(&world.database().url);
    let privileges = "SELECT table_name::text AS name, string_agg(privilege_type::text, ', ') AS what \
                      FROM information_schema.role_table_grants WHERE grantee = current_user GROUP BY 1";
    let granted: BTreeMap<String, BTreeSet<String>> = pairs(&mut application, privileges)
        .into_iter()
        .map(|(name, what)| (name, what.split(", ").map(str::to_owned).collect()))
        .collect();
    let mut wanted: BTreeMap<String, BTreeSet<String>> = TABLES
        .iter()
        .map(|(name, used)| ((*name).to_owned(), used.privileges().split(", ").map(str::to_owned).collect()))
        .collect();
    wanted.insert("__diesel_schema_migrations".to_owned(), BTreeSet::from(["SELECT".to_owned()]));
    assert_eq!(granted, wanted);
    application
        .batch_execute("SET alongside.opens = 'records programmes accounts audit trail upkeep'")
        .unwrap();
    assert!(count(&mut application, "audit_events") > 0);
    for table in ["audit_events", "audit_subjects", "audit_seals", "audit_checkpoints"] {
        for statement in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
            format!("DROP POLICY wall ON {table}"),
        ] {
            let refused = application.batch_execute(&statement).unwrap_err().to_string();
            assert!(refused.contains("permission denied") || refused.contains("must be owner"), "{refused}");
        }
    }
    for statement in ["UPDATE audit_events SET status = 200", "CREATE TABLE own (n integer)"] {
        let refused = application.batch_execute(statement).unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{statement}: {refused}");
    }
}

#[test]
fn a_migration_gives_again_what_was_given_once() {
    if !is_on_postgres("grants are renewed by migrations") {
        return;
    }
    let database = Database::fresh();
    let application = Location::from_url(&database.url);
    let take = "REVOKE ALL ON participants FROM alongside_test_application; \
                GRANT DELETE ON answers TO alongside_test_application";
    database.execute(take).unwrap();
    let mut connection = connect(&database.url);
    assert!(connection.batch_execute("SELECT 1 FROM participants").is_err());
    migrate::up(&database.owners_location()).unwrap();
    connection.batch_execute("SELECT 1 FROM participants").unwrap();
    assert!(connection.batch_execute("DELETE FROM answers").is_err());
    // By whoever serves it is neither given nor looked past.
    assert!(wall::grant(&application, "alongside_test_owner").is_err());
    migrate::require_current(&application).unwrap();
}

#[test]
fn a_server_says_what_holds_it_and_does_not_serve_past_the_wall() {
    if !is_on_postgres("which role may serve") {
        return;
    }
    let database = Database::fresh();
    let hold = |url: &str| wall::standing(&Location::from_url(url)).unwrap().unwrap().hold;
    let superuser = database.superusers_url();
    assert_eq!(hold(&database.url), Hold::Full);
    assert_eq!(hold(&database.owner_url), Hold::Owner);
    assert_eq!(hold(&superuser), Hold::Bypassed);
    let keys = database.folder.path().join("alongside.key");
    let keys = keys.to_str().unwrap();
    assert!(api(&["keys", "init", "--file", keys], &[]).status.success());
    let refused = api(
        &["serve", "--listen", "127.0.0.1:0"],
        &[("ALONGSIDE_DATABASE_URL", &superuser), ("ALONGSIDE_KEYS_FILE", keys)],
    );
    let told = String::from_utf8(refused.stderr).unwrap();
    let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("alongside-api:")).collect();
    assert!(lines.len() == 1 && lines[0].contains("migrate grant"), "{told}");
    // Where the operator has said so it serves, and says what it serves without.
    for (url, setting, level) in [
        (&superuser, "optional", "WARN"),
        (&database.owner_url, "required", "WARN"),
        (&database.url, "required", "INFO"),
    ] {
        let said = first_words(url, keys, setting);
        assert!(said.contains(level) && said.contains("row-level security"), "{setting}: {said}");
    }
    database.execute("ALTER TABLE flags DISABLE ROW LEVEL SECURITY").unwrap();
    assert_eq!(hold(&database.url), Hold::Open(vec!["flags".to_owned()]));
}

/// What a starting server says of row-level security.
fn first_words(url: &str, keys: &str, setting: &str) -> String {
    let mut server = Command::new(binary("alongside-api"));
    server.args(["serve", "--listen", "127.0.0.1:0"]).env("ALONGSIDE_DATABASE_URL", url);
    server.env("ALONGSIDE_KEYS_FILE", keys).env("ALONGSIDE_ROW_SECURITY", setting).env("NO_COLOR", "1");
    let mut server = server.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.find(|line| line.contains("row-level security")).unwrap_or_default();
    server.kill().unwrap();
    server.wait().unwrap();
    said
}

#[test]
fn no_policy_makes_a_scan_of_a_list() {
    if !is_on_postgres("query plans under the policies") {
        return;
    }
    let (world, _) = two_programmes();
    let (own, site) = (world.programme, world.sites[0]);
    let man = world.participant().create();
    let many = format!(
        "INSERT INTO participants SELECT gen_random_uuid(), '{own}', '{site}', 'P' || n, 'consented', 'en-GB', NULL, NULL, \
         '', '', '', '', true, now(), now(), 1 FROM generate_series(1, 10000) n; \
         INSERT INTO people SELECT gen_random_uuid(), n || '@example.org', 'A', NULL, 'x', NULL, NULL, 0, NULL, NULL, now(), \
         now(), 1 FROM generate_series(1, 10000) n; \
         INSERT INTO memberships SELECT gen_random_uuid(), id, 'supporter', '{own}', NULL, NULL, now(), NULL FROM people; \
         INSERT INTO audit_events SELECT gen_random_uuid(), now(), '{own}', NULL, NULL, NULL, NULL, 'get_participant', id, \
         NULL, 200, NULL, gen_random_uuid(), NULL FROM participants; \
         INSERT INTO status_changes SELECT gen_random_uuid(), id, 'a', 'b', NULL, NULL, '[]', NULL, now(), NULL, '[]', 1, id, \
         now() FROM participants ON CONFLICT DO NOTHING; \
         ANALYZE participants; ANALYZE people; ANALYZE memberships; ANALYZE audit_events; ANALYZE status_changes"
    );
    world.execute(&many).unwrap();
    let mut application = connect(&world.database().url);
    let context = format!("BEGIN; SET LOCAL alongside.programme = '{own}'; SET LOCAL alongside.opens = ''");
    application.batch_execute(&context).unwrap();
    let path = man.path();
    let man = path.rsplit('/').next().unwrap();
    for query in [
        format!("participants WHERE id = '{man}'"),
        format!("participants WHERE programme_id = '{own}' AND id > '{man}' ORDER BY id LIMIT 50"),
        format!("status_changes WHERE participant_id = '{man}' ORDER BY participant_version DESC LIMIT 50"),
        format!("people WHERE id IN ('{man}', '{own}')"),
        format!(
            "people WHERE id IN (SELECT person_id FROM memberships WHERE programme_id = '{own}' AND \
             role <> 'participant') AND id > '{man}' ORDER BY id LIMIT 50"
        ),
        format!("audit_events WHERE programme_id = '{own}' AND flag_id IS NULL ORDER BY id DESC LIMIT 50"),
        format!("audit_events WHERE participant_id = '{man}' ORDER BY id DESC LIMIT 50"),
    ] {
        let plan = plan(&mut application, &query);
        assert!(plan.contains("Index") && !plan.contains("Seq Scan"), "{query}\n{plan}");
    }
    // What this test would say of a query that has no index.
    assert!(plan(&mut application, "participants WHERE language = 'cy'").contains("Seq Scan"));
}

fn plan(connection: &mut PgConnection, query: &str) -> String {
    struct Line(String);
    impl QueryableByName<Pg> for Line {
        fn build<'a>(row: &impl NamedRow<'a, Pg>) -> diesel::deserialize::Result<Self> {
            NamedRow::get::<Text, String>(row, "QUERY PLAN").map(Self)
        }
    }
    let lines: Vec<Line> =
        diesel::sql_query(format!("EXPLAIN (COSTS OFF) SELECT * FROM {query}")).load(connection).unwrap();
    lines.into_iter().map(|Line(line)| line + "\n").collect()
}
