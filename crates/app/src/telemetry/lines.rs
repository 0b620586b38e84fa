//! The format of a log event: a line of text, or a line of JSON. Both contain the request id.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use attune_adapter_http::current_request_id;
use jiff::Timestamp;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

const REQUEST_ID: &str = "request_id";

/// The current request, unless the event has a field with a request id of its own.
fn current_request(event: &Event<'_>) -> Option<Arc<str>> {
    current_request_id().filter(|_| event.metadata().fields().field(REQUEST_ID).is_none())
}

/// One flat JSON object per line: `timestamp`, `level`, `request_id` if there is one, the event's own fields, `target`.
///
/// The formatter of `tracing-subscriber` writes the same, but processes fields more than once; every request logs a line.
pub(crate) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut object = Object { line: Vec::with_capacity(256) };
        object.line.push(b'{');
        object.put("timestamp", &Timestamp::now().to_string());
        object.put("level", event.metadata().level().as_str());
        if let Some(id) = current_request(event) {
            object.put(REQUEST_ID, &*id);
        }
        event.record(&mut object);
        object.put("target", event.metadata().target());
        object.line.extend_from_slice(b"}\n");
        writer.write_str(str::from_utf8(&object.line).map_err(|_| fmt::Error)?)
    }
}

struct Object {
    line: Vec<u8>,
}

impl Object {
    fn put(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        if self.line.len() > 1 {
            self.line.push(b',');
        }
        // Strings, numbers and booleans always serialize, and writing into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.line, name);
        self.line.push(b':');
        let _ = serde_json::to_writer(&mut self.line, value);
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.put(field.name(), &value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), &format!("{value:?}"));
    }
}

/// The text line of `tracing-subscriber`, followed by the request id.
pub(crate) struct TextLines(Format<Full>);

impl Default for TextLines {
    fn default() -> Self {
        Self(Format::default().with_target(false))
    }
}

impl<S, N> FormatEvent<S, N> for TextLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(id) = current_request(event) else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        let format = self.0.clone().with_ansi(writer.has_ansi_escapes());
        format.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{} {REQUEST_ID}={id}", line.trim_end())
    }
}

#[cfg(test)]
mod tests;
