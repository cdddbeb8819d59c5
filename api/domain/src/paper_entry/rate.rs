//! How often two persons who type in the same paper form read it differently: the rate of discrepancies of a programme,
//! of each instrument and, once it was decided who was right, the rate of errors of each person.
//!
//! A rate about fewer than five participants is withheld, and so are as many others beside it as it takes that nobody
//! gets it back by subtraction from the total.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{InstrumentId, ParticipantId, PersonId};

/// A number about fewer participants than this is not told.
pub const LEAST_PARTICIPANTS: usize = 5;

/// The 0.975 quantile of the normal distribution: 95 % between it and its mirror image.
const Z: f64 = 1.959_963_984_540_054;

/// What is counted of one form that was typed in twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormCounts {
    pub participant: ParticipantId,
    pub instrument: InstrumentId,
    /// Who typed it in first and second.
    pub keyers: [PersonId; 2],
    /// How many fields were entered.
    pub fields: u32,
    /// How many of them differ.
    pub differing: u32,
    /// How many fields each of the two has wrong; none until that is decided.
    pub errors: Option<[u32; 2]>,
}

/// Some of so many, with the forms they are in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cell {
    pub forms: u32,
    /// The denominator: fields entered.
    pub fields: u32,
    /// The numerator: fields that differ, or that are wrong.
    pub found: u32,
}

impl Cell {
    /// The numerator in percent of the denominator, to two decimal places; none of nothing.
    #[must_use]
    pub fn percent(self) -> Option<f64> {
        (self.fields > 0).then(|| hundredths(100.0 * f64::from(self.found) / f64::from(self.fields)))
    }

    /// The interval in which the true rate lies with 95 % confidence, in percent (Wilson 1927).
    #[must_use]
    pub fn interval(self) -> Option<(f64, f64)> {
        if self.fields == 0 {
            return None;
        }
        let n = f64::from(self.fields);
        let p = f64::from(self.found) / n;
        let centre = p + Z * Z / (2.0 * n);
        let spread = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let share = |bound: f64| hundredths(100.0 * (bound / (1.0 + Z * Z / n)).clamp(0.0, 1.0));
        Some((share(centre - spread), share(centre + spread)))
    }
}

fn hundredths(percent: f64) -> f64 {
    (percent * 100.0).round() / 100.0
}

/// The rates of a programme. `None` is a rate that is withheld.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    pub total: Option<Cell>,
    pub by_instrument: BTreeMap<InstrumentId, Option<Cell>>,
    /// The errors of each person in the forms that were decided.
    pub by_keyer: BTreeMap<PersonId, Option<Cell>>,
}

/// A cell with the participants it is about.
#[derive(Debug, Default)]
struct Counted {
    cell: Cell,
    participants: BTreeSet<ParticipantId>,
}

impl Counted {
    fn add(&mut self, participant: ParticipantId, fields: u32, found: u32) {
        self.cell.forms = self.cell.forms.saturating_add(1);
        self.cell.fields = self.cell.fields.saturating_add(fields);
        self.cell.found = self.cell.found.saturating_add(found);
        self.participants.insert(participant);
    }

    fn is_small(&self) -> bool {
        !self.participants.is_empty() && self.participants.len() < LEAST_PARTICIPANTS
    }
}

/// The rates over these forms.
pub fn rates(forms: impl IntoIterator<Item = FormCounts>) -> Rates {
    let mut total = Counted::default();
    let mut by_instrument: BTreeMap<InstrumentId, Counted> = BTreeMap::new();
    let mut by_keyer: BTreeMap<PersonId, Counted> = BTreeMap::new();
    for form in forms {
        total.add(form.participant, form.fields, form.differing);
        let of_instrument = by_instrument.entry(form.instrument).or_default();
        of_instrument.add(form.participant, form.fields, form.differing);
        for (keyer, wrong) in form.keyers.into_iter().zip(form.errors.into_iter().flatten()) {
            by_keyer.entry(keyer).or_default().add(form.participant, form.fields, wrong);
        }
    }
    Rates {
        by_instrument: guarded(by_instrument),
        by_keyer: guarded(by_keyer),
        total: (!total.is_small()).then_some(total.cell),
    }
}

