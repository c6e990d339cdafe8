//! Cohorts and memberships.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use super::App;
use crate::query::Query;
use crate::reply::{Refusal, json, json_bytes, of_path};

/// `/sdk/v1/cohort/{id}`: a cohort with its members.
pub(super) async fn cohort(
    State(app): State<App>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Err(reason) = app.state.keys.allow_project(&headers) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"cohorts\"")];
        return Ok((challenge, Refusal::unauthorized(reason)).into_response());
    }
    let id = of_path(path)?;
    let query = Query::parse(uri.query()).map_err(Refusal::bad_request)?;
    let largest = query.number::<u64>("maxCohortSize").map_err(Refusal::bad_request)?;
    let modified = query.number::<i64>("lastModified").map_err(Refusal::bad_request)?;
    let cohorts = app.state.snapshot().cohorts;
    let served = cohorts.served.get(&id).ok_or_else(|| Refusal::not_found(format!("there is no cohort `{id}`")))?;
    let (size, last) = (served.cohort.size, served.cohort.last_modified);
    // What the client has is never too large for it.
    if modified.is_some_and(|modified| modified > 0 && modified >= last) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    if let Some(largest) = largest.filter(|largest| size > *largest) {
        let message = format!("cohort `{id}` has {size} members, which is more than maxCohortSize {largest}");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(json_bytes(served.body()))
}

/// `/sdk/v2/memberships/{groupType}/{groupName}`: the ids of the cohorts that a group is in.
pub(super) async fn memberships(
    State(app): State<App>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    app.state.keys.allow_deployment(&headers).map_err(Refusal::unauthorized)?;
    let (group_type, name) = of_path(path)?;
    let cohorts = app.state.snapshot().cohorts;
    let ids: Vec<&str> = cohorts.store.cohorts_of(&group_type, &name).collect();
    Ok(json(StatusCode::OK, &ids))
}
