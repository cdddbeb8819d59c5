//! The whole way through an assessment at a terminal: the supporter types what the man says in the parts where he wants
//! that, hands over for what is private, and nothing is asked about safety while his partner is in the room.

use serde_json::{Value, json};

use crate::harness::Database;
use crate::harness::program::{Demo, alongside};
use crate::harness::terminal::Terminal;

const FORM: &str = "https://example.org/Questionnaire/kitchen";

/// Small, with one of everything that has a screen of its own.
fn form() -> Value {
    let own = |name: &str| format!("https://fhir.alongside.example/StructureDefinition/{name}");
    let is = |name: &str| json!({"url": own(name), "valueBoolean": true});
    let option =
        |code: &str, words: &str| json!({"valueCoding": {"system": "urn:s", "code": code, "display": words}});
    let gate = |link_id: &str, text: &str, extension: Value| {
        let mut item = json!({"linkId": link_id, "type": "choice", "text": text,
            "answerOption": [option("yes", "Yes"), option("no", "No")]});
        if extension != json!([]) {
            item["extension"] = extension;
        }
        item
    };
    let alert = json!([{"url": own("alert"), "extension": [
        {"url": "kind", "valueCode": "self_harm"}, {"url": "when", "valueCode": "yes"}]}]);
    let safety = json!([is("safety-item")]);
    json!({"resourceType": "Questionnaire", "status": "active", "url": FORM, "version": "1", "name": "Kitchen",
    "title": "At the kitchen table", "item": [
        {"linkId": "ABOUT", "type": "group", "text": "About you", "item": [
            {"linkId": "cat", "type": "string", "text": "What is your cat called?"},
            {"linkId": "friends", "type": "string", "repeats": true, "text": "Who are your friends?"}]},
        {"linkId": "MEDS", "type": "group", "repeats": true, "text": "Your medicines", "item": [
            {"linkId": "name", "type": "string", "text": "What is the medicine called?"}]},
        {"linkId": "LOW", "type": "group", "text": "Very hard thoughts", "extension": [is("private-section")],
            "item": [gate("low", "Do you think of not wanting to live?", alert), gate("alone", "Are you lonely?", json!([]))]},
        {"linkId": "HOME", "type": "group", "text": "Your home", "item": [
            gate("warm", "Is your home warm?", json!([])), gate("safe", "Do you ever feel unsafe?", safety)]}]})
}

struct Kitchen<'a> {
    home: tempfile::TempDir,
    demo: &'a Demo,
    study_id: String,
}

impl Kitchen<'_> {
    fn run(&self, arguments: &[&str], input: &str) -> std::process::Output {
        alongside(self.home.path(), &self.demo.base, arguments, input)
    }

    fn assess(&self, more: &[&str]) -> Terminal {
        let arguments = ["assess", &self.study_id, "--instrument", FORM, "--time-point", "T8"];
        Terminal::run(self.home.path(), &self.demo.base, &[&arguments, more].concat())
    }
}

fn kitchen(demo: &Demo) -> Kitchen<'_> {
    let accounts: Value =
        serde_json::from_str(&std::fs::read_to_string(demo.folder.join("demo.json")).unwrap()).unwrap();
    let kitchen = Kitchen {
        home: tempfile::tempdir().unwrap(),
        demo,
        study_id: accounts["to_try"]["study_id"].as_str().unwrap().to_owned(),
    };
    let manager = demo.sign_in("trial_manager");
    let form = manager.post_fhir("/v1/instruments", &form().to_string()).created();
    let activation = format!("/v1/instruments/{}/activation", form["id"].as_str().unwrap());
    manager.post(&activation, &json!({"waiver": "Made for this test."})).ok();
    let supporter = &accounts["people"]["supporter_a"];
    let login = ["login", "--email", supporter["email"].as_str().unwrap(), "--password-stdin"];
    let output = kitchen.run(&login, supporter["password"].as_str().unwrap());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    kitchen
}

/// From the first screen to the first question: level A4, the supporter types, the partner is there.
fn begin(screen: &mut Terminal) {
    screen.answer("Before you begin", "y");
    screen.answer("How much help is there?", "4");
    screen.answer("Is this what is happening?", "yes");
    let keys = screen.answer("Who presses the keys?", "1");
    assert!(!keys.contains("The person themselves"), "whoever is typed for does not press the keys: {keys}");
    screen.answer("Who else is here?", "2");
    let ways = screen.answer("What shall I type for you?", "2");
    assert!(ways.contains("Ask before each part"));
    let parts = screen.answer("Which ones do they want you to type?", "1");
    assert!(parts.contains("Your home") && !parts.contains("Very hard"), "private parts come later: {parts}");
    screen.answer("Press Enter to begin", "");
}

/// One letter as an answer, several values, and another medicine, begun by mistake and taken back.
fn answer_the_open_parts(screen: &mut Terminal) {
    let first = screen.answer("What is your cat called?", "\"s\"");
    assert!(first.contains("part 1 of") && first.contains("partner"), "{first}");
    assert!(screen.answer("Read it back to them", "").contains("“s”"));
    screen.answer("Who are your friends?", "Ann");
    screen.answer("Another one?", "Bob");
    screen.answer("Another one?", "");
    screen.answer("Read it back to them", "n");
    screen.answer("Who are your friends?", "Cy");
    screen.answer("Another one?", "");
    screen.answer("Read it back to them", "");
    // He did not say that this part may be typed.
    screen.answer("Shall I type your answers in this part as well?", "y");
    screen.answer("What is the medicine called?", "Aspirin");
    screen.answer("Read it back to them", "");
    screen.answer("Add another?", "y");
    screen.answer("What is the medicine called?", "b");
    assert!(screen.answer("Add another?", "y").contains("So far: 1."));
    screen.answer("What is the medicine called?", "Statin");
    screen.answer("Read it back to them", "");
    assert!(screen.answer("Add another?", "no").contains("So far: 2."));
}

