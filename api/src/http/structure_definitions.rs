//! The extensions of ours that a FHIR document from here may carry, as FHIR describes them.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{ServiceConfig, get, resource};

use super::problem::Problem;
use super::query::Path;

/// Name and text of each; the same files as under `docs/fhir`.
const ALL: [(&str, &str); 4] = [
    ("answer-origin", include_str!("../../../docs/fhir/answer-origin.json")),
    ("answer-state", include_str!("../../../docs/fhir/answer-state.json")),
    ("assistance", include_str!("../../../docs/fhir/assistance.json")),
    ("segment", include_str!("../../../docs/fhir/segment.json")),
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
}
