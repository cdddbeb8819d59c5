//! Reading `calculatedExpression` (HL7 Structured Data Capture) as a score.
//!
//! The forms in use for questionnaires are sums, weighted sums and averages of ordinals picked by link id. These are
//! read into the same declaration as our own `score`; anything else is refused with the piece that is not understood,
//! because a score that is worked out almost rightly is worse than none.

use super::calculated_words::{Token, tokens};
use super::definition::Definition;
use super::extension::{Extension, extensions};
use super::fields::Fields;
use super::finding::{Finding, Place};
use super::score::{Method, MissingRule, Rescale, ScoreDefinition, Term};
use super::score_parse::{MAX_CODE, countable};

/// How deep expressions may nest, variables included.
const MAX_DEPTH: usize = 16;

/// How often one variable may be looked into, all in all.
const MAX_STEPS: usize = 10_000;

/// An expression as it stands on an item, read when all items are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calculated {
    expression: String,
    place: Place,
}

/// Where a weighted answer is taken from, and how often it counts.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    link_id: String,
    factor: f64,
    weighed: bool,
}

/// `(parts + constant) / divisor`
#[derive(Debug, Clone, PartialEq, Default)]
struct Linear {
    parts: Vec<Part>,
    constant: f64,
    divisor: f64,
    sums_up: bool,
}

/// What the extension says; none, with a finding, when it is in another language.
pub(super) fn expression(extension: &Extension<'_>, out: &mut Vec<Finding>) -> Option<Calculated> {
    let fields = extension.expression(out)?;
    let language = fields.text("language", out);
    let expression = fields.text("expression", out)?;
    if language != Some("text/fhirpath") {
        let message = "A calculatedExpression must be in text/fhirpath.";
        out.push(fields.place().member("language").error("expression_not_supported", message));
        return None;
    }
    Some(Calculated { expression: expression.to_owned(), place: fields.place().member("expression") })
}

/// Adds a score for every calculated item. The variables stand on the questionnaire itself.
pub(super) fn scores(definition: &mut Definition, fields: &Fields<'_>, out: &mut Vec<Finding>) {
    let variables = variables(fields, out);
    let calculated: Vec<(usize, Calculated)> = definition
        .items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| Some((index, item.marks.calculated.clone()?)))
        .collect();
    for (index, calculated) in calculated {
        match score(definition, &variables, index, &calculated, out) {
            Ok(score) => definition.scores.push(score),
            Err(message) => {
                let message = format!("This calculatedExpression is not understood: {message}");
                out.push(calculated.place.error("expression_not_supported", message));
            }
        }
    }
}

fn variables(fields: &Fields<'_>, out: &mut Vec<Finding>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for extension in extensions(fields, &mut Vec::new()) {
        if extension.standard() != Some("variable") {
            continue;
        }
        let Some(fields) = extension.expression(out) else { continue };
        if let (Some(name), Some(text)) = (fields.text("name", out), fields.text("expression", out)) {
            found.push((name.to_owned(), text.to_owned()));
        }
    }
    found
}

fn score(
    definition: &Definition,
    variables: &[(String, String)],
    index: usize,
    calculated: &Calculated,
    out: &mut Vec<Finding>,
) -> Result<ScoreDefinition, String> {
    let mut reader = Reader { variables, steps: 0 };
    let linear = reader.whole(&calculated.expression, 0)?;
    let Some(item) = definition.item(index) else { return Err("there is no such item.".to_owned()) };
    if item.link_id.chars().count() > MAX_CODE {
        return Err("the linkId, which names the score, has more than 64 characters.".to_owned());
    }
    if definition.scores().iter().any(|score| score.code == item.link_id) {
        return Err(format!("there is already a score “{}”.", item.link_id));
    }
    let mut terms: Vec<Term> = Vec::new();
    for part in &linear.parts {
        let counted = countable(definition, &part.link_id)?;
        let is_choice = definition.item(counted).is_some_and(|item| item.kind.is_choice());
        if is_choice && !part.weighed {
            return Err(format!("“{}” is a choice, so its ordinal() must be taken.", part.link_id));
        }
        let term = Term { weight: part.factor, ..Term::of_item(counted) };
        match terms.iter_mut().find(|earlier| earlier.operand == term.operand) {
            Some(earlier) => earlier.weight += term.weight,
            None => terms.push(term),
        }
    }
    if terms.is_empty() || terms.iter().any(|term| term.weight.total_cmp(&0.0).is_eq()) {
        return Err("it counts no answer.".to_owned());
    }
    if linear.sums_up {
        let message =
            "sum() and avg() pass over missing answers; here there is no score until all are given.";
        out.push(calculated.place.warning("expression_stricter", message));
    }
    let (method, rescale) = shape(&linear, &terms);
    Ok(ScoreDefinition {
        code: item.link_id.clone(),
        title: item.words().to_owned(),
        terms,
        method,
        missing: MissingRule::AllRequired,
        rescale,
        bands: Vec::new(),
        change: None,
        source: Some(format!("calculatedExpression of “{}”", item.link_id)),
        min: None,
        max: None,
    })
}