/// The device changes hands; what follows from an answer is shown to him, and to the helper only that a call is coming.
fn answer_alone(screen: &mut Terminal) {
    let offer = screen.answer("What would you like?", "1");
    assert!(offer.contains("Very hard thoughts") && !offer.contains("not wanting to live"));
    assert!(!screen.answer("When you have the device", "").contains("not wanting to live"));
    screen.answer("For you alone", "");
    let asked = screen.answer("Do you think of not wanting to live?", "l");
    assert!(!asked.contains("the help, or who is here"), "who is alone is not asked about the help: {asked}");
    screen.answer("! That letter does nothing here.", "y");
    assert!(screen.answer("Thank you for your answers", "").contains("116 123"));
    screen.answer("Are you lonely?", "n");
    screen.answer("give the device back", "");
    let told = screen.answer("For the supporter", "");
    assert!(told.contains("A call is being arranged") && !told.contains("lonely"));
}

#[test]
fn a_supporter_and_a_man_go_through_an_assessment_at_the_terminal() {
    let database = Database::blank();
    let url = database.is_postgres().then_some(database.url.as_str());
    let demo = Demo::start(database.folder.path(), url);
    let kitchen = kitchen(&demo);

    let mut screen = kitchen.assess(&[]);
    begin(&mut screen);
    answer_the_open_parts(&mut screen);
    answer_alone(&mut screen);
    // With his partner in the room the part about home has one question, and he presses the keys himself.
    screen.answer("Shall I type your answers in this part as well?", "n");
    let reading = screen.answer("Is your home warm?", "y");
    assert!(reading.contains("A3") && reading.contains("question 1 of 1"), "{reading}");
    let last = screen.answer("That was the last question", "l");
    assert!(last.contains("Private, and not shown here: “Very hard thoughts”"), "{last}");
    assert!(last.contains("Your home: 1 answered") && !last.contains("left out"), "{last}");
    // The partner goes out: now it is asked.
    screen.answer("How much help is there?", "3");
    screen.answer("Is this what is happening?", "y");
    screen.answer("Who presses the keys?", "1");
    screen.answer("Who else is here?", "1");
    screen.answer("Do you ever feel unsafe?", "q");
    let (code, left) = screen.end();
    assert_eq!(code, Some(0), "{left}");
    assert!(left.contains("Stopped for now") && !left.contains("warm"), "{left}");

    // Another day. What was done in private is not asked again.
    let mut screen = kitchen.assess(&["--level", "A3", "--keyed-by", "participant", "--present", "nobody"]);
    screen.answer("Before you begin", "y");
    assert!(screen.shows("Press Enter to begin").contains("where you stopped"));
    screen.say("");
    screen.answer("Do you ever feel unsafe?", "b");
    screen.answer("Do you ever feel unsafe?", "n");
    screen.answer("That was the last question", "hello");
    screen.answer("! Please type a number", "1");
    assert!(screen.answer("What is your cat called?", "").contains("So far: s. To keep it, press Enter."));
    screen.answer("Who are your friends?", "q");
    assert!(screen.end().1.contains("Stopped for now"));

    // Without a time point it is the one that is open.
    let arguments = ["assess", &kitchen.study_id, "--instrument", FORM, "--level", "A3"];
    let more = ["--keyed-by", "participant", "--present", "nobody"];
    let mut screen = Terminal::run(kitchen.home.path(), &demo.base, &[&arguments[..], &more].concat());
    screen.answer("Before you begin", "y");
    assert!(screen.answer("Press Enter to begin", "").contains("where you stopped"));
    screen.answer("That was the last question", "hand in");
    screen.answer("Hand in?", "y");
    let (code, left) = screen.end();
    assert_eq!(code, Some(0), "{left}");
    assert!(left.contains("Handed in. Thank you."), "{left}");
    check_answers(&demo, left.lines().find_map(|line| line.strip_prefix("Assessment ")).unwrap().trim());
}

/// What the server kept, with the help that there was.
fn check_answers(demo: &Demo, assessment: &str) {
    let answers =
        demo.sign_in("data_manager").get(&format!("/v1/assessments/{assessment}/answers?limit=200")).ok();
    let kept: Vec<String> = answers["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|answer| {
            let of = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            let number =
                answer["occurrence"][0].as_u64().map_or(String::new(), |number| format!("#{number}"));
            format!("{}{number} {} {}", of("link_id"), of("level"), of("keyed_by"))
        })
        .collect();
    assert_eq!(
        kept,
        [
            "cat A4 supporter",
            "friends A4 supporter",
            "name#0 A4 supporter",
            "name#1 A4 supporter",
            "low A1 participant",
            "alone A1 participant",
            "warm A3 participant",
            "safe A3 participant",
        ]
    );
}
