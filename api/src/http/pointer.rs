//! JSON Pointers (RFC 6901).

pub use alongside_domain::json_pointer::{push_index, push_member};
