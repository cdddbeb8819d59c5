//! What becomes of a version of an instrument in a programme: it is tried out, used, and taken out of use. Its text
//! never changes.

use serde::{Deserialize, Serialize};

use crate::transition::IllegalTransition;

use super::definition::{Definition, LicenceClass};

/// Where a version stands in its programme.
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
pub enum InstrumentStatus {
    /// Can be tried out; nobody is asked with it.
    Draft,
    /// Assessments begin with it.
    Active,
    /// No assessment begins with it any more; those that have begun go on.
    Retired,
}

impl InstrumentStatus {
    /// What can come next.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Active, Self::Retired],
            Self::Active => &[Self::Retired],
            Self::Retired => &[],
        }
    }

    /// The state a step leads to.
    ///
    /// # Errors
    /// When it does not lead there from here.
    pub fn step(self, step: &str, to: Self) -> Result<Self, IllegalTransition> {
        if self.next().contains(&to) {
            return Ok(to);
        }
        Err(IllegalTransition::new(self, step, self.next().iter().copied()))
    }
}

/// Where a revision of a translation stands.
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
pub enum TranslationStatus {
    /// Can be looked at; nobody is asked in its words.
    Draft,
    /// People are asked in its words, until a later revision is published.
    Published,
}

impl TranslationStatus {
    /// The state after a step that publishes.
    ///
    /// # Errors
    /// When it is published already: a correction is another revision.
    pub fn publish(self, step: &str) -> Result<Self, IllegalTransition> {
        match self {
            Self::Draft => Ok(Self::Published),
            Self::Published => Err(IllegalTransition::new(self, step, std::iter::empty::<Self>())),
        }
    }
}

/// Why a version cannot be taken into use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// Its questions stand there by their codes alone.
    #[error("this version has no wording: add your own copy with the wording as another version")]
    WordingWithheld,
    /// Class D.
    #[error("instruments of licence class D are not supported")]
    NotSupported,
    /// Class B or C, or nobody says which.
    #[error(
        "this instrument needs the reference of an agreement with its owner, or a waiver that says why none is needed"
    )]
    AgreementMissing,
}

/// Whether a programme may take a version into use. `has_basis` says that it names an agreement with the owner, or why
/// none is needed. Where the document says nothing of its licence, nobody has said that it may be used.
///
/// # Errors
/// Why it may not.
pub fn may_be_used(definition: &Definition, has_basis: bool) -> Result<(), NotUsable> {
    if definition.is_wording_withheld() {
        return Err(NotUsable::WordingWithheld);
    }
    match definition.licence() {
        Some(LicenceClass::A) => Ok(()),
        Some(LicenceClass::D) => Err(NotUsable::NotSupported),
        Some(LicenceClass::B | LicenceClass::C) | None if has_basis => Ok(()),
        Some(LicenceClass::B | LicenceClass::C) | None => Err(NotUsable::AgreementMissing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::testing::{own, parsed, questionnaire};
    use serde_json::json;

    fn licensed(extensions: serde_json::Value) -> Definition {
        let mut document = questionnaire(json!([{"linkId": "1", "type": "string"}]));
        document["extension"] = extensions;
        parsed(&document)
    }

    #[test]
    fn only_what_is_free_needs_no_agreement() {
        let of = |class: &str| licensed(json!([own("licence", json!(class))]));
        assert_eq!(may_be_used(&of("A"), false), Ok(()));
        for class in ["B", "C"] {
            assert_eq!(may_be_used(&of(class), false), Err(NotUsable::AgreementMissing), "{class}");
            assert_eq!(may_be_used(&of(class), true), Ok(()), "{class}");
        }
        assert_eq!(may_be_used(&of("D"), true), Err(NotUsable::NotSupported));
        assert_eq!(
            may_be_used(&licensed(json!([own("kind", json!("general"))])), false),
            Err(NotUsable::AgreementMissing)
        );
        assert_eq!(may_be_used(&licensed(json!([own("kind", json!("general"))])), true), Ok(()));
    }

    #[test]
    fn nobody_is_asked_with_codes_instead_of_words() {
        let withheld = licensed(json!([own("licence", json!("B")), own("wording", json!("withheld"))]));
        assert_eq!(may_be_used(&withheld, true), Err(NotUsable::WordingWithheld));
    }

    #[test]
    fn a_version_does_not_come_back() {
        use InstrumentStatus::{Active, Draft, Retired};
        assert_eq!(Draft.step("activation", Active), Ok(Active));
        assert_eq!(Active.step("retirement", Retired), Ok(Retired));
        assert_eq!(Draft.step("retirement", Retired), Ok(Retired));
        assert_eq!(Retired.step("activation", Active).unwrap_err().allowed, Vec::<String>::new());
        assert_eq!(Active.step("activation", Active).unwrap_err().allowed, ["retired"]);
    }
}
