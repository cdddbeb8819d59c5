//! What a caller likes best: media types and languages, as RFC 9110 lets him say it.

use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderName};
use alongside_domain::language::Language;

/// Most languages that are looked at.
const MOST_LANGUAGES: usize = 32;

/// A header that may be there several times, as one list.
fn joined(headers: &HeaderMap, name: HeaderName) -> String {
    let values: Vec<&str> = headers.get_all(name).filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

/// The one of `forms` that the caller likes best; the first of equals. None when he wants none of them.
pub fn preferred<T: Copy>(headers: &HeaderMap, forms: &[T], media_type: fn(T) -> &'static str) -> Option<T> {
    let accept = joined(headers, ACCEPT);
    let mut best: Option<(u16, T)> = None;
    for form in forms {
        let liked = liking(&accept, media_type(*form));
        if liked > best.map_or(0, |(most, _)| most) {
            best = Some((liked, *form));
        }
    }
    best.map(|(_, form)| form)
}

/// How much a media type is wanted, in thousandths. The most specific range decides.
fn liking(accept: &str, media_type: &str) -> u16 {
    if accept.trim().is_empty() {
        return 1000;
    }
    let family = media_type.split('/').next().unwrap_or_default();
    let mut best: Option<(u8, u16)> = None;
    for range in accept.split(',') {
        let (name, quality) = weighted(range);
        let specific = match name.to_ascii_lowercase().as_str() {
            "*/*" => 0,
            name if name == media_type => 2,
            name if name.strip_suffix("/*") == Some(family) => 1,
            _ => continue,
        };
        if best.is_none_or(|(known, _)| specific >= known) {
            best = Some((specific, quality));
        }
    }
    best.map_or(0, |(_, quality)| quality)
}

/// The languages the caller reads, the best liked first. What is no language, and `*`, says nothing.
#[must_use]
pub fn languages(headers: &HeaderMap) -> Vec<Language> {
    let accept = joined(headers, ACCEPT_LANGUAGE);
    let wanted = accept.split(',').map(weighted).filter(|(_, quality)| *quality > 0);
    let mut wanted: Vec<(u16, Language)> =
        wanted.filter_map(|(tag, quality)| Some((quality, tag.parse().ok()?))).take(MOST_LANGUAGES).collect();
    // Equals stay in the order they came in.
    wanted.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    wanted.into_iter().map(|(_, language)| language).collect()
}

/// `text/html;q=0.8` as its name and 800.
fn weighted(range: &str) -> (&str, u16) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, quality.map_or(1000, thousandths))
}

/// `0.8` as 800: at most three decimal places. What is no weight asks for nothing less.
fn thousandths(quality: &str) -> u16 {
    let (whole, rest) = quality.split_once('.').unwrap_or((quality, ""));
    match (whole, format!("{rest:0<3}").get(..3).map(str::parse::<u16>)) {
        ("0", Some(Ok(places))) => places,
        _ => 1000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn languages_come_in_the_order_they_are_liked() {
        for (header, expected) in [
            ("pl, en-GB;q=0.8, cy;q=0.9", &["pl", "cy", "en-GB"][..]),
            ("*, pl;q=0.5", &["pl"]),
            ("pl;q=0, EN-gb", &["en-GB"]),
            ("de;q=0.3,fr;q=0.3", &["de", "fr"]),
            ("!!, x", &[]),
            ("", &[]),
        ] {
            let request = TestRequest::get().insert_header((ACCEPT_LANGUAGE, header)).to_http_request();
            let found = languages(request.headers());
            assert_eq!(found.iter().map(Language::as_str).collect::<Vec<_>>(), expected, "{header}");
        }
    }
}
