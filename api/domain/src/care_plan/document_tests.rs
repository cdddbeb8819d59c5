use super::*;
use crate::summary::WIDTH;

fn facts(status: Status) -> Facts {
    Facts {
        study_id: "AS-7K3M-9QXT-U".to_owned(),
        name: Some("Walter <Invented>".to_owned()),
        site: "Oak Street Surgery".to_owned(),
        programme: "Alongside".to_owned(),
        timezone: "Europe/London".to_owned(),
        synthetic: false,
        status,
        agreed_at: Some("2026-06-01T12:30:00Z".parse().unwrap()),
        agreed_how: Some(AgreementMethod::Spoken),
        review_on: Some("2026-09-01".parse().unwrap()),
    }
}

fn line(title: &str, action: ActionKind) -> Line {
    let sign = Signpost {
        id: None,
        title: "Bladder clinic".to_owned(),
        phone: Some("01632 960100".to_owned()),
        url: None,
        note: "Mondays".to_owned(),
    };
    let content = ActionContent {
        title: title.to_owned(),
        own_words: Some("At night,\nmostly & always".to_owned()),
        signposts: vec![sign],
        ..ActionContent::default()
    };
    let by = "2026-07-01".parse().ok();
    Line::new(action, ActionOwner::Participant, ActionProgress::Planned, by, content)
}

fn plan(recipient: CopyRecipient) -> Document {
    let lines = [
        (line("Leaking urine", ActionKind::Signpost), false),
        (line("Erections", ActionKind::Refer), true),
        (line("Worry", ActionKind::NoneWanted), false),
    ];
    Document::of(recipient, facts(Status::Agreed), lines)
}

#[test]
fn helpers_and_relatives_do_not_read_what_is_private() {
    for recipient in [CopyRecipient::Family, CopyRecipient::SupporterService, CopyRecipient::Other] {
        let plan = plan(recipient);
        assert_eq!(plan.actions.len(), 1, "{recipient}");
        assert!(!to_html(&plan).contains("Erections") && !to_text(&plan).contains("Erections"));
    }
    assert_eq!(plan(CopyRecipient::Participant).actions.len(), 2);
}

#[test]
fn page_and_text_say_the_same() {
    let plan = plan(CopyRecipient::Participant);
    let (html, text) = (to_html(&plan), to_text(&plan));
    for said in ["Leaking urine", "01632 960100", "1 July 2026", "1 September 2026", "1 June 2026, 13:30"] {
        assert!(html.contains(said) && text.contains(said), "{said}");
    }
    assert!(html.contains("Walter &lt;Invented&gt;") && html.contains("At night,<br>mostly &amp; always"));
    assert!(!html.contains("<script") && !html.contains("src="));
    assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
}

#[test]
fn a_draft_says_that_it_is_one() {
    let draft = Document::of(CopyRecipient::Participant, facts(Status::InDiscussion), []);
    assert!(to_text(&draft).contains("This is a draft"));
    let none = Document::of(CopyRecipient::Participant, facts(Status::NoneNeeded), []);
    assert!(to_html(&none).contains("no plan is needed for now"));
}
