//! What a granted permit knows of its request, and the event that the request leaves in the audit log, whatever comes
//! of it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpMessage as _, HttpRequest};
use alongside_domain::clock::Timestamp;
use alongside_domain::emergency_access::log_detail;
use alongside_domain::id::{AuditEventId, EmergencyAccessId, FlagId, ParticipantId};
use alongside_domain::policy::Operation;
use alongside_store::audit::{self, AuditEvent, Record, any_id};
use alongside_store::scope::{Reach, Scope};
use alongside_store::types::{At, Code as Coded, Key};
use alongside_store::{Context, Db, StoreError, participant};
use uuid::Uuid;

use super::caller::Caller;
use super::ctx::Trace;
use super::problem::Problem;
use super::refusal::Refusal;
use crate::app::App;

/// Who may do what within which world. Cheap to hand to the thread that does the work.
#[derive(Clone)]
pub(super) struct Granted {
    pub operation: Operation,
    pub caller: Arc<Caller>,
    pub scope: Arc<Scope>,
    pub now: Timestamp,
    pub request_id: Uuid,
    pub named: Option<Named>,
}

/// The record that the path names, whether or not it is there and the caller may see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    id: Uuid,
    of: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// Part of what is kept about a participant.
    His(Record),
    Flag,
    Other,
}

impl Named {
    pub(super) fn of(request: &HttpRequest) -> Option<Self> {
        let id = request.match_info().get("id")?.parse().ok()?;
        let mut parts = request.path().split('/').skip(1);
        let of = match (parts.next(), parts.next()) {
            (Some("v1"), Some("participants")) => Kind::His(Record::Participant),
            (Some("v1"), Some("consents")) => Kind::His(Record::Consent),
            (Some("v1"), Some("assignments")) => Kind::His(Record::Assignment),
            (Some("v1"), Some("assessments")) => Kind::His(Record::Assessment),
            (Some("v1"), Some("care-plans")) => Kind::His(Record::CarePlan),
            (Some("v1"), Some("rights-requests")) => Kind::His(Record::RightsRequest),
            (Some("v1"), Some("flags")) => Kind::Flag,
            _ => Kind::Other,
        };
        Some(Self { id, of })
    }
}

impl Granted {
    /// For whom the database is asked.
    pub(super) fn context(&self) -> Context {
        let actor = self.caller.actor_id();
        match self.scope.reach {
            Reach::Installation => Context::Administrator { actor },
            _ => Context::Caller { actor, programme: self.caller.programme },
        }
    }

    fn event(&self, app: &App, trace: &Trace, status: StatusCode) -> AuditEvent {
        let flag = match self.named {
            Some(Named { id, of: Kind::Flag }) => Some(FlagId::new(id)),
            _ => None,
        };
        AuditEvent {
            id: Key(AuditEventId::new(app.ids.fresh())),
            at: At(self.now),
            programme_id: self.caller.programme.map(Key),
            person_id: self.caller.person().map(Key),
            client_id: self.caller.client().map(Key),
            session_id: Some(Key(self.caller.session_id)),
            role: Some(Coded(self.caller.role)),
            operation: self.operation.name().to_owned(),
            participant_id: trace.participant.or(trace.sought).map(Key),
            resource_id: trace.resource.or(self.named.map(|named| named.id)).map(any_id),
            status: i32::from(status.as_u16()),
            flag_id: trace.flag.or(flag).map(Key),
            request_id: any_id(self.request_id),
            detail: trace.detail.clone(),
        }
    }

    /// Leaves the event of this request in the transaction at hand. Whose record was named is looked up where nobody
    /// found it in the caller's world, so that an attempt shows to the one whose record it is.
    ///
    /// # Errors
    /// What the database says; then there must be no answer to the request either.
    pub(super) fn record_in(
        &self,
        db: &mut Db<'_>,
        app: &App,
        trace: &Trace,
        status: StatusCode,
    ) -> Result<(), StoreError> {
        if !self.operation.is_audited() {
            return Ok(());
        }
        let mut event = self.event(app, trace, status);
        if let (None, Some(Named { id, of: Kind::His(record) })) = (trace.participant, self.named) {
            event.participant_id = audit::whose(db, record, id)?.map(Key);
        }
        if let Some(access) = self.emergency(db, trace, event.participant_id.map(|id| id.0))? {
            event.detail = Some(log_detail(access));
        }
        audit::record(db, &event, &trace.listed)
    }

    /// The access in an emergency that this request is about, or without which it would have met nothing there.
    fn emergency(
        &self,
        db: &mut Db<'_>,
        trace: &Trace,
        about: Option<ParticipantId>,
    ) -> Result<Option<EmergencyAccessId>, StoreError> {
        if trace.emergency.is_some() {
            return Ok(trace.emergency);
        }
        let (Reach::SitesAndOne(_, sites, one), Some(opened)) = (&self.scope.reach, self.caller.opened)
        else {
            return Ok(None);
        };
        if about != Some(*one) && !trace.listed.contains(one) {
            return Ok(None);
        }
        // He may have moved to a site of the caller's since.
        let is_near = participant::site_of(db, *one)?.is_some_and(|site| sites.contains(&site));
        Ok((!is_near).then_some(opened.access))
    }

    /// As [`Granted::record_in`], in a transaction of its own.
    ///
    /// # Errors
    /// 503 when it could not be made durable.
    pub(super) async fn record(&self, app: &App, trace: Trace, status: StatusCode) -> Result<(), Problem> {
        if !self.operation.is_audited() {
            return Ok(());
        }
        let (granted, shared) = (self.clone(), app.clone());
        app.store
            .write(self.context(), move |db| granted.record_in(db, &shared, &trace, status))
            .await
            .map_err(|error| Refusal::from(error).into_problem())
    }
}

/// A permit was granted and no door of the database has been gone through yet.
struct Pending {
    app: App,
    granted: Granted,
}

/// Remembers that this request has left no event yet.
pub(super) fn pend(request: &HttpRequest, app: &App, granted: &Granted) {
    if granted.named.is_some() && granted.operation.is_audited() {
        let pending = Pending { app: app.clone(), granted: granted.clone() };
        request.extensions_mut().insert(pending);
    }
}

/// Remembers that it has.
pub(super) fn settle(request: &HttpRequest) {
    request.extensions_mut().remove::<Pending>();
}

/// Leaves the event of a request on a named record that was refused before anything was read: a precondition was
/// missing, a body was wrong. Nothing to do for all others.
///
/// # Errors
/// 503 when it could not be made durable.
pub(super) async fn record_refusal(request: &HttpRequest, status: StatusCode) -> Result<(), Problem> {
    let pending = request.extensions_mut().remove::<Pending>();
    match pending.filter(|_| status.is_client_error()) {
        Some(Pending { app, granted }) => granted.record(&app, Trace::default(), status).await,
        None => Ok(()),
    }
}
