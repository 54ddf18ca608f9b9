//! Questions are asked as a page asks them.

use serde_json::{Value, json};

use super::Engine;

const SCENARIO: &str = include_str!("../../scenarios/primary-down.toml");

fn ask(engine: &mut Engine, question: &Value) -> Value {
    serde_json::from_str(&engine.answer(&question.to_string(), |_| true)).unwrap()
}

#[test]
fn a_problem_is_placed_as_a_script_counts() {
    let text = "# \u{1F4E8} is two units\nsede = 1\n";
    let answer = ask(&mut Engine::default(), &json!({ "ask": "check", "text": text }));
    let found = &answer["problems"];
    let wrong = found.as_array().unwrap().iter().find(|p| p["key"] == "sede").unwrap();
    let units: Vec<u16> = text.encode_utf16().collect();
    let place = |key: &str| usize::try_from(wrong[key].as_u64().unwrap()).unwrap();
    assert_eq!(String::from_utf16(&units[place("from")..place("to")]).unwrap(), "sede");
    assert_eq!(wrong["line"], 2);
}

#[test]
fn a_run_is_held_with_its_files_and_its_page() {
    let mut engine = Engine::default();
    let answer = ask(&mut engine, &json!({ "ask": "run", "text": SCENARIO }));
    assert!(answer["events"].as_u64().unwrap() > 0, "{answer}");
    let summary = engine.file("summary.json").unwrap();
    let written: Value = serde_json::from_str(summary).unwrap();
    assert_eq!(written["mail"], answer["summary"]["mail"]);
    let run: Value = serde_json::from_str(engine.file("run.json").unwrap()).unwrap();
    let digest = blake3::hash(summary.as_bytes()).to_hex().to_string();
    assert_eq!(run["files"]["summary.json"], digest.as_str());
    let page = ask(&mut engine, &json!({ "ask": "page", "live": "word" }));
    let page = page["page"].as_str().unwrap();
    assert!(page.contains("<script nonce=\"word\">") && page.contains("id=\"live\""));
    let page = ask(&mut engine, &json!({ "ask": "page" }));
    assert!(!page["page"].as_str().unwrap().contains("id=\"live\""));
}

#[test]
fn a_change_is_written_into_the_text() {
    let change = json!({
        "do": "take_down", "host": "mx1.recipient.example", "mode": "refuse", "at": "3h", "for": "1h",
    });
    let question = json!({ "ask": "change", "text": SCENARIO, "change": change });
    let answer = ask(&mut Engine::default(), &question);
    let text = answer["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(text.contains("from = \"3h\""), "{text}");
    assert!(text.starts_with(SCENARIO.lines().next().unwrap()), "what stood there stays");
}

#[test]
fn whoever_wants_a_run_stopped_gets_a_word() {
    let question = json!({ "ask": "run", "text": include_str!("../../scenarios/retry-day.toml") });
    let answer = Engine::default().answer(&question.to_string(), |_| false);
    assert!(answer.contains("stopped at"), "{answer}");
}

#[test]
fn a_conversation_is_heard_again_from_its_beginning() {
    let call = json!({
        "host": "mx1.recipient.example", "at": "0s", "protocol": "smtp",
        "lines": ["EHLO me.example", "?", "QUIT"],
    });
    let question = json!({ "ask": "talk", "text": SCENARIO, "call": call });
    let answer = ask(&mut Engine::default(), &question);
    let lines = answer["lines"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert!(lines.iter().any(|line| line["text"] == "EHLO me.example" && line["who"] == "C"));
    assert!(lines.iter().any(|line| line["who"] == "?"), "it explains");
    assert_eq!(answer["over"], true);
}

#[test]
fn what_cannot_be_read_is_refused() {
    for question in ["", "{}", "{\"ask\":\"sing\"}", "[1]", "{\"ask\":\"check\"}"] {
        assert!(Engine::default().answer(question, |_| true).contains("refused"), "{question}");
    }
}
