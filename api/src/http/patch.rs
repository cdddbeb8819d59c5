//! Merge patches (RFC 7396): a member that is absent leaves the value alone, `null` removes it.

/// For `Option<Option<T>>` members of a patch: `#[serde(default, with = "patch::double")]`.
///
/// Absent is `None`, null is `Some(None)`, a value is `Some(Some(value))`.
pub mod double {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// # Errors
    /// Those of `T`.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Option::deserialize(deserializer).map(Some)
    }

    /// For clients and tests that build a patch; pair it with `skip_serializing_if = "Option::is_none"`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }
}

/// For members of a patch that may be changed but never removed: `#[serde(default, deserialize_with = "patch::present")]`.
///
/// Absent is `None`; null is refused as a wrong type instead of being taken for absent.
///
/// # Errors
/// Those of `T`.
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}
