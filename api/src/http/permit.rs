//! The right to call one operation, in the handler's signature: whoever holds a permit was let through the policy
//! table, and reaches the database only with the scope the table gives him.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use alongside_domain::clock::Timestamp;
use alongside_domain::id::ParticipantId;
use alongside_domain::policy::{Operation, Role, relation};
use alongside_store::Db;
use alongside_store::audit::{self, AuditEvent, any_id};
use alongside_store::scope::Scope;
use alongside_store::types::{At, Code as Coded, Key};
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use super::caller::{self, Caller};
use super::codes::Code;
use super::ctx::{Ctx, Trace};
use super::page::CursorKey;
use super::problem::Problem;
use super::refusal::Refusal;
use super::reply::Reply;
use super::{commit, gate, request_id};
use crate::app::App;

/// Leave to call the operation with this number; see [`Operation::id`].
pub struct Permit<const OPERATION: u16> {
    pub(super) app: Data<App>,
    pub(super) request: HttpRequest,
    pub(super) granted: Granted,
}

/// Who may do what within which world. Cheap to hand to the thread that does the work.
#[derive(Clone)]
pub(super) struct Granted {
    pub operation: Operation,
    pub caller: Arc<Caller>,
    pub scope: Arc<Scope>,
    pub now: Timestamp,
    pub request_id: Uuid,
    /// The id in the path, where there is one.
    pub resource: Option<Uuid>,
    /// The participant whom the path names, whether or not the caller may see him.
    pub named: Option<ParticipantId>,
}

impl Granted {
    pub(super) fn event(&self, app: &App, trace: &Trace, status: u16) -> AuditEvent {
        AuditEvent {
            id: Key(alongside_domain::id::AuditEventId::new(app.ids.fresh())),
            at: At(self.now),
            programme_id: self.caller.programme.map(Key),
            person_id: self.caller.person().map(Key),
            client_id: self.caller.client().map(Key),
            session_id: Some(Key(self.caller.session_id)),
            role: Some(Coded(self.caller.role)),
            operation: self.operation.name().to_owned(),
            participant_id: trace.participant.or(self.named).map(Key),
            resource_id: trace.resource.or(self.resource).map(any_id),
            status: i32::from(status),
            flag_id: trace.flag.map(Key),
            request_id: any_id(self.request_id),
            detail: trace.detail.clone(),
        }
    }
}

impl<const OPERATION: u16> Permit<OPERATION> {
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.granted.caller
    }

    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.granted.now
    }

    #[must_use]
    pub fn cursors(&self) -> CursorKey {
        self.app.cursors.clone()
    }

    /// Reads in the caller's world, at bounded cost. The audit event is durable before this answers, whatever it answers.
    ///
    /// # Errors
    /// What `work` refuses; 503 when the event could not be made durable.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctx<'_, '_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        let looked = self.app.store.read(self.noted(work)).await.map_err(Refusal::into_problem)?;
        self.told(looked).await
    }

    /// As [`Permit::read`], at any length: `work` reads in keyset chunks, on a connection of its own.
    ///
    /// # Errors
    /// As [`Permit::read`].
    pub async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctx<'_, '_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        let looked = self.app.store.scan(self.noted(work)).await.map_err(Refusal::into_problem)?;
        self.told(looked).await
    }

    /// The work with its context around it, and what it notes beside what it answers.
    fn noted<T>(
        &self,
        work: impl FnOnce(&mut Ctx<'_, '_>) -> Result<T, Refusal> + Send + 'static,
    ) -> impl FnOnce(&mut Db<'_>) -> Result<(Result<T, Refusal>, Trace), Refusal> + Send + 'static {
        let granted = self.granted.clone();
        let app = App::clone(&self.app);
        move |db| {
            let mut trace = Trace::default();
            let mut ctx = Ctx {
                db,
                scope: &granted.scope,
                caller: &granted.caller,
                app: &app,
                now: granted.now,
                operation: granted.operation,
                fingerprint: [0; 32],
                trace: &mut trace,
            };
            let result = work(&mut ctx);
            Ok((result, trace))
        }
    }

    /// What the caller is told, once the audit event is durable.
    async fn told<T>(&self, (result, trace): (Result<T, Refusal>, Trace)) -> Result<T, Problem> {
        let status = match &result {
            Ok(_) => 200,
            Err(refused) if refused.is_final() => 404,
            // A fault of ours: nothing was shown.
            Err(_) => return result.map_err(Refusal::into_problem),
        };
        let result = result.map_err(Refusal::into_problem);
        let status = result.as_ref().err().map_or(status, |problem| problem.code().status().as_u16());
        if self.granted.operation.is_audited() && self.app.audit_reads {
            record(&self.app, &self.granted, trace, status).await?;
        }
        result
    }

    /// Writes in the caller's world: the rows, the audit event and the idempotency record become durable together, or
    /// none of them. `work` may run more than once.
    ///
    /// # Errors
    /// What `work` refuses, with its rows taken back; 503 when nothing could be made durable.
    pub async fn write(
        self,
        work: impl Fn(&mut Ctx<'_, '_>) -> Result<Reply, Refusal> + Send + 'static,
    ) -> Result<HttpResponse, Problem> {
        commit::commit(&self.app, &self.request, self.granted, work).await
    }
}

async fn record(app: &App, granted: &Granted, trace: Trace, status: u16) -> Result<(), Problem> {
    let event = granted.event(app, &trace, status);
    app.store
        .write(move |db| audit::record(db, &event, &trace.listed))
        .await
        .map_err(|error| Refusal::from(error).into_problem())
}

impl<const OPERATION: u16> FromRequest for Permit<OPERATION> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        let open = gate::shut(&request);
        Box::pin(async move {
            let app = request
                .app_data::<Data<App>>()
                .ok_or_else(|| Problem::internal("no application state"))?
                .clone();
            let operation = Operation::from_repr(OPERATION)
                .ok_or_else(|| Problem::internal("a permit for no operation"))?;
            let now = app.clock.now();
            let caller = caller::identify(&app, &request, now).await?;
            let relation = relation(operation, caller.role);
            let scope = relation.map(|relation| caller.scope(relation));
            let granted = Granted {
                operation,
                scope: Arc::new(scope.unwrap_or_else(Scope::nothing)),
                caller: Arc::new(caller),
                now,
                request_id: request_id::of(&request),
                resource: request.match_info().get("id").and_then(|id| id.parse().ok()),
                named: named(&request),
            };
            if let Some(refused) = refuse(&granted, relation.is_some()) {
                if operation.is_audited() {
                    record(&app, &granted, Trace::default(), refused.code().status().as_u16()).await?;
                }
                return Err(refused);
            }
            open.send_replace(true);
            Ok(Self { app, request, granted })
        })
    }
}

fn named(request: &HttpRequest) -> Option<ParticipantId> {
    let of_participant = request.path().starts_with("/v1/participants/");
    of_participant.then(|| request.match_info().get("id").and_then(|id| id.parse().ok())).flatten()
}

fn refuse(granted: &Granted, allowed: bool) -> Option<Problem> {
    if !allowed {
        return Some(Problem::new(Code::Forbidden));
    }
    if granted.caller.role != Role::IntegrationClient {
        return None;
    }
    let needed = granted.operation.rule()?.scope;
    let held = needed == "session" || granted.caller.scopes.iter().any(|scope| scope == needed);
    (!held).then(|| Problem::insufficient_scope(needed))
}
