//! The floor under PostgreSQL: an assessment kept the plain way, a row for each of its answers, through the driver alone
//! and in transactions as the store means to use them. Few writers commit each for themselves; many share the commits of
//! one.

use std::thread;
use std::time::{Duration, Instant};

use alongside_domain::assessment::{Channel, Status};
use alongside_domain::clock::{Clock as _, Ids as _, System};
use alongside_domain::id::{Id, kind};
use alongside_domain::instrument::State;
use alongside_domain::policy::Role;
use alongside_domain::provenance::{AnsweredBy, KeyedBy, Level};
use alongside_store::Cached;
use alongside_store::assessment::Assessment;
use alongside_store::audit::{AuditEvent, any_id};
use alongside_store::schema::{assessments, audit_events};
use alongside_store::types::{At, Code, Document, Key, Sealed};
use anyhow::Context as _;
use diesel::connection::SimpleConnection as _;
use diesel::insertable::Insertable;
use diesel::pg::PgConnection;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::{Connection as _, QueryResult, RunQueryDsl as _};
use uuid::Uuid;

use crate::raw::SEALED_BYTES;
use crate::world::Parents;

const PLAIN_ANSWERS: &str = "CREATE TABLE IF NOT EXISTS plain_answers (assessment_id uuid NOT NULL REFERENCES \
    assessments (id), seq bigint NOT NULL, link_id text NOT NULL, occurrence text NOT NULL, state text NOT NULL, value \
    bytea, answered_by text NOT NULL, keyed_by text NOT NULL, level text NOT NULL, segment_id uuid, author_id uuid NOT \
    NULL, device_at timestamptz, at timestamptz NOT NULL, amends_seq bigint, reason text, PRIMARY KEY (assessment_id, \
    seq))";

diesel::table! {
    use alongside_store::types::sql::*;
    use diesel::sql_types::*;

    plain_answers (assessment_id, seq) {
        assessment_id -> Uid,
        seq -> BigInt,
        link_id -> Text,
        occurrence -> Text,
        state -> Text,
        value -> Nullable<Binary>,
        answered_by -> Text,
        keyed_by -> Text,
        level -> Text,
        segment_id -> Nullable<Uid>,
        author_id -> Uid,
        device_at -> Nullable<Instant>,
        at -> Instant,
        amends_seq -> Nullable<BigInt>,
        reason -> Nullable<Text>,
    }
}

#[derive(Insertable)]
#[diesel(table_name = plain_answers, treat_none_as_default_value = false)]
struct Answer {
    assessment_id: Key<kind::Assessment>,
    seq: i64,
    link_id: String,
    occurrence: Document<Vec<u32>>,
    state: Code<State>,
    value: Option<Sealed>,
    answered_by: Code<AnsweredBy>,
    keyed_by: Code<KeyedBy>,
    level: Code<Level>,
    segment_id: Option<Key<kind::Segment>>,
    author_id: Key<kind::AuditEvent>,
    device_at: Option<At>,
    at: At,
    amends_seq: Option<i64>,
    reason: Option<String>,
}

/// A database of its own, with the schema, the indexes and the people of the measured one.
pub struct RawPostgres {
    pub url: String,
    pub parents: Parents,
}

impl RawPostgres {
    /// Writes assessments for so long from so many connections, so many to a commit, and answers how many a second.
    pub fn run(&self, writers: usize, group: usize, time: Duration) -> anyhow::Result<f64> {
        // Statements are prepared before the clock starts, as the server's are.
        let mut connections = Vec::new();
        for _ in 0..writers {
            let mut connection = PgConnection::establish(&self.url)?;
            connection.batch_execute(PLAIN_ANSWERS)?;
            self.commit(&mut connection, self.parents.participants.iter().take(1))?;
            connections.push(connection);
        }
        let started = Instant::now();
        let done = thread::scope(|scope| -> anyhow::Result<f64> {
            let running: Vec<_> = (0..)
                .zip(&mut connections)
                .map(|(number, connection)| {
                    scope.spawn(move || -> anyhow::Result<f64> {
                        let mut participants = self.parents.participants.iter().cycle().skip(number * 1000);
                        let mut done = 0.0;
                        while started.elapsed() < time {
                            done += self.commit(connection, participants.by_ref().take(group))?;
                        }
                        Ok(done)
                    })
                })
                .collect();
            let mut done = 0.0;
            for writer in running {
                done += writer.join().ok().context("a writer panicked")??;
            }
            Ok(done)
        })?;
        Ok(done / started.elapsed().as_secs_f64())
    }

