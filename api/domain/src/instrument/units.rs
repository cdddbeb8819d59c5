//! Units of amounts: whether two amounts are in the same one, and the order of two that are not.
//!
//! The units are those people give their weight, height, fluids and times in, as UCUM codes them
//! (<https://ucum.org/ucum>). What is not among them is compared in one and the same unit alone.

use std::cmp::Ordering;

use super::coding::Quantity;

/// The code system of UCUM's units.
const UCUM: &str = "http://unitsofmeasure.org";

/// What a unit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Mass,
    Length,
    Volume,
    Time,
}

/// Two amounts that differ by less than this part of them are the same: what is left of turning one unit into another.
const ROUNDING: f64 = 1e-12;

/// The order of two amounts; none where a number is missing or the units cannot be compared.
pub(super) fn compare(left: &Quantity, right: &Quantity) -> Option<Ordering> {
    let (one, other) = (left.value.as_ref()?.as_f64()?, right.value.as_ref()?.as_f64()?);
    if is_same(left, right) {
        return one.partial_cmp(&other);
    }
    let ((measure, factor), (of_other, other_factor)) = (known(left)?, known(right)?);
    if measure != of_other {
        return None;
    }
    let (one, other) = (one * factor, other * other_factor);
    let is_near = (one - other).abs() <= ROUNDING * one.abs().max(other.abs());
    if is_near { Some(Ordering::Equal) } else { one.partial_cmp(&other) }
}

/// Whether two amounts are in the same unit: by its code where both have one, otherwise by any word for it.
fn is_same(left: &Quantity, right: &Quantity) -> bool {
    if left.code.is_some() && right.code.is_some() {
        let of_another_system =
            left.system.as_ref().zip(right.system.as_ref()).is_some_and(|(one, other)| one != other);
        return left.code == right.code && !of_another_system;
    }
    let words = |quantity: &Quantity| [quantity.unit.clone(), quantity.code.clone()];
    let (one, other) = (words(left), words(right));
    let has_none = |words: &[Option<String>]| words.iter().all(Option::is_none);
    (has_none(&one) && has_none(&other))
        || one.iter().flatten().any(|word| other.iter().flatten().any(|same| same == word))
}

fn known(quantity: &Quantity) -> Option<(Measure, f64)> {
    if quantity.system.as_deref() != Some(UCUM) {
        return None;
    }
    factor(quantity.code.as_deref()?)
}

/// What a unit measures, and how much of the gram, metre, litre or second it is.
fn factor(code: &str) -> Option<(Measure, f64)> {
    use Measure::{Length, Mass, Time, Volume};
    Some(match code {
        "ug" => (Mass, 1e-6),
        "mg" => (Mass, 1e-3),
        "g" => (Mass, 1.0),
        "kg" => (Mass, 1e3),
        "[oz_av]" => (Mass, 28.349_523_125),
        "[lb_av]" => (Mass, 453.592_37),
        "[stone_av]" => (Mass, 6_350.293_18),
        "um" => (Length, 1e-6),
        "mm" => (Length, 1e-3),
        "cm" => (Length, 1e-2),
        "m" => (Length, 1.0),
        "km" => (Length, 1e3),
        "[in_i]" => (Length, 0.025_4),
        "[ft_i]" => (Length, 0.304_8),
        "[mi_i]" => (Length, 1_609.344),
        "uL" | "ul" => (Volume, 1e-6),
        "mL" | "ml" => (Volume, 1e-3),
        "dL" | "dl" => (Volume, 0.1),
        "L" | "l" => (Volume, 1.0),
        "ms" => (Time, 1e-3),
        "s" => (Time, 1.0),
        "min" => (Time, 60.0),
        "h" => (Time, 3_600.0),
        "d" => (Time, 86_400.0),
        "wk" => (Time, 604_800.0),
        // UCUM's month and year are those of the Julian calendar.
        "mo" => (Time, 2_629_800.0),
        "a" => (Time, 31_557_600.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn order(left: Json, right: Json) -> Option<Ordering> {
        compare(&Quantity::read(&left).unwrap(), &Quantity::read(&right).unwrap())
    }

    fn ucum(value: f64, code: &str) -> Json {
        json!({"value": value, "system": UCUM, "code": code})
    }

    #[test]
    fn amounts_in_units_of_the_same_kind_have_an_order() {
        assert_eq!(order(ucum(10_000.0, "m"), ucum(10.0, "km")), Some(Ordering::Equal));
        assert_eq!(order(ucum(12.0, "[stone_av]"), ucum(80.0, "kg")), Some(Ordering::Less));
        assert_eq!(order(ucum(330.0, "mL"), ucum(0.33, "L")), Some(Ordering::Equal));
        assert_eq!(order(ucum(2.0, "wk"), ucum(13.0, "d")), Some(Ordering::Greater));
    }

    #[test]
    fn amounts_of_different_things_have_none() {
        assert_eq!(order(ucum(10.0, "[mi_i]"), ucum(5.0, "kg")), None);
        assert_eq!(order(ucum(1.0, "kg"), json!({"value": 1, "system": "urn:x", "code": "kg"})), None);
        assert_eq!(order(json!({"value": 1, "code": "kg"}), json!({"value": 1, "code": "g"})), None);
        assert_eq!(order(json!({"value": 1}), ucum(1.0, "kg")), None);
        assert_eq!(order(json!({"unit": "kg"}), json!({"value": 1, "unit": "kg"})), None);
    }

    #[test]
    fn a_unit_in_words_is_met_by_the_same_words() {
        assert_eq!(
            order(json!({"value": 1, "unit": "Kg"}), json!({"value": 2, "unit": "Kg"})),
            Some(Ordering::Less)
        );
        let coded = json!({"value": 3, "unit": "weeks", "system": UCUM, "code": "wk"});
        assert_eq!(order(coded.clone(), json!({"value": 2, "unit": "weeks"})), Some(Ordering::Greater));
        assert_eq!(order(coded, json!({"value": 2, "unit": "days"})), None);
        assert_eq!(order(json!({"value": 1}), json!({"value": 1})), Some(Ordering::Equal));
    }
}
