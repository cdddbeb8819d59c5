//! Who someone is and what keeps secrets secret: keys, tokens, passwords.

pub mod keys;
pub mod password;
pub mod token;
