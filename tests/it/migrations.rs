//! The schema of both databases is what `schema.rs` says, and every step back restores what was before it.

use std::collections::BTreeMap;

use alongside_store::{Location, migrate};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use diesel::{PgConnection, SqliteConnection};

use crate::harness::{Database, World};

/// Table, then column, then kind of value and whether it may be null.
type Tables = BTreeMap<String, BTreeMap<String, (String, bool)>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = Integer)]
    required: i32,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn query<T>(location: &Location, sqlite: &str, postgres: &str) -> Vec<T>
where
    T: diesel::deserialize::QueryableByName<diesel::sqlite::Sqlite>
        + diesel::deserialize::QueryableByName<diesel::pg::Pg>
        + 'static,
{
    match location {
        Location::Sqlite(path) => {
            let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
            diesel::sql_query(sqlite).load(&mut connection).unwrap()
        }
        Location::Postgres(url) => {
            let mut connection = PgConnection::establish(url).unwrap();
            diesel::sql_query(postgres).load(&mut connection).unwrap()
        }
    }
}

fn actual(location: &Location) -> Tables {
    let columns: Vec<Column> = query(
        location,
        "SELECT m.name AS table_name, c.name AS column_name, c.type AS data_type, c.\"notnull\" AS required \
         FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
        "SELECT table_name::text, column_name::text, data_type::text, \
         (CASE is_nullable WHEN 'NO' THEN 1 ELSE 0 END)::int AS required \
         FROM information_schema.columns WHERE table_schema = 'public'",
    );
    let mut tables = Tables::new();
    for column in columns {
        if column.table_name.starts_with("__diesel") || column.table_name == "alongside_migration_lock" {
            continue;
        }
        tables
            .entry(column.table_name)
            .or_default()
            .insert(column.column_name, (column.data_type.to_lowercase(), column.required == 0));
    }
    tables
}

/// What `schema.rs` says, in the words of the engine.
fn declared(location: &Location) -> Tables {
    let spell = |kind: &str| match (location, kind) {
        (Location::Sqlite(_), "Uid" | "Binary") => "blob",
        (Location::Sqlite(_), "Text" | "Date") => "text",
        (Location::Sqlite(_), _) => "integer",
        (_, "Uid") => "uuid",
        (_, "Binary") => "bytea",
        (_, "Text") => "text",
        (_, "Date") => "date",
        (_, "Instant") => "timestamp with time zone",
        (_, "Bool") => "boolean",
        (_, "Integer") => "integer",
        (_, "BigInt") => "bigint",
        (_, other) => panic!("an unknown kind of column: {other}"),
    };
    let source = include_str!("../../api/store/src/schema.rs");
    let mut tables = Tables::new();
    let mut table = String::new();
    for line in source.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            table = name.to_owned();
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let spelled = spell(inner.unwrap_or(kind)).to_owned();
            tables.entry(table.clone()).or_default().insert(column.to_owned(), (spelled, inner.is_some()));
        }
    }
    tables
}

/// Everything a schema consists of, as sorted text.
fn picture(location: &Location) -> Vec<String> {
    let lines: Vec<Line> = query(
        location,
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema \
         WHERE name NOT LIKE '\\_\\_diesel%' ESCAPE '\\' AND name NOT LIKE 'sqlite_autoindex___diesel%' ORDER BY 1",
        "SELECT * FROM ( \
           SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable \
             || ' ' || coalesce(column_default, '') AS line FROM information_schema.columns WHERE table_schema = 'public' \
           UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' \
           UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) \
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
           UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal \
           UNION ALL SELECT 'policy ' || tablename || ' ' || policyname || ' ' || cmd || ' ' || coalesce(qual, '') || ' ' \
             || coalesce(with_check, '') FROM pg_policies WHERE schemaname = 'public' \
           UNION ALL SELECT 'wall ' || relname || ' ' || relrowsecurity || ' ' || relforcerowsecurity FROM pg_class \
             WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' \
           UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
         ) all_of_it WHERE line NOT LIKE '%__diesel%' AND line NOT LIKE '%alongside_migration_lock%' ORDER BY 1",
    );
    lines.into_iter().map(|line| line.line).collect()
}

#[test]
fn the_database_has_exactly_the_tables_the_code_declares() {
    let database = Database::fresh();
    let location = database.owners_location();
    assert_eq!(actual(&location), declared(&location));
}

#[test]
fn every_step_back_restores_the_schema_before_it() {
    let database = Database::blank();
    let location = database.owners_location();
    let steps = {
        let applied = migrate::up(&location).unwrap();
        assert!(!applied.is_empty());
        applied.len()
    };
    // From the top down, then up again step by step by way of the same pictures.
    let mut pictures = vec![picture(&location)];
    for _ in 0..steps {
        migrate::down(&location).unwrap();
        pictures.push(picture(&location));
    }
    assert!(pictures.last().unwrap().is_empty(), "left over: {:?}", pictures.last());
    for (undone, before) in pictures.iter().enumerate().skip(1) {
        migrate::up(&location).unwrap();
        for _ in 0..undone {
            migrate::down(&location).unwrap();
        }
        assert_eq!(&picture(&location), before, "after {undone} steps back");
    }
    migrate::up(&location).unwrap();
    assert_eq!(picture(&location), pictures[0]);
}

#[test]
fn a_second_migration_finds_nothing_to_do() {
    let database = Database::fresh();
    assert_eq!(migrate::up(&database.owners_location()).unwrap(), Vec::<String>::new());
    migrate::require_current(&database.owners_location()).unwrap();
}

#[test]
fn many_who_migrate_at_once_do_it_once() {
    let database = Database::blank();
    let location = database.owners_location();
    let start = std::sync::Barrier::new(8);
    let applied: usize = std::thread::scope(|scope| {
        let migrate = || {
            start.wait();
            migrate::up(&location).unwrap().len()
        };
        let migrating: Vec<_> = (0..8).map(|_| scope.spawn(migrate)).collect();
        migrating.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(applied, migrate::status(&location).unwrap().applied.len());
}

#[test]
fn a_schema_from_the_future_is_refused_in_a_line() {
    let database = Database::fresh();
    let location = database.owners_location();
    let sql = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231235959')";
    match &location {
        Location::Sqlite(path) => {
            SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
        }
        Location::Postgres(url) => PgConnection::establish(url).unwrap().batch_execute(sql).unwrap(),
    }
    let refused = migrate::require_current(&location).unwrap_err().to_string();
    assert!(refused.contains("newer than this program"), "{refused}");
    assert!(migrate::up(&location).is_err());
}

#[test]
fn a_step_back_that_would_lose_what_is_sealed_is_refused() {
    let world = World::start();
    world.participant().create();
    let location = world.database().owners_location();
    let refused = loop {
        match migrate::down(&location) {
            Ok(undone) => assert!(undone.as_str() > "20261128000010", "{undone}"),
            Err(refused) => break refused.to_string(),
        }
    };
    assert!(refused.contains("destroy the keys") && refused.contains("backup"), "{refused}");
    migrate::up(&location).unwrap();
}
