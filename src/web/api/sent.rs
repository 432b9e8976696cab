//! Reads what a request sends, and says of what cannot be read how it is written.

use super::DOCS_PATH;
use super::problem::Problem;
use super::schema::{Field, check_object, check_query, fields, named, parameter};
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

/// The fields of each type that is read: they are described once.
static DESCRIBED: LazyLock<RwLock<HashMap<TypeId, Arc<[Field]>>>> = LazyLock::new(RwLock::default);

/// The parameters of a query.
pub(super) struct Parameters<T>(pub T);

impl<S, T> FromRequestParts<S> for Parameters<T>
where
    S: Send + Sync,
    T: DeserializeOwned + IntoParams + 'static,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = described::<T>(|| {
            let all = serde_json::to_value(T::into_params(|| Some(ParameterIn::Query)))?;
            Ok(all
                .as_array()
                .into_iter()
                .flatten()
                .map(parameter)
                .collect())
        })?;
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
pub(super) fn body<T: DeserializeOwned + ToSchema + 'static>(sent: Value) -> Result<T, Problem> {
    let known = described::<T>(|| Ok(fields(named(&T::name()))))?;
    check_object(&known, &sent).map_err(Problem::unprocessable)?;
    let unreadable = || Problem::unprocessable(format!("the body cannot be read: see {DOCS_PATH}"));
    serde_json::from_value(sent).map_err(|_| unreadable())
}

/// Returns the fields of a type, and describes them the first time.
fn described<T: 'static>(
    describe: impl FnOnce() -> anyhow::Result<Vec<Field>>,
) -> anyhow::Result<Arc<[Field]>> {
    let id = TypeId::of::<T>();
    let known = DESCRIBED.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(&id) {
        return Ok(known.clone());
    }
    drop(known);
    let fields: Arc<[Field]> = describe()?.into();
    let mut known = DESCRIBED.write().unwrap_or_else(PoisonError::into_inner);
    Ok(known.entry(id).or_insert(fields).clone())
}