/// A mean where it is one; else the sum, with what is added and what it is divided by as a rescaling.
fn shape(linear: &Linear, terms: &[Term]) -> (Method, Option<Rescale>) {
    let is = |one: f64, other: f64| one.total_cmp(&other).is_eq();
    let (constant, divisor) = (linear.constant, linear.divisor);
    let all: f64 = terms.iter().map(|term| term.weight).sum();
    if is(constant, 0.0) && is(divisor, 1.0) {
        return (Method::Sum, None);
    }
    if is(constant, 0.0) && is(divisor, all) && terms.iter().all(|term| term.weight > 0.0) {
        return (Method::Mean, None);
    }
    let low = constant / divisor;
    (Method::Sum, Some(Rescale { from: 0.0, to: divisor, low, high: low + 1.0 }))
}

struct Reader<'v> {
    variables: &'v [(String, String)],
    steps: usize,
}

/// The tokens of one expression, and how far they have been read.
struct Line {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Line {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: char) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("“{sign}” is missing {}.", self.place())) }
    }

    fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err("it nests too deep.".to_owned()) } else { Ok(()) }
    }

    /// Where reading stands, in words.
    fn place(&self) -> String {
        match self.peek() {
            Some(token) => format!("before “{token}”"),
            None => "at the end".to_owned(),
        }
    }
}

impl Reader<'_> {
    fn whole(&mut self, text: &str, depth: usize) -> Result<Linear, String> {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > MAX_STEPS {
            return Err("it nests too deep.".to_owned());
        }
        let mut line = Line { tokens: tokens(text)?, at: 0, depth };
        let found = self.sum(&mut line)?;
        match line.peek() {
            None => Ok(found),
            Some(token) => Err(format!("“{token}” is not supported here.")),
        }
    }

    fn sum(&mut self, line: &mut Line) -> Result<Linear, String> {
        let mut total = self.product(line)?;
        loop {
            let sign = if line.take('+') {
                1.0
            } else if line.take('-') {
                -1.0
            } else {
                return Ok(total);
            };
            total = total.plus(self.product(line)?.times(sign))?;
        }
    }

    fn product(&mut self, line: &mut Line) -> Result<Linear, String> {
        let mut total = self.factor(line)?;
        loop {
            if line.take('*') {
                let other = self.factor(line)?;
                total = match (total.number(), other.number()) {
                    (_, Some(number)) => total.times(number),
                    (Some(number), None) => other.times(number),
                    (None, None) => return Err("two answers are multiplied.".to_owned()),
                };
            } else if line.take('/') {
                let divisor = self.factor(line)?.number().filter(|number| *number > 0.0);
                let divisor = divisor.ok_or("it divides by something other than a number above 0.")?;
                total.divisor *= divisor;
            } else {
                return Ok(total);
            }
        }
    }

    fn factor(&mut self, line: &mut Line) -> Result<Linear, String> {
        let place = line.place();
        match line.next() {
            Some(Token::Number(number)) => Ok(Linear::of_number(number)),
            Some(Token::Sign('-')) => {
                line.deeper()?;
                let negative = self.factor(line)?.times(-1.0);
                line.depth -= 1;
                Ok(negative)
            }
            Some(Token::Sign('(')) => {
                line.deeper()?;
                let inner = self.sum(line)?;
                line.need(')')?;
                line.depth -= 1;
                match line.peek() {
                    Some(Token::Sign('.')) => Err("a method on a bracket is not supported.".to_owned()),
                    _ => Ok(inner),
                }
            }
            Some(Token::Name(name)) => self.path(&name, line),
            Some(token) => Err(format!("“{token}” is not supported here.")),
            None => Err(format!("something is missing {place}.")),
        }
    }

    fn path(&mut self, start: &str, line: &mut Line) -> Result<Linear, String> {
        let mut path = Path::default();
        match start {
            "%resource" | "%context" => {}
            "item" | "descendants" | "repeat" => path.step(start, line)?,
            _ => {
                let Some(name) = start.strip_prefix('%') else {
                    return Err(format!("“{start}” is not supported."));
                };
                let variable = self.variables.iter().find(|(known, _)| known == name);
                let Some((_, text)) = variable else {
                    return Err(format!("no variable is called “{name}”."));
                };
                return match line.peek() {
                    Some(Token::Sign('.')) => {
                        Err(format!("a method on the variable “{name}” is not supported."))
                    }
                    _ => self.whole(text, line.depth + 1),
                };
            }
        }
        while line.take('.') {
            match line.next() {
                Some(Token::Name(name)) => path.step(&name, line)?,
                _ => return Err(format!("a name is missing {}.", line.place())),
            }
        }
        path.end()
    }
}

/// A walk from the response to the values of some items.
#[derive(Default)]
struct Path {
    link_ids: Vec<String>,
    has_answer: bool,
    has_value: bool,
    weighed: bool,
    in_weight: bool,
    adds: bool,
    averages: bool,
}

