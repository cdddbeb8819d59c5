//! Judging an attachment: its content type, how large it is, and whether its data is what it says it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use sha1::{Digest, Sha1};

use super::coding::Attachment;
use super::finding::{Finding, Place};
use super::item::Item;

/// What HL7 calls a megabyte is not said; this is the larger of the two.
const MEGABYTE: f64 = 1_048_576.0;

/// Judges an attachment against its item, and against itself.
pub(super) fn judge(item: &Item, attachment: &Attachment, place: &Place, out: &mut Vec<Finding>) {
    let text = |name: &str| attachment.0.get(name).and_then(Json::as_str);
    let allowed = &item.limits.mime_types;
    let content_type = text("contentType");
    match content_type {
        Some(kind) if !allowed.is_empty() && !allowed.iter().any(|allowed| covers(allowed, kind)) => {
            let message = format!("This must be one of: {}.", allowed.join(", "));
            out.push(place.member("contentType").error("content_type_not_allowed", message));
        }
        None if text("data").is_some() => {
            let message = "With data it must be said of what type it is (contentType).";
            out.push(place.member("contentType").error("content_type_missing", message));
        }
        None if !allowed.is_empty() => {
            let message = format!("It must be said of what type this is: {}.", allowed.join(", "));
            out.push(place.member("contentType").error("content_type_missing", message));
        }
        _ => {}
    }
    let said = attachment.0.get("size");
    let size = said.and_then(Json::as_u64).and_then(|size| u32::try_from(size).ok());
    if said.is_some() && size.is_none() {
        let message = "This must be a whole number of bytes, zero or more.";
        out.push(place.member("size").error("wrong_type", message));
    }
    let data = text("data").map(bytes);
    match &data {
        Some(None) => out.push(place.member("data").error("not_base64", "This is not base64.")),
        Some(Some(data)) => {
            if size.is_some_and(|size| usize::try_from(size) != Ok(data.len())) {
                let message = format!("The data has {} bytes.", data.len());
                out.push(place.member("size").error("size_differs", message));
            }
            if text("hash").and_then(bytes).is_some_and(|hash| hash != Sha1::digest(data).as_slice()) {
                let message = "This is not the SHA-1 of the data.";
                out.push(place.member("hash").error("hash_differs", message));
            }
        }
        None => {}
    }
    if text("hash").is_some_and(|hash| bytes(hash).is_none_or(|hash| hash.len() != 20)) {
        out.push(place.member("hash").error("hash_malformed", "A hash is the SHA-1 of the data in base64."));
    }
    let counted = data.flatten().and_then(|data| u32::try_from(data.len()).ok());
    let largest = counted.into_iter().chain(size).max();
    let most = item.limits.max_megabytes;
    if let (Some(largest), Some(most)) = (largest, most)
        && f64::from(largest) > most * MEGABYTE
    {
        out.push(place.error("attachment_too_large", format!("This may have {most} MB.")));
    }
}

/// Whether a content type is the allowed one, parameters such as the character set aside; `image/*` allows all images.
fn covers(allowed: &str, content_type: &str) -> bool {
    let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match allowed.strip_suffix('*').filter(|family| family.ends_with('/')) {
        Some(family) => bare.starts_with(family),
        None => bare == allowed,
    }
}

/// The bytes of a base64 text, which may be broken into lines.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let bare: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(bare).ok()
}

#[cfg(test)]
mod tests {
    use crate::instrument::answer::Answers;
    use crate::instrument::judge::judge_answer;
    use crate::instrument::testing::{answer, definition};
    use serde_json::{Value as Json, json};

    /// The code and the last step of the pointer of each finding about an attachment.
    fn judged(extensions: Json, attachment: Json) -> Vec<(&'static str, String)> {
        let mut item = json!({"linkId": "q", "type": "attachment"});
        if extensions != json!([]) {
            item["extension"] = extensions;
        }
        let values = json!([{"valueAttachment": attachment}]);
        let found = judge_answer(&definition(json!([item])), &Answers::default(), &answer("q", values), "");
        let last = |pointer: &str| pointer.rsplit('/').next().unwrap_or_default().to_owned();
        found.into_iter().map(|finding| (finding.code, last(&finding.pointer))).collect()
    }

    fn hl7(name: &str, member: &str, value: Json) -> Json {
        json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), member: value})
    }

    #[test]
    fn the_content_type_is_one_of_those_allowed() {
        let images = json!([
            hl7("mimeType", "valueCode", json!("image/*")),
            hl7("mimeType", "valueCode", json!("text/plain"))
        ]);
        for kind in ["image/png", "text/plain; charset=utf-8", "TEXT/plain"] {
            let sent = json!({"contentType": kind, "url": "https://example.org/a"});
            assert!(judged(images.clone(), sent).is_empty(), "{kind}");
        }
        let sent = json!({"contentType": "application/pdf", "url": "https://example.org/a"});
        assert_eq!(judged(images.clone(), sent), [("content_type_not_allowed", "contentType".to_owned())]);
        let sent = json!({"url": "https://example.org/a"});
        assert_eq!(judged(images, sent), [("content_type_missing", "contentType".to_owned())]);
    }

    #[test]
    fn data_needs_a_type_and_must_be_base64() {
        assert_eq!(judged(json!([]), json!({"data": "YWJj"}))[0].0, "content_type_missing");
        let sent = |data: &str| judged(json!([]), json!({"contentType": "text/plain", "data": data}));
        assert!(sent("YWJj").is_empty() && sent("YW\r\nJj").is_empty());
        for wrong in ["YWJ", "YW!j", "YWI"] {
            assert_eq!(sent(wrong), [("not_base64", "data".to_owned())], "{wrong}");
        }
    }

    #[test]
    fn size_and_hash_are_those_of_the_data() {
        let sent = |more: Json| {
            let mut attachment = json!({"contentType": "text/plain", "data": "YWJj"});
            attachment.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            judged(json!([]), attachment)
        };
        // The SHA-1 of "abc" (FIPS 180-4, example).
        assert!(sent(json!({"size": 3, "hash": "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="})).is_empty());
        assert_eq!(sent(json!({"size": 4})), [("size_differs", "size".to_owned())]);
        assert_eq!(sent(json!({"size": -4})), [("wrong_type", "size".to_owned())]);
        let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(sent(json!({"hash": other})), [("hash_differs", "hash".to_owned())]);
        assert!(sent(json!({"hash": "YWJj"})).contains(&("hash_malformed", "hash".to_owned())));
    }

    #[test]
    fn an_attachment_has_an_end() {
        let small = json!([hl7("maxSize", "valueDecimal", json!(0.5))]);
        let sent = |size: u32| json!({"url": "https://example.org/a", "size": size});
        assert!(judged(small.clone(), sent(524_288)).is_empty());
        assert_eq!(judged(small, sent(524_289))[0].0, "attachment_too_large");
    }
}
