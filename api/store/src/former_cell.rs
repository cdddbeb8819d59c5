//! Cells from before there were data keys: where they may be, and how they leave that layout.
//!
//! Nothing makes new ones. `keys rotate` moves them to the data key of their record; an erased record's are emptied.

use std::sync::Arc;

use alongside_domain::choice::Choice as _;
use alongside_domain::clock::{Ids, Timestamp};
use alongside_domain::finding::Audience;
use alongside_domain::id::{FlagId, ParticipantId, PersonId, kind};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Binary, Nullable};
use uuid::Uuid;

use crate::audit::any_id;
use crate::data_key;
use crate::db::{Db, maybe, rewrite};
use crate::error::StoreError;
use crate::flag;
use crate::on_engine;
use crate::schema::{participants, second_factors};
use crate::sealing::{DataClass, KeyRing, Place, Record, emptied, former_key};
use crate::types::sql::Uid;
use crate::types::{Key, Sealed};
use crate::{idempotency, participant, second_factor};

/// The first byte of such a cell.
pub(crate) const FIRST: [u8; 1] = [1];

/// To whom the cells of a column belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Participant,
    Person,
    Flag,
    Installation,
}

/// A sealed column.
struct Column {
    table: &'static str,
    column: &'static str,
    /// The first column of the primary key.
    key: &'static str,
    class: DataClass,
    of: Of,
    /// The participant of a row, or the person, in SQL.
    whose: &'static str,
    /// The rest of the primary key, where the place of the cell takes it in: a number, or an id.
    number: &'static str,
    part: &'static str,
}

const OF_ASSESSMENT: &str = "(SELECT a.participant_id FROM assessments a WHERE a.id = t.assessment_id)";
const OF_PLAN: &str = "(SELECT p.participant_id FROM care_plans p WHERE p.id = t.care_plan_id)";
const OF_FLAG: &str = "(SELECT f.participant_id FROM flags f WHERE f.id = t.flag_id)";

const fn of_participant(table: &'static str, column: &'static str, class: DataClass) -> Column {
    Column {
        table,
        column,
        key: "id",
        class,
        of: Of::Participant,
        whose: "t.participant_id",
        number: "NULL",
        part: "NULL",
    }
}

const fn of_installation(table: &'static str, column: &'static str, key: &'static str) -> Column {
    Column { key, of: Of::Installation, whose: "NULL", ..of_participant(table, column, DataClass::Identity) }
}

const fn of_flag(table: &'static str, column: &'static str) -> Column {
    Column {
        key: "flag_id",
        of: Of::Flag,
        whose: OF_FLAG,
        ..of_participant(table, column, DataClass::Safeguarding)
    }
}

const fn himself(column: &'static str, class: DataClass) -> Column {
    Column { whose: "t.id", ..of_participant("participants", column, class) }
}

const fn health(table: &'static str, column: &'static str, whose: &'static str) -> Column {
    Column { whose, ..of_participant(table, column, DataClass::Health) }
}

/// Every column that held such cells when the layout changed, but for the kept replies.
const COLUMNS: [Column; 21] = [
    himself("identity", DataClass::Identity),
    himself("safe_contact", DataClass::Identity),
    himself("needs", DataClass::Health),
    himself("treatments", DataClass::Health),
    of_participant("consents", "witness", DataClass::Identity),
    Column { key: "assessment_id", ..health("answers", "cell", OF_ASSESSMENT) },
    health("paper_entries", "answers", OF_ASSESSMENT),
    health("paper_adjudications", "content", OF_ASSESSMENT),
    health("care_plan_actions", "content", OF_PLAN),
    health("care_plan_steps", "record", OF_PLAN),
    health("care_plan_copies", "detail", OF_PLAN),
    // Those for the safeguarding leads alone are told apart row by row.
    health("findings", "detail", "t.participant_id"),
    Column { key: "id", whose: "t.participant_id", ..of_flag("flags", "report") },
    Column { number: "t.seq", ..of_flag("flag_entries", "content") },
    Column { number: "t.seq", ..of_flag("flag_entries", "late_reason") },
    Column { part: "t.person_id", ..of_flag("flag_exclusions", "reason") },
    Column {
        of: Of::Person,
        whose: "t.person_id",
        ..of_participant("access_notices", "note", DataClass::Identity)
    },
    of_installation("second_factors", "secret", "person_id"),
    of_installation("second_factors", "pending_secret", "person_id"),
    of_installation("sessions", "successor", "id"),
    of_installation("mails", "address", "id"),
];

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Uid)]
    key: Key<kind::AuditEvent>,
    #[diesel(sql_type = Binary)]
    cell: Sealed,
    #[diesel(sql_type = Nullable<Uid>)]
    whose: Option<Key<kind::AuditEvent>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
    #[diesel(sql_type = Nullable<Uid>)]
    part: Option<Key<kind::AuditEvent>>,
    #[diesel(sql_type = BigInt)]
    for_leads: i64,
}

