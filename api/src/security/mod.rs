//! Who someone is and what keeps secrets secret: keys, tokens, passwords.

pub mod blind;
pub mod keys;
pub mod password;
pub mod token;
pub mod totp;
