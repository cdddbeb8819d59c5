//! Requests are read by the strict reader that the command line judges documents with as well.

pub use alongside_domain::strict_json::{Malformed, parse};

use super::codes::Code;
use super::problem::Problem;

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        let Malformed { pointer, code, message } = malformed;
        Self::new(Code::MalformedJson).detail(message.clone()).field(pointer, code, message)
    }
}