impl Column {
    /// Rows from this key on whose cells are of the former layout.
    fn next(&self, db: &mut Db<'_>, from: Uuid, limit: i64) -> Result<Vec<Found>, StoreError> {
        let Self { table, column, key, whose, number, part, .. } = self;
        let for_leads = if *table == "findings" {
            format!("CASE WHEN t.audience = '{}' THEN 1 ELSE 0 END", Audience::Safeguarding.code())
        } else {
            "0".to_owned()
        };
        let (uid, big) = match db {
            Db::Pg(_) => ("uuid", "bigint"),
            Db::Sqlite(_) => ("BLOB", "INTEGER"),
        };
        let sql = format!(
            "SELECT t.{key} AS key, t.{column} AS cell, CAST({whose} AS {uid}) AS whose, \
             CAST({number} AS {big}) AS number, CAST({part} AS {uid}) AS part, \
             CAST({for_leads} AS {big}) AS for_leads \
             FROM {table} t WHERE t.{key} >= $1 AND substr(t.{column}, 1, 1) = $2 ORDER BY t.{key} LIMIT $3"
        );
        Ok(on_engine!(db, Backend, conn => {
            sql_query(sql)
                .into_boxed::<Backend>()
                .bind::<Uid, _>(any_id(from))
                .bind::<Binary, _>(FIRST.to_vec())
                .bind::<BigInt, _>(limit)
                .load::<Found>(conn)
        })?)
    }

    fn record(&self, found: &Found) -> Option<Record> {
        let whose = found.whose.map(|id| id.0.uuid());
        match self.of {
            Of::Participant => whose.map(|id| Record::Participant(ParticipantId::new(id))),
            Of::Person => whose.map(|id| Record::Person(PersonId::new(id))),
            Of::Flag => Some(Record::of_flag(FlagId::new(found.key.0.uuid()), whose.map(ParticipantId::new))),
            Of::Installation => Some(Record::Installation),
        }
    }

    fn place(&self, found: &Found) -> Place {
        let key = found.key.0.uuid();
        let row = match (found.number, found.part) {
            (Some(number), _) => flag::part_of(FlagId::new(key), u128::from(number.unsigned_abs())),
            (None, Some(part)) => flag::part_of(FlagId::new(key), part.0.uuid().as_u128()),
            (None, None) => key,
        };
        let class = if found.for_leads == 1 { DataClass::Safeguarding } else { self.class };
        // Both secrets of a second factor are sealed for one place.
        let column = if self.table == "second_factors" { "secret" } else { self.column };
        Place { class, table: self.table, column, row }
    }

    /// Which rows are a participant's, by index.
    fn are_his(&self) -> &'static str {
        match self.whose {
            OF_ASSESSMENT => {
                "t.assessment_id IN (SELECT a.id FROM assessments a WHERE a.participant_id = $2)"
            }
            OF_PLAN => "t.care_plan_id IN (SELECT p.id FROM care_plans p WHERE p.participant_id = $2)",
            OF_FLAG => "t.flag_id IN (SELECT f.id FROM flags f WHERE f.participant_id = $2)",
            "t.id" => "t.id = $2",
            _ => "t.participant_id = $2",
        }
    }

    /// Puts a cell in the place of another; nothing where somebody was faster.
    fn replace(&self, db: &mut Db<'_>, found: &Found, cell: &Sealed) -> Result<usize, StoreError> {
        let Self { table, column, key, .. } = self;
        let sql = format!("UPDATE {table} SET {column} = $1 WHERE {key} = $2 AND {column} = $3");
        let update = sql_query(sql)
            .bind::<Binary, _>(cell.clone())
            .bind::<Uid, _>(found.key)
            .bind::<Binary, _>(found.cell.clone());
        Ok(rewrite(db, update)?)
    }
}

/// How far moving has come: columns that are done with, and the key in the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    column: usize,
    from: Uuid,
}

