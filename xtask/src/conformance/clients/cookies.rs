//! The cookie of the browser SDKs: what the Node SDK's helper makes of names, ids and values, and what ours does.

use experiment::{AmplitudeCookie, CookieFormat};
use serde_json::{Value, json};

use super::host::Host;
use super::report::Report;

const FORMATS: [CookieFormat; 2] = [CookieFormat::Legacy, CookieFormat::Browser2];

const KEYS: [&str; 7] = ["", "12345", "123456", "1234567", "123456789", "1234567890", "abcdef0123456789"];

const DEVICES: [&str; 10] = [
    "deviceId",
    "",
    "a b",
    "dév/ice+1=",
    "\"q\"\\",
    "💥",
    "d-1_2!~*'()",
    "line\nbreak\u{1}",
    "\u{2028}%41&",
    "0123456789abcdef",
];

/// Values as browsers might send them; of the first form, and of the second.
const LEGACY: [&str; 11] = [
    "deviceId...1f1.1f1.dv.1ir.20q",
    "deviceId.dGVzdEBhbXBsaXR1ZGUuY29t..1f1.1f1.dv.1ir.20q",
    "deviceId.Y8O3Pg==..x",
    "deviceId.Y8O3Pg..x",
    "deviceId",
    "",
    ".",
    "deviceId.!!!!..x",
    "a.b.c",
    "deviceId.//79..",
    "deviceId.__79..",
];
const BROWSER2: [&str; 9] = [
    "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkMSUyMiUyQyUyMnVzZXJJZCUyMiUzQSUyMnUxJTQweC5jb20lMjIlMkMlMjJzZXNzaW9uSWQlMjIlM0ExJTdE",
    "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkMSUyMiUyQyUyMnVzZXJJZCUyMiUzQW51bGwlN0Q=",
    "eyJkZXZpY2VJZCI6ImQxIiwidXNlcklkIjoidSJ9",
    "JTdCJTIyZGV2aWNlSWQlMjIlM0ElMjJkMSUyMiU3RA",
    "eyJkZXZpY2VJZCI6ImErYiJ9",
    "eyJkZXZpY2VJZCI6MTIsInVzZXJJZCI6M30=",
    "eyJkZXZpY2VJZCI6IjEwMCUifQ==",
    "!!!!",
    "NQ==",
];

/// Puts names, ids and values through both, in both directions.
pub(super) fn cookies(host: &mut Host, report: &mut Report) {
    let mut count = 0;
    let mut differs = None;
    let mut compare = |what: String, ours: Value, theirs: Value| {
        count += 1;
        if ours != theirs && differs.is_none() {
            differs = Some(format!("{what}: {theirs}, ours {ours}"));
        }
    };
    for format in FORMATS {
        for key in KEYS {
            let ours = AmplitudeCookie::name(key, format).map_or(Value::Null, Value::from);
            compare(format!("name of {key:?}"), ours, ask(host, "cookieName", key, format));
        }
        for device in DEVICES {
            let (ours, theirs) = (AmplitudeCookie::generate(device, format), ask(host, "generate", device, format));
            compare(format!("value for {device:?}"), ours.clone().into(), theirs.clone());
            compare(format!("their reading of ours, {device:?}"), read(&ours, format), parsed(host, &ours, format));
            let theirs = theirs.as_str().unwrap_or_default();
            compare(format!("our reading of theirs, {device:?}"), read(theirs, format), parsed(host, theirs, format));
        }
        let values: &[&str] = if format == CookieFormat::Legacy { &LEGACY } else { &BROWSER2 };
        for value in values {
            compare(format!("reading {value:?}"), read(value, format), parsed(host, value, format));
        }
    }
    let outcome = differs.map_or_else(|| Ok(format!("{count} comparisons")), Err);
    report.prove(host, "cookies", "names, values and readings are ours, in both directions", outcome);
}

/// What a function of the package's helper gives; null where it fails.
fn ask(host: &mut Host, function: &str, argument: &str, format: CookieFormat) -> Value {
    let new = format == CookieFormat::Browser2;
    host.ask(&json!({"id": 1, "do": "cookie", "function": function, "argument": argument, "newFormat": new}))
        .unwrap_or_default()
}

/// Its reading of a value. An empty user id is none to us, and numbers are texts.
fn parsed(host: &mut Host, value: &str, format: CookieFormat) -> Value {
    let user = ask(host, "parse", value, format);
    let id = |name: &str| match user.get(name) {
        Some(Value::Number(number)) => number.to_string().into(),
        Some(id) => id.clone(),
        None => Value::Null,
    };
    let user_id = id("user_id");
    json!({"device": id("device_id"), "user": if user_id == "" { Value::Null } else { user_id }})
}

fn read(value: &str, format: CookieFormat) -> Value {
    let cookie = AmplitudeCookie::parse(value, format);
    json!({"device": cookie.device_id, "user": cookie.user_id})
}
