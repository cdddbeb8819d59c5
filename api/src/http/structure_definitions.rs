//! The extensions of ours that a FHIR document from here may carry, as FHIR describes them.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{ServiceConfig, get, resource};

use super::problem::Problem;
use super::query::Path;

/// Name and text of each; the same files as under `docs/fhir`.
const ALL: [(&str, &str); 18] = [
    ("administration", include_str!("../../../docs/fhir/administration.json")),
    ("alert", include_str!("../../../docs/fhir/alert.json")),
    ("alert-rule", include_str!("../../../docs/fhir/alert-rule.json")),
    ("answer-origin", include_str!("../../../docs/fhir/answer-origin.json")),
    ("answer-state", include_str!("../../../docs/fhir/answer-state.json")),
    ("assistance", include_str!("../../../docs/fhir/assistance.json")),
    ("concern", include_str!("../../../docs/fhir/concern.json")),
    ("help-text", include_str!("../../../docs/fhir/help-text.json")),
    ("kind", include_str!("../../../docs/fhir/kind.json")),
    ("licence", include_str!("../../../docs/fhir/licence.json")),
    ("private-section", include_str!("../../../docs/fhir/private-section.json")),
    ("role", include_str!("../../../docs/fhir/role.json")),
    ("safety-item", include_str!("../../../docs/fhir/safety-item.json")),
    ("score", include_str!("../../../docs/fhir/score.json")),
    ("section", include_str!("../../../docs/fhir/section.json")),
    ("segment", include_str!("../../../docs/fhir/segment.json")),
    ("validated-mode", include_str!("../../../docs/fhir/validated-mode.json")),
    ("wording", include_str!("../../../docs/fhir/wording.json")),
];

/// `/v1/fhir/StructureDefinition/{name}`
pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/v1/fhir/StructureDefinition/{name}").route(get().to(definition)));
}

async fn definition(name: Path<String>) -> Result<HttpResponse, Problem> {
    let (_, text) = ALL.iter().find(|(known, _)| *known == name.as_str()).ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, super::FHIR_JSON))
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(*text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alongside_domain::instrument::{ANSWER_ORIGIN, ANSWER_STATE, OWN_EXTENSIONS};
    use serde_json::Value;

    #[test]
    fn each_describes_the_extension_it_is_called_by() {
        for (name, text) in ALL {
            let definition: Value = serde_json::from_str(text).unwrap();
            let url = format!("{OWN_EXTENSIONS}{name}");
            assert_eq!(
                (&definition["id"], &definition["url"]),
                (&Value::from(name), &Value::from(url.clone()))
            );
            assert_eq!(definition["resourceType"], "StructureDefinition");
            assert_eq!(
                (&definition["type"], &definition["derivation"]),
                (&"Extension".into(), &"constraint".into())
            );
            let elements = definition["differential"]["element"].as_array().unwrap();
            let fixed = elements.iter().find(|element| element["path"] == "Extension.url").unwrap();
            assert_eq!(fixed["fixedUri"], Value::from(url), "{name}");
            for element in elements {
                let (id, path) = (element["id"].as_str().unwrap(), element["path"].as_str().unwrap());
                let bare: Vec<&str> = id.split('.').map(|step| step.split(':').next().unwrap()).collect();
                assert_eq!(bare.join("."), path, "{name}");
            }
        }
    }

    #[test]
    fn every_extension_that_is_written_is_described() {
        for url in [ANSWER_ORIGIN, ANSWER_STATE] {
            assert!(ALL.iter().any(|(name, _)| url == format!("{OWN_EXTENSIONS}{name}")), "{url}");
        }
    }

    /// The parts of an extension that a document uses, by their names, as deep as they go.
    fn parts(extension: &Value, path: &str, found: &mut Vec<String>) {
        for part in extension["extension"].as_array().into_iter().flatten() {
            let path = format!("{path}.extension:{}", part["url"].as_str().unwrap());
            parts(part, &path, found);
            found.push(path);
        }
    }

    #[test]
    fn every_extension_of_what_ships_is_described_with_all_its_parts() {
        let mut used = std::collections::BTreeSet::new();
        for shipped in alongside_domain::content::instruments() {
            let document: Value = serde_json::from_str(shipped.source).unwrap();
            let mut open = vec![&document];
            while let Some(element) = open.pop() {
                open.extend(element["item"].as_array().into_iter().flatten());
                for extension in element["extension"].as_array().into_iter().flatten() {
                    let Some(name) = extension["url"].as_str().unwrap().strip_prefix(OWN_EXTENSIONS) else {
                        continue;
                    };
                    let mut found = Vec::new();
                    parts(extension, "Extension", &mut found);
                    let (_, text) =
                        ALL.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{name}"));
                    let definition: Value = serde_json::from_str(text).unwrap();
                    let elements = definition["differential"]["element"].as_array().unwrap();
                    for part in found {
                        assert!(elements.iter().any(|element| element["id"] == part), "{name}: {part}");
                    }
                    used.insert(name.to_owned());
                }
            }
        }
        assert!(used.len() >= 12, "{used:?}");
    }
}
