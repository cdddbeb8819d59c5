//! Broken validation rules as problem fields, with words where the validator has none.

use serde_json::Value;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::codes::Code;
use super::pointer::{push_index, push_member};
use super::problem::{Problem, ProblemField};

/// The validator's name for a rule about the struct as a whole.
const WHOLE: &str = "__all__";

/// Checks the rules of a value.
///
/// # Errors
/// 422 with every broken rule, sorted by pointer.
pub fn check(value: &impl Validate) -> Result<(), Problem> {
    value.validate().map_err(|errors| Problem::new(Code::Invalid).fields(fields(&errors, "")))
}

/// Every broken rule below `at`, sorted by pointer so that the same request always gets the same answer.
#[must_use]
pub fn fields(errors: &ValidationErrors, at: &str) -> Vec<ProblemField> {
    let mut out = Vec::new();
    collect(errors, at, &mut out);
    out.sort_by(|a, b| (&a.pointer, &a.code).cmp(&(&b.pointer, &b.code)));
    out
}

fn collect(errors: &ValidationErrors, at: &str, out: &mut Vec<ProblemField>) {
    for (name, kind) in errors.errors() {
        let mut here = at.to_owned();
        if name != WHOLE {
            push_member(&mut here, name);
        }
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &here, out),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    let mut item = here.clone();
                    push_index(&mut item, *index);
                    collect(inner, &item, out);
                }
            }
            ValidationErrorsKind::Field(broken) => out.extend(broken.iter().map(|error| ProblemField {
                pointer: here.clone().into(),
                code: error.code.clone(),
                message: error.message.clone().unwrap_or_else(|| words(error).into()),
            })),
        }
    }
}

/// What the rule asks for. The validator also holds the value sent, which must not be repeated.
fn words(error: &ValidationError) -> String {
    let number = |name| error.params.get(name).filter(|value: &&Value| value.is_number()).map(tidy);
    match error.code.as_ref() {
        "length" => match (number("equal"), number("min"), number("max")) {
            (Some(equal), ..) => format!("The length must be exactly {equal}."),
            (_, Some(min), Some(max)) => format!("The length must be between {min} and {max}."),
            (_, Some(min), None) => format!("The length must be at least {min}."),
            (_, None, Some(max)) => format!("The length must be at most {max}."),
            _ => "The length is not accepted.".to_owned(),
        },
        "range" => match (number("min"), number("max"), number("exclusive_min"), number("exclusive_max")) {
            (Some(min), Some(max), ..) => format!("This must be between {min} and {max}."),
            (Some(min), None, _, None) => format!("This must be {min} or more."),
            (None, Some(max), None, _) => format!("This must be {max} or less."),
            (_, _, Some(min), None) => format!("This must be more than {min}."),
            (_, _, None, Some(max)) => format!("This must be less than {max}."),
            _ => "This is out of range.".to_owned(),
        },
        "email" => "This must be an e-mail address.".to_owned(),
        "url" => "This must be a URL.".to_owned(),
        "ip" | "ip_v4" | "ip_v6" => "This must be an IP address.".to_owned(),
        "required" => "This is required.".to_owned(),
        "regex" => "This does not have the documented form.".to_owned(),
        "must_match" => "This must equal the other field.".to_owned(),
        "non_control_character" => "This must not contain control characters.".to_owned(),
        _ => "This value is not accepted.".to_owned(),
    }
}

/// `1` for `1.0`: the validator turns every bound into a float.
fn tidy(value: &Value) -> String {
    let text = value.to_string();
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Validate)]
    #[validate(schema(function = "agree", skip_on_field_errors = false))]
    struct Form {
        #[validate(length(min = 2, max = 3))]
        a: String,
        #[validate(range(min = 1.0))]
        b: f64,
        #[validate(custom(function = "never"))]
        c: String,
    }

    fn agree(_: &Form) -> Result<(), ValidationError> {
        Err(ValidationError::new("agree").with_message("These do not fit together.".into()))
    }

    fn never(_: &str) -> Result<(), ValidationError> {
        Err(ValidationError::new("never"))
    }

    #[test]
    fn every_rule_has_words() {
        let problem = check(&Form { a: "x".into(), b: 0.0, c: String::new() }).unwrap_err();
        let lines: Vec<_> =
            problem.errors().iter().map(|e| format!("{} {} {}", e.pointer, e.code, e.message)).collect();
        assert_eq!(
            lines,
            [
                " agree These do not fit together.",
                "/a length The length must be between 2 and 3.",
                "/b range This must be 1 or more.",
                "/c never This value is not accepted.",
            ]
        );
    }
}
