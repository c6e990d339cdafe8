//! Why a user gets what.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use evaluation_core::{Explanation, skip_byte_order_mark};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::query::Query;
use crate::reply::{Refusal, json};
use crate::routes::App;
use crate::unread::unread;
use crate::user;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question<'a> {
    #[serde(borrow)]
    user: &'a RawValue,
    flag: Option<String>,
}

/// Asked by the query.
pub(super) async fn get(State(app): State<App>, uri: Uri) -> Result<Response, Refusal> {
    let query = Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let user = query.get("user").ok_or_else(|| Refusal::bad_request("give the user's JSON as ?user="))?;
    let mut explained = explain(&app, user, query.get("flag"))?;
    if query.get("format") == Some("text") {
        // One text says once what of the user could not be read.
        explained.iter_mut().skip(1).for_each(|explanation| explanation.user_diagnostics.clear());
        let text: Vec<String> = explained.iter().map(ToString::to_string).collect();
        return Ok(text.join("\n").into_response());
    }
    Ok(json(StatusCode::OK, &explained))
}

/// Asked by the body.
pub(super) async fn post(State(app): State<App>, body: Bytes) -> Result<Response, Refusal> {
    let text = skip_byte_order_mark(&body);
    let question: Question<'_> = serde_json::from_slice(text)
        .map_err(|error| Refusal::bad_request(format!("the body is no question: {}", unread(text, &error))))?;
    let explained = explain(&app, question.user.get(), question.flag.as_deref())?;
    Ok(json(StatusCode::OK, &explained))
}

fn explain(app: &App, user: &str, flag: Option<&str>) -> Result<Vec<Explanation>, Refusal> {
    let (user, unread) = user::read(user.as_bytes())
        .map_err(|error| Refusal::bad_request(format!("the user cannot be read: {error}")))?;
    let snapshot = app.state.snapshot();
    if let Some(key) = flag.filter(|key| !snapshot.flags.set.contains(key)) {
        return Err(Refusal::not_found(format!("there is no flag `{key}`")));
    }
    Ok(snapshot.explain(&user, &unread, flag))
}
