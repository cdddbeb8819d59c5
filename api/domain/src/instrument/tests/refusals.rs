//! What is refused on import, where it is pointed at, and what is only warned about.

use serde_json::{Value as Json, json};

use crate::instrument::testing::{
    codes, needs_assessment, own, part, questionnaire, refused, scored_questionnaire,
};
use crate::instrument::{Definition, Finding, MAX_DEPTH, MAX_ITEMS};

/// The code and pointer of every finding about a questionnaire with these items.
fn findings(items: Json) -> Vec<(&'static str, String)> {
    let findings = match Definition::parse(&questionnaire(items)) {
        Ok(parsed) => parsed.warnings,
        Err(findings) => findings,
    };
    findings.into_iter().map(|finding| (finding.code, finding.pointer)).collect()
}

/// The one finding about an item.
fn finding(item: Json) -> (&'static str, String) {
    let mut all = findings(json!([item]));
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn hl7(name: &str, member: &str, value: Json) -> Json {
    json!({"url": format!("http://hl7.org/fhir/StructureDefinition/{name}"), member: value})
}

#[test]
fn only_a_questionnaire_or_a_bundle_of_one_is_read() {
    assert_eq!(codes(&refused(&json!(7))), ["wrong_type"]);
    assert_eq!(codes(&refused(&json!({"resourceType": "Patient"}))), ["wrong_resource_type"]);
    assert_eq!(codes(&refused(&json!({"resourceType": "Bundle"}))), ["questionnaire_missing"]);
    let entry = json!({"resource": questionnaire(json!([{"linkId": "a", "type": "boolean"}]))});
    let two = refused(&json!({"resourceType": "Bundle", "entry": [entry, entry]}));
    assert_eq!((two[0].code, two[0].pointer.as_str()), ("several_questionnaires", "/entry/1/resource"));
    assert_eq!(codes(&refused(&json!({"resourceType": "Questionnaire"}))), ["unknown_status", "no_items"]);
}

#[test]
fn a_finding_inside_a_bundle_points_through_it() {
    let broken = questionnaire(json!([{"linkId": "a", "type": "colour"}]));
    let found = refused(&json!({"resourceType": "Bundle", "entry": [{"resource": broken}]}));
    assert_eq!(found[0].pointer, "/entry/0/resource/item/0/type");
    assert_eq!(found[0].path, "Bundle.entry[0].resource.item[0].type");
}

#[test]
fn link_ids_are_addresses() {
    assert_eq!(finding(json!({"type": "boolean"})), ("link_id_missing", "/item/0/linkId".into()));
    assert_eq!(finding(json!({"linkId": " a", "type": "boolean"})).0, "link_id_malformed");
    assert_eq!(finding(json!({"linkId": "a".repeat(256), "type": "boolean"})).0, "link_id_too_long");
    let twice = findings(json!([{"linkId": "a", "type": "boolean"}, {"linkId": "a", "type": "boolean"}]));
    assert_eq!(twice, [("link_id_twice", "/item/1/linkId".into())]);
}

#[test]
fn types_decide_what_belongs_together() {
    let with = |kind: &str, name: &str, value: Json| {
        let mut item = json!({"linkId": "a", "type": kind});
        item[name] = value;
        finding(item).0
    };
    assert_eq!(finding(json!({"linkId": "a"})), ("type_missing", "/item/0/type".into()));
    assert_eq!(
        finding(json!({"linkId": "a", "type": "colour"})),
        ("unknown_item_type", "/item/0/type".into())
    );
    assert_eq!(finding(json!({"linkId": "a", "type": "group"})).0, "group_empty");
    assert_eq!(with("display", "item", json!([{"linkId": "b", "type": "boolean"}])), "display_with_items");
    assert_eq!(with("display", "required", json!(true)), "not_allowed_on_display");
    assert_eq!(with("display", "initial", json!([{"valueString": "x"}])), "initial_not_allowed");
    assert_eq!(with("integer", "initial", json!([{"valueString": "x"}])), "initial_of_wrong_type");
    assert_eq!(
        with("string", "initial", json!([{"valueString": "x"}, {"valueString": "y"}])),
        "initial_not_allowed"
    );
    assert_eq!(with("boolean", "answerOption", json!([{"valueInteger": 1}])), "options_not_allowed");
    assert_eq!(with("integer", "answerOption", json!([{"valueString": "x"}])), "option_of_wrong_type");
    assert_eq!(with("date", "maxLength", json!(3)), "max_length_not_allowed");
    assert_eq!(with("string", "colour", json!("red")), "unknown_member");
    assert_eq!(with("string", "required", json!("yes")), "wrong_type");
    assert_eq!(with("string", "prefix", json!(3)), "wrong_type");
}

#[test]
fn a_group_offers_no_options() {
    let group = json!({"linkId": "g", "type": "group", "answerOption": [{"valueInteger": 1}],
        "item": [{"linkId": "a", "type": "boolean"}]});
    assert_eq!(finding(group), ("options_not_allowed", "/item/0/answerOption".into()));
}

#[test]
fn modifier_extensions_are_refused_wherever_they_stand() {
    let item = json!({"linkId": "a", "type": "choice", "answerOption": [
        {"valueCoding": {"code": "a"}, "modifierExtension": [{"url": "u", "valueBoolean": true}]}]});
    assert_eq!(finding(item), ("modifier_extension", "/item/0/answerOption/0/modifierExtension".into()));
}

#[test]
fn a_condition_must_fit_its_question() {
    let when = |condition: Json| {
        let items = json!([{"linkId": "n", "type": "integer"}, {"linkId": "g", "type": "group", "item": [
            {"linkId": "c", "type": "choice", "answerOption": [{"valueCoding": {"code": "a"}}]}]},
            {"linkId": "a", "type": "boolean", "enableWhen": [condition]}]);
        findings(items).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    assert!(when(json!({"question": "n", "operator": ">", "answerInteger": 1})).is_empty());
    assert_eq!(
        when(json!({"question": "nowhere", "operator": "=", "answerInteger": 1})),
        ["unknown_question"]
    );
    assert_eq!(
        when(json!({"question": "a", "operator": "=", "answerBoolean": true})),
        ["condition_on_itself"]
    );
    assert_eq!(
        when(json!({"question": "g", "operator": "exists", "answerBoolean": true})),
        ["condition_on_group"]
    );
    assert_eq!(when(json!({"question": "n", "operator": "="})), ["answer_missing"]);
    assert_eq!(when(json!({"question": "n", "answerInteger": 1})), ["operator_missing"]);
    assert_eq!(when(json!({"operator": "=", "answerInteger": 1})), ["question_missing"]);
    assert_eq!(when(json!({"question": "n", "operator": "~", "answerInteger": 1})), ["unknown_operator"]);
    assert_eq!(
        when(json!({"question": "n", "operator": "=", "answerString": "1"})),
        ["condition_of_wrong_type"]
    );
    assert_eq!(
        when(json!({"question": "n", "operator": "exists", "answerInteger": 1})),
        ["condition_of_wrong_type"]
    );
    let coding = json!({"code": "a"});
    assert_eq!(
        when(json!({"question": "c", "operator": "<", "answerCoding": coding})),
        ["condition_of_wrong_type"]
    );
    let coding = json!({"code": "z"});
    assert_eq!(
        when(json!({"question": "c", "operator": "=", "answerCoding": coding})),
        ["condition_never_holds"]
    );
}

#[test]
fn an_item_cannot_depend_on_what_is_inside_it() {
    let group = json!({"linkId": "g", "type": "group",
        "enableWhen": [{"question": "a", "operator": "=", "answerBoolean": true}],
        "item": [{"linkId": "a", "type": "boolean"}]});
    assert_eq!(finding(group), ("condition_on_itself", "/item/0/enableWhen/0/question".into()));
}

#[test]
fn circles_are_found_and_what_waits_behind_them_is_not_blamed() {
    let item = |link_id: &str, question: &str| {
        json!({"linkId": link_id, "type": "boolean",
            "enableWhen": [{"question": question, "operator": "=", "answerBoolean": true}]})
    };
    let findings = |items: Json| -> Vec<_> {
        findings(items).into_iter().filter(|(code, _)| *code != "condition_looks_ahead").collect()
    };
    let found = findings(json!([item("a", "b"), item("b", "c"), item("c", "a"), item("d", "a")]));
    let circle = |n: u8| ("condition_in_circle", format!("/item/{n}/enableWhen"));
    assert_eq!(found, [circle(0), circle(1), circle(2)]);
    // Through a group: a is in g, g waits for b, b waits for a.
    let mut group = item("g", "b");
    group["type"] = json!("group");
    group["item"] = json!([{"linkId": "a", "type": "boolean"}]);
    assert_eq!(findings(json!([group, item("b", "a")])), [circle(0), circle(1)]);
}

#[test]
fn a_condition_on_what_comes_later_is_odd_but_taken() {
    let ahead = json!([
        {"linkId": "a", "type": "boolean", "enableWhen": [{"question": "b", "operator": "=", "answerBoolean": true}]},
        {"linkId": "b", "type": "boolean"}]);
    assert_eq!(findings(ahead), [("condition_looks_ahead", "/item/0/enableWhen/0/question".into())]);
    // The question around an item is answered before it.
    let inside = json!([{"linkId": "b", "type": "boolean", "item": [{"linkId": "a", "type": "boolean",
        "enableWhen": [{"question": "b", "operator": "=", "answerBoolean": true}]}]}]);
    assert!(findings(inside).is_empty());
}

#[test]
fn a_value_set_must_be_where_the_questionnaire_points() {
    let mut json = questionnaire(json!([{"linkId": "a", "type": "choice", "answerValueSet": "#b"}]));
    assert_eq!(codes(&refused(&json)), ["value_set_missing"]);
    // It is there, but says only which code system to take: the answers cannot be checked here.
    json["contained"] = json!([{"resourceType": "ValueSet", "id": "b",
        "compose": {"include": [{"system": "http://loinc.org"}]}}]);
    assert_eq!(codes(&Definition::parse(&json).unwrap().warnings), ["value_set_unresolved"]);
    json["item"][0]["answerValueSet"] = json!("https://example.org/ValueSet/elsewhere");
    assert_eq!(codes(&Definition::parse(&json).unwrap().warnings), ["value_set_unresolved"]);
}

#[test]
fn the_document_has_the_members_of_a_questionnaire() {
    let with = |name: &str, value: Json| {
        let mut json = questionnaire(json!([{"linkId": "a", "type": "boolean"}]));
        json[name] = value;
        codes(&refused(&json))
    };
    assert_eq!(with("colour", json!("red")), ["unknown_member"]);
    assert_eq!(with("implicitRules", json!("https://example.org/rules")), ["implicit_rules"]);
    assert_eq!(with("code", json!([])), ["empty_element"]);
    assert_eq!(with("code", json!(null)), ["empty_element"]);
    let period = |start: &str, end: &str| json!({"start": start, "end": end});
    assert_eq!(with("effectivePeriod", period("2024-05", "2024-04")), ["bounds_crossed"]);
    assert_eq!(with("effectivePeriod", period("May", "2024-04")), ["wrong_type"]);
}

#[test]
fn a_translation_has_a_language_and_a_text() {
    let translated = |parts: Json| {
        let extension =
            json!([{"url": "http://hl7.org/fhir/StructureDefinition/translation", "extension": parts}]);
        questionnaire(
            json!([{"linkId": "a", "type": "boolean", "text": "Pain?", "_text": {"extension": extension}}]),
        )
    };
    let whole =
        translated(json!([{"url": "lang", "valueCode": "pl"}, {"url": "content", "valueString": "Ból?"}]));
    let definition = Definition::parse(&whole).unwrap().definition;
    let (_, item) = definition.find("a").unwrap();
    assert_eq!((item.words_in("pl-PL"), item.words_in("cy")), ("Ból?", "Pain?"));
    assert!(item.says("Ból?") && item.says("Pain?") && !item.says("Schmerzen?"));
    assert_eq!(
        codes(&refused(&translated(json!([{"url": "lang", "valueCode": "pl"}])))),
        ["extension_malformed"]
    );
}

#[test]
fn several_conditions_need_a_behaviour() {
    let condition = json!({"question": "a", "operator": "=", "answerBoolean": true});
    let found = findings(json!([{"linkId": "a", "type": "boolean"},
        {"linkId": "b", "type": "boolean", "enableWhen": [condition, condition]}]));
    assert_eq!(found, [("behavior_missing", "/item/1/enableBehavior".into())]);
}

#[test]
fn size_and_depth_are_bounded() {
    let items: Vec<Json> =
        (0..=MAX_ITEMS).map(|n| json!({"linkId": n.to_string(), "type": "boolean"})).collect();
    assert_eq!(findings(json!(items)), [("too_many_items", format!("/item/{MAX_ITEMS}"))]);
    let nested = |depth: usize| {
        (0..depth).fold(
            json!({"linkId": "q", "type": "boolean"}),
            |inside, n| json!({"linkId": n.to_string(), "type": "group", "item": [inside]}),
        )
    };
    assert!(findings(json!([nested(MAX_DEPTH - 1)])).is_empty());
    assert_eq!(finding(nested(MAX_DEPTH)).0, "too_deep");
    assert_eq!(finding(nested(50)).0, "too_deep");
}

#[test]
fn a_long_chain_of_conditions_is_no_deep_recursion() {
    let chain: Vec<Json> = (0..MAX_ITEMS)
        .map(|n| match n {
            0 => json!({"linkId": "0", "type": "boolean"}),
            _ => json!({"linkId": n.to_string(), "type": "boolean",
                "enableWhen": [{"question": (n - 1).to_string(), "operator": "exists", "answerBoolean": true}]}),
        })
        .collect();
    assert!(findings(json!(chain)).is_empty());
}

#[test]
fn bounds_must_be_comparable_and_patterns_may_be_foreign() {
    let with =
        |kind: &str, extension: Json| finding(json!({"linkId": "a", "type": kind, "extension": [extension]}));
    assert_eq!(with("integer", hl7("minValue", "valueDate", json!("2019"))).0, "extension_malformed");
    assert_eq!(with("string", hl7("minLength", "valueInteger", json!(-1))).0, "extension_malformed");
    assert_eq!(with("string", hl7("regex", "valueString", json!("(?=a)b"))).0, "pattern_not_supported");
    assert_eq!(
        with("string", hl7("regex", "valueString", json!("((a{999}){999}){999}"))).0,
        "pattern_not_supported"
    );
    let crossed =
        json!([hl7("minValue", "valueInteger", json!(2)), hl7("maxValue", "valueInteger", json!(1))]);
    assert_eq!(finding(json!({"linkId": "a", "type": "integer", "extension": crossed})).0, "bounds_crossed");
}

#[test]
fn a_control_is_a_concept() {
    let with = |member: &str, value: Json| {
        let control = hl7("questionnaire-itemControl", member, value);
        findings(json!([{"linkId": "a", "type": "string", "extension": [control]}])).len()
    };
    assert_eq!(with("valueCodeableConcept", json!({"coding": [{"code": "slider"}]})), 0);
    assert_eq!(with("valueCode", json!("slider")), 1);
}

#[test]
fn a_read_only_question_that_must_be_answered_is_odd_but_taken() {
    let item = json!({"linkId": "a", "type": "string", "required": true, "readOnly": true});
    assert_eq!(finding(item).0, "required_but_read_only");
}

#[test]
fn our_own_extensions_are_read_strictly() {
    let on = |kind: &str, extension: Json| {
        let mut item = json!({"linkId": "a", "type": kind, "extension": [extension]});
        if kind == "group" {
            item["item"] = json!([{"linkId": "b", "type": "boolean"}]);
        }
        findings(json!([item])).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    assert_eq!(on("boolean", own("private-section", json!(true))), ["extension_misplaced"]);
    assert_eq!(on("group", own("concern", json!([part("code", json!("X"))]))), ["extension_malformed"]);
    let whole = json!([part("code", json!("X")), part("title", json!("X"))]);
    assert_eq!(on("group", own("concern", whole)), ["gate_missing"]);
    assert_eq!(on("boolean", own("role", json!("gate"))), ["role_outside_concern"]);
    assert_eq!(on("boolean", own("role", json!("colour"))), ["extension_malformed"]);
    assert_eq!(
        on("boolean", own("alert", json!([part("kind", json!("self_harm"))]))),
        ["extension_malformed"]
    );
    assert_eq!(on("boolean", own("colour", json!("red"))), ["extension_unknown"]);
}

#[test]
fn concerns_are_asked_about_once_each() {
    let mut twice = needs_assessment();
    twice["item"][0]["item"][1]["extension"][0]["extension"][0]["valueCode"] = json!("URI.leakage");
    assert_eq!(codes(&refused(&twice)), ["concern_twice"]);
    let mut nested = needs_assessment();
    let inner = nested["item"][0]["item"][1].take();
    nested["item"][0]["item"].as_array_mut().unwrap().truncate(1);
    nested["item"][0]["item"][0]["item"].as_array_mut().unwrap().push(inner);
    assert!(codes(&refused(&nested)).contains(&"concern_misplaced"));
}

#[test]
fn a_score_must_name_what_can_be_counted() {
    let refusals = |change: fn(&mut Json)| {
        let mut questionnaire = scored_questionnaire(&[]);
        change(&mut questionnaire);
        let found: Vec<Finding> = refused(&questionnaire);
        (found.len(), found[0].code, found[0].message.clone())
    };
    fn parts(questionnaire: &mut Json) -> &mut Vec<Json> {
        questionnaire["extension"][1]["extension"].as_array_mut().unwrap()
    }
    let unknown = refusals(|q| parts(q).push(part("item", json!("nowhere"))));
    assert_eq!(
        unknown,
        (1, "score_malformed", "The score counts “nowhere”, but no item has this linkId.".into())
    );
    assert_eq!(refusals(|q| parts(q).push(part("item", json!("a")))).1, "score_malformed");
    assert_eq!(refusals(|q| q["item"][0]["type"] = json!("string")).1, "score_malformed");
    assert_eq!(refusals(|q| q["item"][0]["repeats"] = json!(true)).1, "score_malformed");
    assert_eq!(refusals(|q| parts(q).push(part("missing", json!("prorate")))).1, "score_malformed");
    assert_eq!(refusals(|q| parts(q).push(part("maxMissing", json!(1)))).1, "score_malformed");
    assert_eq!(refusals(|q| parts(q).retain(|p| p["url"] != "method")).1, "score_malformed");
    assert_eq!(
        refusals(|q| parts(q).push(part("band", json!([part("from", json!(3))])))).1,
        "score_malformed"
    );
}

#[test]
fn every_finding_is_given_not_only_the_first() {
    let found = findings(
        json!([{"linkId": "a", "type": "colour"}, {"type": "boolean"}, {"linkId": "g", "type": "group"}]),
    );
    assert_eq!(found.len(), 3);
}