    /// Writes one group; again where it collided with another writer's, as the store does.
    fn commit<'p>(
        &self,
        connection: &mut PgConnection,
        participants: impl Iterator<Item = &'p Uuid>,
    ) -> anyhow::Result<f64> {
        let participants: Vec<&Uuid> = participants.collect();
        loop {
            match self.attempt(connection, &participants) {
                Ok(()) => return Ok(participants.iter().map(|_| 1.0).sum()),
                Err(Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => {
                    connection.batch_execute("ROLLBACK")?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn attempt(&self, connection: &mut PgConnection, participants: &[&Uuid]) -> QueryResult<()> {
        connection.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE")?;
        for participant in participants {
            self.write(connection, **participant)?;
        }
        connection.batch_execute("COMMIT")
    }

    fn write(&self, connection: &mut PgConnection, participant: Uuid) -> QueryResult<()> {
        let id = System.fresh();
        let assessment = self.assessment(id, participant);
        diesel::insert_into(assessments::table).values(&assessment).execute(connection)?;
        let rows: Vec<Answer> =
            (1..).zip(&self.parents.link_ids).map(|(seq, link_id)| self.answer(id, seq, link_id)).collect();
        Cached(diesel::insert_into(plain_answers::table).values(&rows)).execute(connection)?;
        diesel::insert_into(audit_events::table)
            .values(&self.audit_event(id, participant))
            .execute(connection)?;
        Ok(())
    }

    fn assessment(&self, id: Uuid, participant: Uuid) -> Assessment {
        let now = At(System.now());
        Assessment {
            id: Key(Id::new(id)),
            programme_id: Key(Id::new(self.parents.programme)),
            site_id: Key(Id::new(self.parents.site)),
            participant_id: Key(Id::new(participant)),
            instrument_id: Key(Id::new(self.parents.instrument)),
            time_point: "baseline".to_owned(),
            status: Code(Status::InProgress),
            channel: Code(Channel::InPerson),
            location: None,
            last_seq: i64::try_from(self.parents.link_ids.len()).unwrap_or_default(),
            started_at: now,
            submitted_at: None,
            submitted_by: None,
            abandoned_at: None,
            end_reason: None,
            scores: None,
            concerns: None,
            provenance: None,
            created_by: any_id(self.parents.author),
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    fn answer(&self, assessment: Uuid, seq: i64, link_id: &str) -> Answer {
        Answer {
            assessment_id: Key(Id::new(assessment)),
            seq,
            link_id: link_id.to_owned(),
            occurrence: Document(Vec::new()),
            state: Code(State::Answered),
            value: Some(Sealed(vec![0xA5; SEALED_BYTES])),
            answered_by: Code(AnsweredBy::Participant),
            keyed_by: Code(KeyedBy::Unknown),
            level: Code(Level::Unknown),
            segment_id: None,
            author_id: any_id(self.parents.author),
            device_at: None,
            at: At(System.now()),
            amends_seq: None,
            reason: None,
        }
    }

    fn audit_event(&self, assessment: Uuid, participant: Uuid) -> AuditEvent {
        AuditEvent {
            id: any_id(System.fresh()),
            at: At(System.now()),
            programme_id: Some(Key(Id::new(self.parents.programme))),
            person_id: Some(Key(Id::new(self.parents.author))),
            client_id: None,
            session_id: Some(Key(Id::new(self.parents.author))),
            role: Some(Code(Role::Researcher)),
            operation: "create_assessment".to_owned(),
            participant_id: Some(Key(Id::new(participant))),
            resource_id: Some(any_id(assessment)),
            status: 201,
            flag_id: None,
            request_id: any_id(System.fresh()),
            detail: None,
        }
    }
}
