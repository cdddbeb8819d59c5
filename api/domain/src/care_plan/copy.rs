//! Copies of a plan: who may be sent one, and how, without harm and without going against what he agreed to.

use serde::{Deserialize, Serialize};

use crate::consent::Effect;
use crate::participant::SafeContact;

/// Who gets a copy.
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
pub enum CopyRecipient {
    Participant,
    Gp,
    Hospital,
    SupporterService,
    Family,
    Other,
}

impl CopyRecipient {
    /// Whether a copy for this reader tells of what he was asked in private. Helpers and relatives are not told, and
    /// not told that there is something they are not told.
    #[must_use]
    pub fn sees_private(self) -> bool {
        matches!(self, Self::Participant | Self::Gp | Self::Hospital)
    }
}

/// In which form a copy goes out.
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
pub enum CopyFormat {
    /// Paper.
    Print,
    /// Paper in large print.
    LargePrint,
    /// Paper, sent by post.
    Post,
    Pdf,
    Email,
}

impl CopyFormat {
    #[must_use]
    pub fn is_paper(self) -> bool {
        matches!(self, Self::Print | Self::LargePrint | Self::Post)
    }

    /// The way it goes when nobody says otherwise.
    #[must_use]
    pub fn usual_delivery(self) -> Delivery {
        match self {
            Self::Print | Self::LargePrint => Delivery::InPerson,
            Self::Post => Delivery::Post,
            Self::Pdf | Self::Email => Delivery::Electronic,
        }
    }

    /// Whether it can go this way at all.
    #[must_use]
    pub fn can_go(self, delivery: Delivery) -> bool {
        match self {
            Self::Print | Self::LargePrint => delivery != Delivery::Electronic,
            Self::Post => delivery == Delivery::Post,
            Self::Pdf => delivery != Delivery::Post,
            Self::Email => delivery == Delivery::Electronic,
        }
    }
}

/// The way a copy takes.
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
#[cfg_attr(feature = "schema", schema(as = CopyDelivery))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Delivery {
    /// Put into the reader's hands.
    InPerson,
    /// As a letter.
    Post,
    Electronic,
}

/// A copy that shall go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    pub recipient: CopyRecipient,
    pub format: CopyFormat,
    pub delivery: Delivery,
    /// Whether there is a name to it.
    pub named: bool,
    /// He said yes to this reader.
    pub participant_agreed: bool,
    /// The sender looked at whom nothing must reach.
    pub checked_who_must_not_know: bool,
}

/// Why a copy may not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// What cannot go this way: an e-mail by post.
    Delivery,
    /// Nobody knows who got it.
    Unnamed,
    /// He has not agreed that his GP or his hospital is told.
    Consent,
    /// He has not said that this reader may have it.
    Wish,
    /// He asked for no letters.
    NoPost,
    /// There is somebody whom nothing must reach, and nobody has made sure that this is not he.
    MustNotKnow,
    /// He has no internet and nothing on paper yet.
    PaperFirst,
}

