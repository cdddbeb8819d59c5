//! Service clients: programs that act for themselves.

use serde::{Deserialize, Serialize};

/// Whether a client gets tokens.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
    strum::Display,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClientState {
    Active,
    /// For ever: a program that should come back gets a new client.
    Revoked,
}
