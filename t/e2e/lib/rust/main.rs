//! Errors of a Rust program, sent with the crate sentry as its users do:
//!
//!     send report|hello|traffic DSN
//!
//! What sdk.py says in ET_SCOPE is set; the last line is "SENT" and what was
//! sent.

use sentry::protocol::{
    Attachment, Context, EnvelopeItem, Map, MonitorCheckIn,
    MonitorCheckInStatus, MonitorConfig, MonitorSchedule, User, Value,
};
use sentry::{Breadcrumb, ClientOptions, Level, TransactionContext};
use serde_json::json;
use std::error::Error;
use std::fmt;
use std::time::Duration;

#[derive(Debug)]
struct ConnectionRefused(&'static str);

impl fmt::Display for ConnectionRefused {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "connection refused by {}", self.0)
    }
}

impl Error for ConnectionRefused {}

#[derive(Debug)]
struct PaymentDeclined(u64, ConnectionRefused);

impl fmt::Display for PaymentDeclined {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "order {} not charged", self.0)
    }
}

impl Error for PaymentDeclined {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.1)
    }
}

#[derive(Debug)]
struct NotFound(u64, String);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "order {} of {} not found", self.0, self.1)
    }
}

impl Error for NotFound {}

#[derive(Debug)]
struct NoWeight;

impl fmt::Display for NoWeight {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "no weight")
    }
}

impl Error for NoWeight {}

fn id(id: uuid::Uuid) -> Value {
    json!(id.simple().to_string())
}

#[inline(never)]
fn charge(order: u64) -> Value {
    id(sentry::capture_error(&PaymentDeclined(
        order,
        ConnectionRefused("payments.example.com"),
    )))
}

#[inline(never)]
fn find_order(number: u64, customer: &str) -> Value {
    id(sentry::capture_error(&NotFound(number, customer.to_string())))
}

#[inline(never)]
fn weigh() -> Value {
    id(sentry::capture_error(&NoWeight))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_string()
}

fn user(value: &Value) -> User {
    User {
        id: Some(text(value, "id")),
        email: value["email"].as_str().map(String::from),
        username: value["username"].as_str().map(String::from),
        ip_address: value["ip_address"]
            .as_str()
            .map(|ip| ip.parse().unwrap()),
        ..Default::default()
    }
}

fn crumb(text: String) {
    sentry::add_breadcrumb(Breadcrumb {
        message: Some(text),
        ..Default::default()
    });
}