/// What stands in the way of a copy, the gravest first; nothing where it may go out.
///
/// Who has no internet (`offline`) gets his plan on paper (`has_paper`) before any of it goes out electronically.
#[must_use]
pub fn obstacle(
    sending: Sending,
    consent: Effect,
    safe_contact: &SafeContact,
    offline: bool,
    has_paper: bool,
) -> Option<Obstacle> {
    use CopyRecipient::{Family, Gp, Hospital, Other, Participant, SupporterService};
    let allowed = match sending.recipient {
        Participant => true,
        Gp => consent.share_summary_gp,
        Hospital => consent.share_summary_hospital,
        Family | Other | SupporterService => sending.participant_agreed,
    };
    let asked_by_form = matches!(sending.recipient, Gp | Hospital);
    let may_meet_the_wrong_eyes = matches!(sending.recipient, Family | Other)
        || (sending.recipient == Participant && sending.delivery != Delivery::InPerson);
    let must_not_know =
        safe_contact.who_must_not_know.as_deref().is_some_and(|words| !words.trim().is_empty());
    if !sending.format.can_go(sending.delivery) {
        Some(Obstacle::Delivery)
    } else if !allowed {
        Some(if asked_by_form { Obstacle::Consent } else { Obstacle::Wish })
    } else if sending.recipient == Other && !sending.named {
        Some(Obstacle::Unnamed)
    } else if sending.recipient == Participant && sending.delivery == Delivery::Post && safe_contact.no_post {
        Some(Obstacle::NoPost)
    } else if may_meet_the_wrong_eyes && must_not_know && !sending.checked_who_must_not_know {
        Some(Obstacle::MustNotKnow)
    } else if offline && !has_paper && !sending.format.is_paper() {
        Some(Obstacle::PaperFirst)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::VariantArray as _;

    use super::*;

    fn sending(recipient: CopyRecipient, format: CopyFormat) -> Sending {
        Sending {
            recipient,
            format,
            delivery: format.usual_delivery(),
            named: true,
            participant_agreed: false,
            checked_who_must_not_know: false,
        }
    }

    fn safe() -> SafeContact {
        SafeContact::default()
    }

    #[test]
    fn every_format_has_a_way() {
        for format in CopyFormat::VARIANTS {
            assert!(format.can_go(format.usual_delivery()), "{format}");
        }
        assert!(CopyFormat::LargePrint.can_go(Delivery::Post));
        assert!(!CopyFormat::Email.can_go(Delivery::Post));
    }

    #[test]
    fn who_is_offline_gets_paper_first() {
        let to_him = |format| {
            let sending = sending(CopyRecipient::Participant, format);
            obstacle(sending, Effect::default(), &safe(), true, false)
        };
        assert_eq!(to_him(CopyFormat::Pdf), Some(Obstacle::PaperFirst));
        assert_eq!(to_him(CopyFormat::Email), Some(Obstacle::PaperFirst));
        assert_eq!((to_him(CopyFormat::Post), to_him(CopyFormat::LargePrint)), (None, None));
        let pdf = sending(CopyRecipient::Participant, CopyFormat::Pdf);
        assert_eq!(obstacle(pdf, Effect::default(), &safe(), true, true), None);
        assert_eq!(obstacle(pdf, Effect::default(), &safe(), false, false), None);
    }

    #[test]
    fn the_surgery_and_the_hospital_have_a_yes_of_their_own() {
        let gp_only = Effect { share_summary_gp: true, ..Effect::default() };
        let of = |recipient| obstacle(sending(recipient, CopyFormat::Post), gp_only, &safe(), false, false);
        assert_eq!(of(CopyRecipient::Gp), None);
        assert_eq!(of(CopyRecipient::Hospital), Some(Obstacle::Consent));
        assert_eq!(of(CopyRecipient::Family), Some(Obstacle::Wish));
    }

    #[test]
    fn a_letter_is_kept_from_whom_it_would_harm() {
        let quiet = SafeContact { no_post: true, ..SafeContact::default() };
        let posted = Sending {
            delivery: Delivery::Post,
            ..sending(CopyRecipient::Participant, CopyFormat::LargePrint)
        };
        assert_eq!(obstacle(posted, Effect::default(), &quiet, false, false), Some(Obstacle::NoPost));
        let handed = sending(CopyRecipient::Participant, CopyFormat::LargePrint);
        assert_eq!(obstacle(handed, Effect::default(), &quiet, false, false), None);
        let watched = SafeContact { who_must_not_know: Some("His son".to_owned()), ..SafeContact::default() };
        let relative =
            Sending { participant_agreed: true, ..sending(CopyRecipient::Family, CopyFormat::Print) };
        assert_eq!(
            obstacle(relative, Effect::default(), &watched, false, false),
            Some(Obstacle::MustNotKnow)
        );
        let looked = Sending { checked_who_must_not_know: true, ..relative };
        assert_eq!(obstacle(looked, Effect::default(), &watched, false, false), None);
    }

    fn any_sending() -> impl Strategy<Value = Sending> {
        (
            prop::sample::select(CopyRecipient::VARIANTS),
            prop::sample::select(CopyFormat::VARIANTS),
            prop::sample::select(Delivery::VARIANTS),
            any::<[bool; 3]>(),
        )
            .prop_map(|(recipient, format, delivery, [named, agreed, checked])| Sending {
                recipient,
                format,
                delivery,
                named,
                participant_agreed: agreed,
                checked_who_must_not_know: checked,
            })
    }

    proptest! {
        #[test]
        fn nothing_goes_out_against_consent_or_safety(
            sending in any_sending(), consent in any::<[bool; 2]>(), rules in any::<[bool; 2]>(),
            offline in any::<bool>(), has_paper in any::<bool>(),
        ) {
            let effect = Effect {
                share_summary_gp: consent[0], share_summary_hospital: consent[1], ..Effect::default()
            };
            let contact = SafeContact {
                no_post: rules[0],
                who_must_not_know: rules[1].then(|| "His son".to_owned()),
                ..SafeContact::default()
            };
            if obstacle(sending, effect, &contact, offline, has_paper).is_none() {
                prop_assert!(sending.recipient != CopyRecipient::Gp || consent[0]);
                prop_assert!(sending.recipient != CopyRecipient::Hospital || consent[1]);
                prop_assert!(
                    sending.recipient != CopyRecipient::Participant
                        || sending.delivery != Delivery::Post
                        || !contact.no_post
                );
                prop_assert!(sending.recipient != CopyRecipient::Family || sending.participant_agreed);
                prop_assert!(!offline || has_paper || sending.format.is_paper());
            }
        }
    }
}
