//! The right to call one operation, in the handler's signature: whoever holds a permit was let through the policy
//! table, and reaches the database only with the scope the table gives him.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use alongside_domain::clock::Timestamp;
use alongside_domain::policy::{Operation, Relation, Role, relation};
use alongside_domain::sign_in::is_fresh;
use alongside_store::Db;
use alongside_store::scope::Scope;
use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use super::caller::{self, Caller};
use super::codes::Code;
use super::ctx::{Ctx, Trace};
use super::granted::{self, Granted, Named};
use super::page::CursorKey;
use super::problem::Problem;
use super::refusal::Refusal;
use super::reply::{self, Reply};
use super::{commit, gate, request_id};
use crate::app::App;

/// Leave to call the operation with this number; see [`Operation::id`].
pub struct Permit<const OPERATION: u16> {
    pub(super) app: Data<App>,
    pub(super) request: HttpRequest,
    pub(super) granted: Granted,
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
        self.read_as(work, |_| StatusCode::OK).await
    }

    /// As [`Permit::read`], where what is shown decides with which status: the event says what was answered.
    ///
    /// # Errors
    /// As [`Permit::read`].
    pub async fn read_as<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctx<'_, '_>) -> Result<T, Refusal> + Send + 'static,
        answered: impl FnOnce(&T) -> StatusCode,
    ) -> Result<T, Problem> {
        let looked = self.app.store.read(self.granted.context(), self.noted(work)).await;
        let looked = looked.map_err(Refusal::into_problem)?;
        self.told(looked, answered).await
    }

    /// As [`Permit::read`], at any length: `work` reads in keyset chunks, on a connection of its own.
    ///
    /// # Errors
    /// As [`Permit::read`].
    pub async fn scan<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctx<'_, '_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Problem> {
        let looked = self.app.store.scan(self.granted.context(), self.noted(work)).await;
        let looked = looked.map_err(Refusal::into_problem)?;
        self.told(looked, |_| StatusCode::OK).await
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
                writes: false,
                trace: &mut trace,
            };
            let result = work(&mut ctx);
            Ok((result, trace))
        }
    }

    /// What the caller is told, once the audit event is durable.
    async fn told<T>(
        &self,
        (result, trace): (Result<T, Refusal>, Trace),
        answered: impl FnOnce(&T) -> StatusCode,
    ) -> Result<T, Problem> {
        if result.as_ref().is_err_and(|refused| !refused.is_final()) {
            // A fault of ours: nothing was shown.
            return result.map_err(Refusal::into_problem);
        }
        let result = result.map_err(Refusal::into_problem);
        let status = match &result {
            Ok(shown) => answered(shown),
            Err(problem) => problem.code().status(),
        };
        if self.app.audit_reads {
            self.granted.record(&self.app, trace, status).await?;
        }
        granted::settle(&self.request);
        result
    }

    /// Reads one thing in the caller's world and answers with it: 304 where the caller has this version already.
    ///
    /// # Errors
    /// As [`Permit::read`].
    pub async fn show<T: Serialize + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Ctx<'_, '_>) -> Result<(i64, T), Refusal> + Send + 'static,
    ) -> Result<HttpResponse, Problem> {
        let status = |(version, _): &(i64, T)| reply::status(&self.request, *version);
        let (version, view) = self.read_as(work, status).await?;
        Ok(reply::found(&self.request, version, &view))
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
            let opens = operation.rule().is_some_and(|rule| rule.opens_in_emergency(caller.role));
            let scope =
                relation.map(|relation| caller.scope(if opens { Relation::Emergency } else { relation }));
            let granted = Granted {
                operation,
                scope: Arc::new(scope.unwrap_or_else(Scope::nothing)),
                caller: Arc::new(caller),
                now,
                request_id: request_id::of(&request),
                named: Named::of(&request),
            };
            if let Some(refused) = refuse(&granted, relation.is_some()) {
                granted.record(&app, Trace::default(), refused.code().status()).await?;
                return Err(refused);
            }
            granted::pend(&request, &app, &granted);
            open.send_replace(true);
            Ok(Self { app, request, granted })
        })
    }
}

fn refuse(granted: &Granted, allowed: bool) -> Option<Problem> {
    if !allowed {
        return Some(Problem::new(Code::Forbidden));
    }
    let rule = granted.operation.rule()?;
    if granted.caller.role != Role::IntegrationClient {
        if granted.caller.must_enrol && !granted.operation.is_for_enrolment() {
            return Some(Problem::new(Code::EnrolmentRequired));
        }
        let stale = rule.fresh && !is_fresh(granted.caller.fresh_at, granted.now);
        return stale.then(|| Problem::new(Code::StepUpRequired));
    }
    let needed = rule.scope;
    let held = needed == "session" || granted.caller.scopes.iter().any(|scope| scope == needed);
    (!held).then(|| Problem::insufficient_scope(needed))
}