/// Moves at most `limit` cells to the data keys of their records, in the transaction at hand. Answers how many, and
/// where to go on; `None` when there are no more. What is moved is not found again, so it may start from the beginning
/// at any time.
///
/// # Errors
/// What the database says, and when a cell does not open: it is named and stays as it is.
pub(crate) fn move_some(
    db: &mut Db<'_>,
    ring: &Arc<KeyRing>,
    ids: &dyn Ids,
    now: Timestamp,
    at: Progress,
    limit: i64,
) -> Result<(usize, Option<Progress>), StoreError> {
    let Some(column) = COLUMNS.get(at.column) else {
        let moved = idempotency::move_former(db, ring, ids, now, limit)?;
        let is_over = i64::try_from(moved).unwrap_or(i64::MAX) < limit;
        return Ok((moved, if is_over { None } else { Some(at) }));
    };
    let rows = column.next(db, at.from, limit)?;
    for found in &rows {
        let place = column.place(found);
        let Some(record) = column.record(found) else { continue };
        let keys = data_key::ensure(db, ring, record, ids, now)?;
        let plain = keys.open_bytes(place, &found.cell).inspect_err(|error| {
            tracing::error!(table = column.table, row = %found.key.0, %error, "a cell cannot be moved");
        })?;
        let cell = match keys.seal_bytes(place, &plain) {
            Ok(cell) => cell,
            Err(StoreError::Erased) => emptied(),
            Err(error) => return Err(error),
        };
        column.replace(db, found, &cell)?;
    }
    let next = match rows.last() {
        Some(last) if i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit => {
            Progress { from: last.key.0.uuid(), ..at }
        }
        _ => Progress { column: at.column + 1, from: Uuid::nil() },
    };
    Ok((rows.len(), Some(next)))
}

/// Whether any cell of the former layout is left.
///
/// # Errors
/// What the database says.
pub(crate) fn is_any_left(db: &mut Db<'_>) -> Result<bool, StoreError> {
    for column in &COLUMNS {
        if !column.next(db, Uuid::nil(), 1)?.is_empty() {
            return Ok(true);
        }
    }
    idempotency::is_any_former(db)
}

/// Empties what an erased participant has in cells of the former layout: no data key of his could make them unreadable.
/// The replies kept from that time name nobody in clear, so all of them are emptied: a repeat of such a request is told
/// that the record is gone.
///
/// # Errors
/// What the database says.
pub(crate) fn empty(
    db: &mut Db<'_>,
    participant: ParticipantId,
    classes: &[DataClass],
) -> Result<(), StoreError> {
    for column in COLUMNS.iter().filter(|column| matches!(column.of, Of::Participant | Of::Flag)) {
        let condition = match (column.table, classes) {
            ("findings", _) => {
                let leads = classes.contains(&DataClass::Safeguarding);
                match (leads, classes.contains(&column.class)) {
                    (true, true) => "",
                    (true, false) => " AND t.audience = 'safeguarding'",
                    (false, true) => " AND t.audience <> 'safeguarding'",
                    (false, false) => continue,
                }
            }
            (_, classes) if classes.contains(&column.class) => "",
            _ => continue,
        };
        let (Column { table, column: name, .. }, are_his) = (column, column.are_his());
        let sql = format!(
            "UPDATE {table} AS t SET {name} = $1 WHERE {are_his} AND substr(t.{name}, 1, 1) = $3{condition}"
        );
        let update = sql_query(sql)
            .bind::<Binary, _>(emptied())
            .bind::<Uid, _>(any_id(participant.uuid()))
            .bind::<Binary, _>(FIRST.to_vec());
        rewrite(db, update)?;
    }
    idempotency::empty_former(db)
}

/// Whether the ring opens what a database holds that was filled before it knew its keys.
///
/// # Errors
/// [`StoreError::KeyMissing`] and [`StoreError::WrongKey`].
pub(crate) fn check(db: &mut Db<'_>, ring: &KeyRing) -> Result<(), StoreError> {
    let oldest = participants::table
        .select((participants::id, participants::identity))
        .order(participants::id)
        .limit(1);
    let newest = participants::table
        .select((participants::id, participants::identity))
        .order(participants::id.desc())
        .limit(1);
    let mut samples = Vec::new();
    let ends: [Option<(Key<kind::Participant>, Sealed)>; 2] = [maybe(db, oldest)?, maybe(db, newest)?];
    for (id, cell) in ends.into_iter().flatten() {
        samples.push((participant::place(id.0, "identity"), cell));
    }
    let factor = second_factors::table
        .filter(second_factors::secret.is_not_null())
        .select((second_factors::person_id, second_factors::secret.assume_not_null()))
        .limit(1);
    if let Some((person, cell)) = maybe::<_, (Key<kind::Person>, Sealed)>(db, factor)? {
        samples.push((second_factor::place(person.0), cell));
    }
    for (place, cell) in samples {
        let Some(number) = former_key(&cell) else { continue };
        match ring.open_former(place, &cell) {
            Ok(_) => {}
            Err(missing @ StoreError::KeyMissing { .. }) => return Err(missing),
            Err(_) => return Err(StoreError::WrongKey { group: "sealing", number: i64::from(number) }),
        }
    }
    Ok(())
}