impl Path {
    fn step(&mut self, name: &str, line: &mut Line) -> Result<(), String> {
        match name {
            "item" => self.link_ids.clear(),
            "descendants" => call(line)?,
            "repeat" => {
                line.need('(')?;
                if line.next() != Some(Token::Name("item".to_owned())) {
                    return Err("only repeat(item) is supported.".to_owned());
                }
                line.need(')')?;
            }
            "where" if self.in_weight => weight_url(line)?,
            "where" => self.link_ids = link_ids(line)?,
            "answer" => self.has_answer = true,
            "extension" if self.has_value => {
                self.in_weight = true;
                if line.take('(') {
                    is_weight(line.next())?;
                    line.need(')')?;
                }
            }
            "valueDecimal" | "value" if self.in_weight => self.weighed = true,
            "value" | "valueInteger" | "valueDecimal" | "valueCoding" => self.has_value = true,
            "ordinal" | "weight" => {
                call(line)?;
                self.weighed = true;
            }
            "sum" => {
                call(line)?;
                self.adds = true;
            }
            "avg" => {
                call(line)?;
                self.averages = true;
            }
            "first" | "single" => call(line)?,
            other => return Err(format!("“{other}” is not supported.")),
        }
        Ok(())
    }

    fn end(self) -> Result<Linear, String> {
        if self.link_ids.is_empty() {
            return Err("each item must be named: where(linkId = '..').".to_owned());
        }
        if !self.has_answer || !self.has_value {
            return Err("it must end at answer.value.".to_owned());
        }
        if self.link_ids.len() > 1 && !self.adds && !self.averages {
            return Err("it names several items without sum() or avg().".to_owned());
        }
        let mut number = 0.0;
        let mut parts = Vec::new();
        for link_id in self.link_ids {
            number += 1.0;
            parts.push(Part { link_id, factor: 1.0, weighed: self.weighed });
        }
        Ok(Linear {
            parts,
            constant: 0.0,
            divisor: if self.averages { number } else { 1.0 },
            sums_up: number > 1.0,
        })
    }
}

/// `()`
fn call(line: &mut Line) -> Result<(), String> {
    line.need('(')?;
    line.need(')')
}

/// `(linkId = 'a' or linkId = 'b')`, or `(linkId in ('a' | 'b'))`
fn link_ids(line: &mut Line) -> Result<Vec<String>, String> {
    let refused =
        || "only where(linkId = '..'), joined by or, and where(linkId in (..)) are supported.".to_owned();
    let mut found = Vec::new();
    line.need('(')?;
    loop {
        if line.next() != Some(Token::Name("linkId".to_owned())) {
            return Err(refused());
        }
        match line.next() {
            Some(Token::Sign('=')) => match line.next() {
                Some(Token::Text(link_id)) => found.push(link_id),
                _ => return Err(refused()),
            },
            Some(Token::Name(name)) if name == "in" => {
                line.need('(')?;
                loop {
                    match line.next() {
                        Some(Token::Text(link_id)) => found.push(link_id),
                        _ => return Err(refused()),
                    }
                    if !line.take('|') {
                        break;
                    }
                }
                line.need(')')?;
            }
            _ => return Err(refused()),
        }
        if line.peek() != Some(&Token::Name("or".to_owned())) {
            break;
        }
        line.at += 1;
    }
    line.need(')')?;
    Ok(found)
}

/// `(url = 'http://hl7.org/fhir/StructureDefinition/ordinalValue')`
fn weight_url(line: &mut Line) -> Result<(), String> {
    line.need('(')?;
    if line.next() != Some(Token::Name("url".to_owned())) {
        return Err("only where(url = '..') is supported on an extension.".to_owned());
    }
    line.need('=')?;
    is_weight(line.next())?;
    line.need(')')
}

fn is_weight(token: Option<Token>) -> Result<(), String> {
    match token {
        Some(Token::Text(url)) if url.ends_with("/ordinalValue") || url.ends_with("/itemWeight") => Ok(()),
        _ => Err("only the extensions ordinalValue and itemWeight are supported.".to_owned()),
    }
}

impl Linear {
    fn of_number(number: f64) -> Self {
        Self { constant: number, divisor: 1.0, ..Self::default() }
    }

    /// The number, where it is nothing else.
    fn number(&self) -> Option<f64> {
        self.parts.is_empty().then(|| self.constant / self.divisor)
    }

    fn times(mut self, number: f64) -> Self {
        for part in &mut self.parts {
            part.factor *= number;
        }
        self.constant *= number;
        self
    }

    fn plus(self, other: Self) -> Result<Self, String> {
        let (one, two) = (self.divisor, other.divisor);
        let (left, right) =
            if one.total_cmp(&two).is_eq() { (self, other) } else { (self.times(two), other.times(one)) };
        let divisor = if one.total_cmp(&two).is_eq() { one } else { one * two };
        let sums_up = left.sums_up || right.sums_up;
        let constant = left.constant + right.constant;
        if !divisor.is_finite() || !constant.is_finite() {
            return Err("its numbers are too large.".to_owned());
        }
        let parts = left.parts.into_iter().chain(right.parts).collect();
        Ok(Self { parts, constant, divisor, sums_up })
    }
}
