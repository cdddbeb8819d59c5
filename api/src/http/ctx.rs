//! What a handler's work has at hand behind a door, and what it notes for the audit log.

use std::sync::Arc;

use alongside_domain::clock::Timestamp;
use alongside_domain::id::{EmergencyAccessId, FlagId, ParticipantId, ProgrammeId, kind};
use alongside_domain::policy::Operation;
use alongside_store::audit::any_id;
use alongside_store::flag::Flag;
use alongside_store::scope::Scope;
use alongside_store::sealing::{DataClass, KeysOfMany, Record, RecordKeys};
use alongside_store::types::{At, Key};
use alongside_store::{Db, data_key, idempotency};
use uuid::Uuid;

use super::caller::Caller;
use super::codes::Code;
use super::problem::Problem;
use super::refusal::Refusal;
use super::reply::Reply;
use crate::app::App;

/// Whose record was touched, for the audit log.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    pub participant: Option<ParticipantId>,
    /// Whose record the request named, whether or not it is there and the caller may see it.
    pub sought: Option<ParticipantId>,
    pub resource: Option<Uuid>,
    pub listed: Vec<ParticipantId>,
    pub flag: Option<FlagId>,
    pub detail: Option<String>,
    pub emergency: Option<EmergencyAccessId>,
    /// The data keys that were read, so that each is read once.
    pub keys: Vec<Arc<RecordKeys>>,
}

/// The database with everything a handler needs to decide.
pub struct Ctx<'a, 'c> {
    pub db: &'a mut Db<'c>,
    /// The caller's world for this operation.
    pub scope: &'a Scope,
    pub caller: &'a Caller,
    pub app: &'a App,
    /// The moment of this request: one for everything it writes.
    pub now: Timestamp,
    pub(super) operation: Operation,
    pub(super) fingerprint: [u8; 32],
    /// Whether this is behind the door for writing.
    pub(super) writes: bool,
    pub(super) trace: &'a mut Trace,
}

impl Ctx<'_, '_> {
    /// The data keys of a participant's record. Whether the caller may see it is decided before.
    ///
    /// # Errors
    /// As [`Ctx::keys`].
    pub fn keys_of(&mut self, participant: ParticipantId) -> Result<Arc<RecordKeys>, Refusal> {
        self.keys(Record::Participant(participant))
    }

    /// The data keys of a flag that the caller was shown.
    ///
    /// # Errors
    /// As [`Ctx::keys`].
    pub fn keys_of_flag(&mut self, flag: &Flag) -> Result<Arc<RecordKeys>, Refusal> {
        self.keys(Record::of_flag(flag.id.0, flag.participant_id.map(|id| id.0)))
    }

    /// The data keys of a record, read once for each request. Behind the door for writing, those that it lacks are made.
    ///
    /// # Errors
    /// What the database says; 503 when one is wrapped by a key that this process does not have.
    pub fn keys(&mut self, record: Record) -> Result<Arc<RecordKeys>, Refusal> {
        if let Some(known) = self.trace.keys.iter().find(|keys| keys.record() == record) {
            return Ok(Arc::clone(known));
        }
        let ring = self.app.store.ring();
        let keys = if self.writes {
            data_key::ensure(self.db, ring, record, self.app.ids.as_ref(), self.now)?
        } else {
            data_key::load(self.db, ring, record)?
        };
        let keys = Arc::new(keys);
        self.trace.keys.push(Arc::clone(&keys));
        Ok(keys)
    }

    /// Takes keys that were read for this request before its turn came.
    pub fn knows_keys(&mut self, keys: Arc<RecordKeys>) {
        self.trace.keys.push(keys);
    }

    /// The data keys of one class of the records of a page.
    ///
    /// # Errors
    /// As [`Ctx::keys`].
    pub fn keys_of_all(
        &mut self,
        class: DataClass,
        records: impl IntoIterator<Item = Record>,
    ) -> Result<KeysOfMany, Refusal> {
        Ok(data_key::load_many(self.db, self.app.store.ring(), class, records)?)
    }

    /// A fresh id.
    #[must_use]
    pub fn fresh(&self) -> Uuid {
        self.app.ids.fresh()
    }

    /// Notes whose record this request is about.
    pub fn about(&mut self, participant: ParticipantId) {
        self.trace.participant = Some(participant);
    }

    /// Notes whose record a body names, before it is looked up: an attempt shows to the one whose record it is. Nothing that
    /// is answered belongs to his record for that.
    pub fn seeks(&mut self, participant: ParticipantId) {
        self.trace.sought = Some(participant);
    }

    /// Notes what the request made or changed, where the path does not name it.
    pub fn resource(&mut self, id: Uuid) {
        self.trace.resource = Some(id);
    }

    /// Notes the participants a list shows.
    pub fn lists(&mut self, participants: impl IntoIterator<Item = ParticipantId>) {
        self.trace.listed.extend(participants);
        self.trace.listed.sort_unstable();
        self.trace.listed.dedup();
    }

    /// Notes that this concerns a safeguarding flag: the event is hidden from ordinary readers of the log.
    pub fn under_flag(&mut self, flag: FlagId) {
        self.trace.flag = Some(flag);
    }

    /// Notes what a machine may say about the request: names of changed members, never their values.
    pub fn note(&mut self, detail: impl Into<String>) {
        self.trace.detail = Some(detail.into());
    }

    /// Notes that this is about an access in an emergency: as long as that is held, the participant is not told of it.
    pub fn under_emergency(&mut self, access: EmergencyAccessId) {
        self.trace.emergency = Some(access);
    }

    /// The one programme the caller works in.
    ///
    /// # Errors
    /// The 404 of an object outside the caller's world.
    pub fn programme(&self) -> Result<ProgrammeId, Refusal> {
        self.caller.programme.ok_or_else(|| Problem::not_found().into())
    }

    /// Remembers what made the object with an id that the client chose, so that an identical repeat is recognised.
    ///
    /// # Errors
    /// What the database says.
    pub fn creates(&mut self, id: Uuid) -> Result<(), Refusal> {
        let key = creation_key(id);
        if idempotency::find(self.db, any_id(self.caller.actor_id()), self.operation.name(), &key)?.is_some()
        {
            return Err(taken());
        }
        let place = idempotency::place_of_chosen_id(self.caller.actor_id());
        let record = idempotency::Record {
            caller_id: any_id(self.caller.actor_id()),
            operation: self.operation.name().to_owned(),
            key,
            fingerprint: self.fingerprint.to_vec(),
            status: 201,
            reply: self.app.store.installation().seal_bytes(place, b"")?,
            created_at: At(self.now),
        };
        Ok(idempotency::insert(self.db, &record)?)
    }

    /// Answers a repeated creation: `view` when the same caller made it from the same request.
    ///
    /// # Errors
    /// 409 when the id belongs to something else.
    pub fn repeated(
        &mut self,
        id: Uuid,
        view: impl FnOnce(&mut Self) -> Result<Reply, Refusal>,
    ) -> Result<Reply, Refusal> {
        let caller: Key<kind::AuditEvent> = any_id(self.caller.actor_id());
        let made = idempotency::find(self.db, caller, self.operation.name(), &creation_key(id))?;
        if made.is_some_and(|record| record.fingerprint == self.fingerprint) {
            return view(self);
        }
        Err(taken())
    }
}

fn taken() -> Refusal {
    Problem::new(Code::AlreadyExists)
        .detail("There is something else with this id already.")
        .field("/id", "taken", "Choose another id.")
        .into()
}

fn creation_key(id: Uuid) -> String {
    format!("id:{id}")
}
