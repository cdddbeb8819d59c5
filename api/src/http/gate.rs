//! Permission before content: who may not call an operation learns nothing of what is wrong with his request.
//!
//! The extractors of a handler run side by side, and the first refusal is the answer. A body would often be found wrong
//! before the database has said who is asking, so reading it waits here until a permit has been granted.

use actix_web::{HttpMessage as _, HttpRequest};
use futures_util::future::{Either, LocalBoxFuture, Ready, ready};
use tokio::sync::watch;

use super::problem::Problem;

/// Put with the request by the extractor of the permit, which stands first in a handler's signature.
struct Gate(watch::Receiver<bool>);

/// Shuts the way to the body; answers what opens it. Dropped unopened, it stays shut.
pub(super) fn shut(request: &HttpRequest) -> watch::Sender<bool> {
    let (open, gate) = watch::channel(false);
    request.extensions_mut().insert(Gate(gate));
    open
}

/// What an extractor found in the request's head: at once when it is good, after the permit when it is not.
pub type Found<T> = Either<Ready<Result<T, Problem>>, LocalBoxFuture<'static, Result<T, Problem>>>;

/// Holds a refusal back until the permit is granted.
pub fn found<T: 'static>(request: &HttpRequest, found: Result<T, Problem>) -> Found<T> {
    match found {
        Ok(value) => Either::Left(ready(Ok(value))),
        Err(problem) => {
            let request = request.clone();
            Either::Right(Box::pin(async move {
                passed(&request).await;
                Err(problem)
            }))
        }
    }
}

/// Waits until the permit is granted. Where it is refused this never ends, and the refusal is the answer. Operations
/// without a permit have no gate.
pub async fn passed(request: &HttpRequest) {
    let gate = request.extensions().get::<Gate>().map(|gate| gate.0.clone());
    if let Some(mut gate) = gate
        && gate.wait_for(|open| *open).await.is_err()
    {
        std::future::pending::<()>().await;
    }
}