fn object(value: &Value) -> Map<String, Value> {
    value
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

fn report(scope: &Value, sent: &mut Value) {
    sentry::with_scope(
        |s| {
            s.set_user(Some(user(&scope["user"])));
            for (name, value) in scope["tags"].as_object().unwrap() {
                s.set_tag(name, value.as_str().unwrap());
            }
            s.set_extra("cart", scope["extra"].clone());
            s.set_context("order", Context::Other(object(&scope["context"])));
            s.set_transaction(scope["transaction"].as_str());
            s.set_level(Some(Level::Fatal));
        },
        || {
            crumb(text(scope, "breadcrumb"));
            sent["chain"] = charge(scope["order"].as_u64().unwrap());
            sentry::configure_scope(|s| s.set_level(Some(Level::Warning)));
            sent["message"] = id(sentry::capture_message(
                &text(scope, "message"),
                Level::Warning,
            ));
        },
    );

    sent["again"] = json!([]);
    for order in scope["again"].as_array().unwrap() {
        let customer = order[1].as_str().unwrap();
        let again = sentry::with_scope(
            |s| s.set_user(Some(user(&json!({"id": customer})))),
            || find_order(order[0].as_u64().unwrap(), customer),
        );
        sent["again"].as_array_mut().unwrap().push(again);
    }

    sent["other"] = weigh();

    sentry::with_scope(
        |_| {},
        || {
            for text in scope["many"].as_array().unwrap() {
                crumb(text.as_str().unwrap().to_string());
            }
            sent["large"] =
                id(sentry::capture_message("a large event", Level::Info));
        },
    );
}

fn check_in(
    scope: &Value,
    id: uuid::Uuid,
    status: MonitorCheckInStatus,
    duration: Option<f64>,
    monitor_config: Option<MonitorConfig>,
) {
    let item: EnvelopeItem = MonitorCheckIn {
        check_in_id: id,
        monitor_slug: text(&scope["monitor"], "slug"),
        status,
        environment: Some(text(scope, "environment")),
        duration,
        monitor_config,
    }
    .into();
    sentry::Hub::current()
        .client()
        .unwrap()
        .send_envelope(item.into());
}

fn traffic(scope: &Value, sent: &mut Value) {
    sentry::configure_scope(|s| {
        s.set_user(Some(user(&json!({"id": scope["user"]["id"]}))))
    });
    sentry::start_session();

    let transaction =
        sentry::start_transaction(TransactionContext::new("nightly", "task"));
    let span = transaction.start_child("db", "SELECT 1");
    sent["traced"] = sentry::with_scope(
        |s| s.set_span(Some(span.clone().into())),
        weigh,
    );
    sent["trace_id"] =
        json!(transaction.get_trace_context().trace_id.to_string());
    span.finish();
    transaction.finish();

    let attachment = &scope["attachment"];
    sent["attached"] = sentry::with_scope(
        |s| {
            s.add_attachment(Attachment {
                filename: text(attachment, "filename"),
                buffer: base64(&text(attachment, "base64")),
                ..Default::default()
            })
        },
        || find_order(1, "c"),
    );

    sentry::with_scope(|s| s.set_tag("drop", "yes"), weigh);

    let monitor = &scope["monitor"];
    let check_in_id = uuid::Uuid::new_v4();
    check_in(
        scope,
        check_in_id,
        MonitorCheckInStatus::InProgress,
        None,
        Some(MonitorConfig {
            schedule: MonitorSchedule::Crontab {
                value: text(monitor, "crontab"),
            },
            checkin_margin: monitor["margin"].as_u64(),
            max_runtime: monitor["max_runtime"].as_u64(),
            timezone: Some(text(monitor, "timezone")),
            failure_issue_threshold: None,
            recovery_threshold: None,
        }),
    );
    check_in(
        scope,
        check_in_id,
        MonitorCheckInStatus::Ok,
        monitor["duration"].as_f64(),
        None,
    );

    // the macros take literals
    sentry::logger_warn!("stock of bolts is low");
    sentry::logger_error!(shelf = "b-7", "order 17 is late");

    sentry::end_session();

    sent["items"] = json!({
        "attachment": {"event_id": sent["attached"]},
        "check_in": {"id": check_in_id.simple().to_string(),
                     "configured": true, "no_release": true},
        "client_report": {},
        "log": {},
        "session": {},
        "transaction": {},
    });
}

/// Of the letters that are there; there is no padding.
fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0u32;
    let mut n = 0;
    let mut out = Vec::new();
    for letter in text.bytes() {
        let Some(value) = LETTERS.iter().position(|l| *l == letter) else {
            break;
        };
        bits = bits << 6 | value as u32;
        n += 6;
        if n >= 8 {
            n -= 8;
            out.push((bits >> n) as u8);
        }
    }
    out
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let scope: Value =
        serde_json::from_str(&std::env::var("ET_SCOPE").unwrap()).unwrap();
    let mut sent = json!({"version": env!("SENTRY_VERSION")});

    let mut options = ClientOptions::new()
        .dsn(&arguments[2])
        .debug(true)
        .release(text(&scope, "release"))
        .environment(text(&scope, "environment"))
        .server_name(text(&scope, "server_name"))
        .before_send(|event| {
            if event.tags.contains_key("drop") {
                None
            } else {
                Some(event)
            }
        });
    if arguments[1] == "traffic" {
        options = options.traces_sample_rate(1.0);
    }
    let guard = sentry::init(options);

    match arguments[1].as_str() {
        "report" => report(&scope, &mut sent),
        "hello" => sent["hello"] = weigh(),
        _ => traffic(&scope, &mut sent),
    }

    guard.flush(Some(Duration::from_secs(20)));
    drop(guard);
    println!("SENT {sent}");
}