/// Withholds the small cells of a table that adds up, and with them the next smallest, until those withheld are at least
/// two and, together, about participants enough: what is left of the total then tells of nobody.
fn guarded<K: Copy + Ord>(cells: BTreeMap<K, Counted>) -> BTreeMap<K, Option<Cell>> {
    let mut by_size: Vec<(&K, &Counted)> = cells.iter().collect();
    by_size.sort_by_key(|(key, counted)| (counted.participants.len(), **key));
    let mut withheld: BTreeSet<K> = BTreeSet::new();
    let mut about: BTreeSet<ParticipantId> = BTreeSet::new();
    for (key, counted) in by_size {
        let is_safe = withheld.is_empty() || (withheld.len() > 1 && about.len() >= LEAST_PARTICIPANTS);
        if !counted.is_small() && is_safe {
            break;
        }
        withheld.insert(*key);
        about.extend(&counted.participants);
    }
    cells
        .into_iter()
        .map(|(key, counted)| (key, (!withheld.contains(&key)).then_some(counted.cell)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn form(participant: u128, instrument: u128, keyers: [u128; 2], differing: u32) -> FormCounts {
        FormCounts {
            participant: ParticipantId::new(Uuid::from_u128(participant)),
            instrument: InstrumentId::new(Uuid::from_u128(instrument)),
            keyers: keyers.map(|keyer| PersonId::new(Uuid::from_u128(keyer))),
            fields: 20,
            differing,
            errors: Some([differing, 0]),
        }
    }

    fn shown<K: Ord>(cells: &BTreeMap<K, Option<Cell>>) -> Vec<Option<(u32, u32)>> {
        cells.values().map(|cell| cell.map(|cell| (cell.found, cell.fields))).collect()
    }

    #[test]
    fn a_rate_is_what_differs_of_what_was_entered() {
        let rates = rates((1..=5).map(|man| form(man, 1, [1, 2], 1)));
        let total = rates.total.unwrap();
        assert_eq!((total.forms, total.found, total.fields), (5, 5, 100));
        assert_eq!((total.percent(), total.interval()), (Some(5.0), Some((2.15, 11.18))));
        assert_eq!(shown(&rates.by_instrument), [Some((5, 100))]);
        // The first of the two had every one of them wrong.
        assert_eq!(shown(&rates.by_keyer), [Some((5, 100)), Some((0, 100))]);
    }

    #[test]
    fn of_nothing_there_is_no_rate() {
        let rates = rates([]);
        assert_eq!(rates.total, Some(Cell::default()));
        assert_eq!((Cell::default().percent(), Cell::default().interval()), (None, None));
        let clean = Cell { forms: 1, fields: 10, found: 0 };
        assert_eq!((clean.percent(), clean.interval()), (Some(0.0), Some((0.0, 27.75))));
    }

    #[test]
    fn what_is_about_few_is_withheld_and_so_is_what_would_give_it_away() {
        assert_eq!(rates((1..=4).map(|man| form(man, 1, [1, 2], 1))).total, None);
        // Nine forms of one man are about one man.
        assert_eq!(rates((1..=9).map(|_| form(1, 1, [1, 2], 1))).total, None);
        let forms = || {
            let many = (1..=20).map(|man| form(man, 1, [1, 2], 1));
            let some = (1..=6).map(|man| form(man, 2, [1, 2], 1));
            many.chain(some)
        };
        assert_eq!(shown(&rates(forms()).by_instrument), [Some((20, 400)), Some((6, 120))]);
        let with_few = rates(forms().chain([form(1, 3, [1, 2], 1)]));
        assert!(with_few.total.is_some());
        assert_eq!(shown(&with_few.by_instrument), [Some((20, 400)), None, None]);
    }

    #[test]
    fn what_is_not_decided_yet_is_nobodys_error() {
        let open = (1..=5).map(|man| FormCounts { errors: None, ..form(man, 1, [1, 2], 2) });
        let rates = rates(open);
        assert_eq!(rates.total.unwrap().found, 10);
        assert!(rates.by_keyer.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_withheld_is_got_back_by_subtraction(
            forms in prop::collection::vec((0_u128..12, 0_u128..5, 0_u32..4), 0..60)
        ) {
            let forms: Vec<_> = forms.iter().map(|(man, of, n)| form(*man, *of, [1, 2], *n)).collect();
            let rates = rates(forms.clone());
            let withheld: BTreeSet<_> =
                rates.by_instrument.iter().filter(|(_, cell)| cell.is_none()).map(|(of, _)| *of).collect();
            let about: BTreeSet<_> =
                forms.iter().filter(|form| withheld.contains(&form.instrument)).map(|form| form.participant).collect();
            if rates.total.is_some() {
                prop_assert!(withheld.is_empty() || about.len() >= LEAST_PARTICIPANTS);
            }
            for (of, cell) in &rates.by_instrument {
                let men: BTreeSet<_> =
                    forms.iter().filter(|form| form.instrument == *of).map(|form| form.participant).collect();
                prop_assert!(cell.is_none() || men.len() >= LEAST_PARTICIPANTS);
            }
        }

        #[test]
        fn a_rate_lies_within_its_interval(fields in 1_u32..5000, found in 0_u32..5000) {
            let cell = Cell { forms: 1, fields, found: found.min(fields) };
            let (low, high) = cell.interval().unwrap();
            let percent = cell.percent().unwrap();
            prop_assert!((0.0..=percent).contains(&low) && (percent..=100.0).contains(&high));
        }
    }
}
