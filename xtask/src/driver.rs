//! The engine as a process: one JSON object a line in, one a line out. docs/conformance.md has the protocol.

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use evaluation_core::{FlagSet, Object, Severity, Value, Version, murmur3_32, skip_byte_order_mark};
use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) fn run(args: &mut lexopt::Parser) -> Result<ExitCode, Box<dyn Error>> {
    if let Some(argument) = args.next()? {
        return Err(argument.unexpected().into());
    }
    serve(io::stdin().lock(), io::BufWriter::new(io::stdout().lock()))?;
    Ok(ExitCode::SUCCESS)
}

fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut driver = Driver::new();
    let mut line = Vec::new();
    loop {
        // A client that waits for answers before it sends more gets them.
        if !input.fill_buf()?.contains(&b'\n') {
            written(output.flush());
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            written(output.flush());
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line);
        if !line.trim().is_empty() {
            written(writeln!(output, "{}", driver.reply(&line)));
        }
    }
}

fn written(result: io::Result<()>) {
    if let Err(error) = result {
        crate::output::end(error);
    }
}

/// Answers lines. Keeps the flags that were loaded under a name.
pub(crate) struct Driver {
    sets: HashMap<String, FlagSet>,
}

/// A line. Flags stay text until they are compiled, and contexts are read only where one is evaluated.
#[derive(serde::Deserialize)]
struct Request<'a> {
    load: Option<String>,
    #[serde(default)]
    id: Value,
    #[serde(rename = "use")]
    name: Option<String>,
    #[serde(borrow)]
    flags: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    flag_keys: Option<Vec<String>>,
    murmur3: Option<String>,
    version: Option<[String; 2]>,
}

impl Driver {
    pub(crate) fn new() -> Self {
        Self { sets: HashMap::new() }
    }

    /// The reply to a line, without a line end.
    pub(crate) fn reply(&mut self, line: &str) -> String {
        let request: Request<'_> = match serde_json::from_slice(skip_byte_order_mark(line.as_bytes())) {
            Ok(request) => request,
            Err(error) => return refusal("id", &readable_id(line), &error),
        };
        if let Some(name) = request.load {
            return match request.flags.ok_or_else(|| "no flags".to_owned()).and_then(compile) {
                Ok(set) => {
                    let reply = loaded(&name, &set);
                    self.sets.insert(name, set);
                    reply
                }
                Err(error) => refusal("load", &Value::from(name), error),
            };
        }
        match self.answer(&request) {
            Ok(result) => format!("{{\"id\":{},\"result\":{result}}}", request.id),
            Err(error) => refusal("id", &request.id, error),
        }
    }

    fn answer(&self, request: &Request<'_>) -> Result<String, String> {
        if let Some(text) = &request.murmur3 {
            return Ok(murmur3_32(text.as_bytes()).to_string());
        }
        if let Some([a, b]) = &request.version {
            return Ok(compare_versions(a, b).to_string());
        }
        let own;
        let set = match (&request.name, request.flags) {
            (Some(name), _) => self.sets.get(name).ok_or_else(|| format!("nothing is loaded as `{name}`"))?,
            (None, Some(flags)) => {
                own = compile(flags)?;
                &own
            }
            (None, None) => return Err("no flags, and no name of loaded ones".to_owned()),
        };
        let context = request.context.map_or("{}", RawValue::get);
        let context = Value::from_json(context.as_bytes()).map_err(|error| format!("context: {error}"))?;
        let keys: Vec<&str> = request.flag_keys.iter().flatten().map(String::as_str).collect();
        if let Some(cycle) = set.reaches_cycle(&keys) {
            return Err(format!("dependency cycle: {cycle}"));
        }
        Ok(to_json(&set.evaluate(&context, &keys)))
    }
}

fn compile(flags: &RawValue) -> Result<FlagSet, String> {
    FlagSet::from_json(flags.get().as_bytes()).map_err(|error| error.to_string())
}

fn loaded(name: &str, set: &FlagSet) -> String {
    let rejected = set.diagnostics().iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let rejected: Vec<Value> = rejected
        .map(|diagnostic| {
            let mut entry = Object::new();
            entry.insert("key", diagnostic.flag.clone());
            entry.insert("error", diagnostic.to_string());
            Value::from(entry)
        })
        .collect();
    let mut reply = Object::new();
    reply.insert("load", name);
    reply.insert("ok", true);
    if !rejected.is_empty() {
        reply.insert("rejected", rejected);
    }
    to_json(&reply)
}

fn compare_versions(a: &str, b: &str) -> Value {
    let (a, b) = (Version::parse(a), Version::parse(b));
    let mut result = Object::new();
    result.insert("a_valid", a.is_some());
    result.insert("b_valid", b.is_some());
    result.insert("compare", a.zip(b).map(|(a, b)| a.cmp(&b) as i32));
    Value::from(result)
}

fn refusal(member: &str, of: &Value, error: impl ToString) -> String {
    let mut reply = Object::new();
    reply.insert(member, of.clone());
    reply.insert("error", error.to_string());
    to_json(&reply)
}

/// The id of a line that is JSON but not a request.
fn readable_id(line: &str) -> Value {
    let line: Value = line.parse().unwrap_or_default();
    line.get("id").cloned().unwrap_or_default()
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"id\":null,\"error\":\"{error}\"}}"))
}
