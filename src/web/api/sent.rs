//! Reads what a request sends, and says of what cannot be read how it is written.

use super::DOCS_PATH;
use super::problem::Problem;
use super::schema::{Field, check_object, check_query, fields, named, parameter};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

/// The parameters of a query.
pub(super) struct Parameters<T>(pub T);

impl<S, T> FromRequestParts<S> for Parameters<T>
where
    S: Send + Sync,
    T: DeserializeOwned + IntoParams,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let described = T::into_params(|| Some(ParameterIn::Query));
        let described = serde_json::to_value(described).map_err(anyhow::Error::from)?;
        let described = described.as_array().into_iter().flatten();
        let known: Vec<Field> = described.map(parameter).collect();
        let query = parts.uri.query().unwrap_or_default();
        check_query(&known, query).map_err(Problem::bad_request)?;
        let read = Query::<T>::try_from_uri(&parts.uri);
        let unreadable =
            || Problem::bad_request(format!("the query cannot be read: see {DOCS_PATH}"));
        let Query(read) = read.map_err(|_| unreadable())?;
        Ok(Self(read))
    }
}

/// Reads a body.
pub(super) fn body<T: DeserializeOwned + ToSchema>(sent: Value) -> Result<T, Problem> {
    check_object(&fields(named(&T::name())), &sent).map_err(Problem::unprocessable)?;
    let unreadable = || Problem::unprocessable(format!("the body cannot be read: see {DOCS_PATH}"));
    serde_json::from_value(sent).map_err(|_| unreadable())
}
