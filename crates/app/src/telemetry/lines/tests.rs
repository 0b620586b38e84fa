use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing_subscriber::fmt::{MakeWriter, SubscriberBuilder};

use super::*;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn written(log: impl FnOnce(SubscriberBuilder, Written)) -> Vec<String> {
    let written = Written::default();
    log(tracing_subscriber::fmt(), written.clone());
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn json_is_one_flat_object_per_line_whatever_is_logged() {
    let lines = written(|builder, writer| {
        let subscriber = builder.event_format(JsonLines).with_writer(writer).finish();
        tracing::subscriber::with_default(subscriber, || {
            let error = io::Error::other("broken \"pipe\"");
            tracing::warn!(
                target: "attune::test", text = "a \"quoted\"\nline \u{1}", whole = -3, large = u64::MAX, part = 0.5,
                nothing = f64::NAN, yes = true, shown = %"Å", meant = ?Some(1), error = &error as &dyn Error, "number {}", 1
            );
            tracing::info!("second");
        });
    });
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with(r#"{"timestamp":"20"#), "{}", lines[0]);
    let mut first: Value = serde_json::from_str(&lines[0]).unwrap();
    let at = first["timestamp"].take();
    assert!(at.as_str().unwrap().parse::<Timestamp>().is_ok());
    let expected = json!({
        "timestamp": null, "level": "WARN", "message": "number 1", "text": "a \"quoted\"\nline \u{1}", "whole": -3,
        "large": u64::MAX, "part": 0.5, "nothing": null, "yes": true, "shown": "Å", "meant": "Some(1)",
        "error": "broken \"pipe\"", "target": "attune::test"
    });
    assert_eq!(first, expected);
    let second: Value = serde_json::from_str(&lines[1]).unwrap();
    assert_eq!((&second["message"], second.get(REQUEST_ID)), (&json!("second"), None));
}

#[test]
fn text_lines_are_those_of_the_library() {
    let lines = written(|builder, writer| {
        let subscriber = builder.with_ansi(false).event_format(TextLines::default()).with_writer(writer).finish();
        tracing::subscriber::with_default(subscriber, || tracing::info!(emails = 3, "sent"));
    });
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(line.ends_with(" INFO sent emails=3"), "{line}");
}
