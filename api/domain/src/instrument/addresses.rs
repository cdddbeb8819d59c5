//! Whether an address and a reference are ones that FHIR R4 knows.

/// The types of resource of FHIR R4 (code system `resource-types`), in the order of the alphabet.
const RESOURCE_TYPES: [&str; 146] = [
    "Account",
    "ActivityDefinition",
    "AdverseEvent",
    "AllergyIntolerance",
    "Appointment",
    "AppointmentResponse",
    "AuditEvent",
    "Basic",
    "Binary",
    "BiologicallyDerivedProduct",
    "BodyStructure",
    "Bundle",
    "CapabilityStatement",
    "CarePlan",
    "CareTeam",
    "CatalogEntry",
    "ChargeItem",
    "ChargeItemDefinition",
    "Claim",
    "ClaimResponse",
    "ClinicalImpression",
    "CodeSystem",
    "Communication",
    "CommunicationRequest",
    "CompartmentDefinition",
    "Composition",
    "ConceptMap",
    "Condition",
    "Consent",
    "Contract",
    "Coverage",
    "CoverageEligibilityRequest",
    "CoverageEligibilityResponse",
    "DetectedIssue",
    "Device",
    "DeviceDefinition",
    "DeviceMetric",
    "DeviceRequest",
    "DeviceUseStatement",
    "DiagnosticReport",
    "DocumentManifest",
    "DocumentReference",
    "EffectEvidenceSynthesis",
    "Encounter",
    "Endpoint",
    "EnrollmentRequest",
    "EnrollmentResponse",
    "EpisodeOfCare",
    "EventDefinition",
    "Evidence",
    "EvidenceVariable",
    "ExampleScenario",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "GraphDefinition",
    "Group",
    "GuidanceResponse",
    "HealthcareService",
    "ImagingStudy",
    "Immunization",
    "ImmunizationEvaluation",
    "ImmunizationRecommendation",
    "ImplementationGuide",
    "InsurancePlan",
    "Invoice",
    "Library",
    "Linkage",
    "List",
    "Location",
    "Measure",
    "MeasureReport",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationKnowledge",
    "MedicationRequest",
    "MedicationStatement",
    "MedicinalProduct",
    "MedicinalProductAuthorization",
    "MedicinalProductContraindication",
    "MedicinalProductIndication",
    "MedicinalProductIngredient",
    "MedicinalProductInteraction",
    "MedicinalProductManufactured",
    "MedicinalProductPackaged",
    "MedicinalProductPharmaceutical",
    "MedicinalProductUndesirableEffect",
    "MessageDefinition",
    "MessageHeader",
    "MolecularSequence",
    "NamingSystem",
    "NutritionOrder",
    "Observation",
    "ObservationDefinition",
    "OperationDefinition",
    "OperationOutcome",
    "Organization",
    "OrganizationAffiliation",
    "Parameters",
    "Patient",
    "PaymentNotice",
    "PaymentReconciliation",
    "Person",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "RequestGroup",
    "ResearchDefinition",
    "ResearchElementDefinition",
    "ResearchStudy",
    "ResearchSubject",
    "RiskAssessment",
    "RiskEvidenceSynthesis",
    "Schedule",
    "SearchParameter",
    "ServiceRequest",
    "Slot",
    "Specimen",
    "SpecimenDefinition",
    "StructureDefinition",
    "StructureMap",
    "Subscription",
    "Substance",
    "SubstanceNucleicAcid",
    "SubstancePolymer",
    "SubstanceProtein",
    "SubstanceReferenceInformation",
    "SubstanceSourceMaterial",
    "SubstanceSpecification",
    "SupplyDelivery",
    "SupplyRequest",
    "Task",
    "TerminologyCapabilities",
    "TestReport",
    "TestScript",
    "ValueSet",
    "VerificationResult",
    "VisionPrescription",
];

/// Whether FHIR R4 has resources of this type.
pub(super) fn is_resource_type(name: &str) -> bool {
    RESOURCE_TYPES.binary_search(&name).is_ok()
}

/// Whether a text can be an address as RFC 3986 has it. Letters of all languages are let through, as browsers do; a
/// `urn:uuid:` or `urn:oid:` must be one.
pub(super) fn is_address(text: &str) -> bool {
    let is_foreign = |letter: char| {
        letter.is_whitespace()
            || letter.is_control()
            || matches!(letter, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}')
    };
    if text.chars().any(is_foreign) {
        return false;
    }
    match (text.strip_prefix("urn:uuid:"), text.strip_prefix("urn:oid:")) {
        (Some(uuid), _) => is_uuid(uuid),
        (_, Some(oid)) => is_oid(oid),
        _ => true,
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

fn is_oid(text: &str) -> bool {
    let mut parts = text.split('.');
    let begins = matches!(parts.next(), Some("0" | "1" | "2"));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    begins && text.contains('.') && parts.all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_stand_in_order_each_once() {
        assert!(RESOURCE_TYPES.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_resource_type("Patient") && is_resource_type("VisionPrescription"));
        assert!(
            !is_resource_type("Chicken")
                && !is_resource_type("patient")
                && !is_resource_type("DomainResource")
        );
    }

    #[test]
    fn an_address_has_the_form_of_one() {
        for good in [
            "https://example.org/a?b=c#d",
            "Patient/1",
            "mailto:jo@example.org",
            "https://example.org/ścieżka",
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
            "urn:oid:2.16.840.1.113883.6.1",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "https://example.org/a b",
            r"c:\temp\example.txt",
            "<https://example.org>",
            "https://example.org/{id}",
            "urn:uuid:c757873d-ec9a-4326-a141-556f43239520asdf",
            "urn:uuid:c757873dec9a4326a141556f43239520",
            "urn:oid:2.16.x",
            "urn:oid:2",
            "urn:oid:3.1",
            "urn:oid:2.016",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
