//! The page that shows the API's description to people, without a script.

use askama::Template;
use axum::response::Html;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// What browsers may do with an answer of the API: show the page, with its stylesheet alone.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "pages/api.html")]
struct DocsPage {
    operations: Vec<ShownOperation>,
}

struct ShownOperation {
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<ShownParameter>,
    bodies: Vec<String>,
    answers: Vec<(String, String)>,
}

struct ShownParameter {
    name: String,
    place: &'static str,
    description: String,
}

/// Renders the page.
pub(super) fn page(description: &OpenApi) -> anyhow::Result<Html<String>> {
    let paths = description.paths.paths.iter();
    let operations = paths.flat_map(|(path, item)| {
        let of_path = methods(item).into_iter();
        of_path.filter_map(|(method, operation)| Some(shown(method, path, operation?)))
    });
    let page = DocsPage {
        operations: operations.collect(),
    };
    Ok(Html(page.render()?))
}

fn methods(item: &PathItem) -> [(&'static str, Option<&Operation>); 3] {
    [
        ("GET", item.get.as_ref()),
        ("POST", item.post.as_ref()),
        ("DELETE", item.delete.as_ref()),
    ]
}

fn shown(method: &'static str, path: &str, operation: &Operation) -> ShownOperation {
    let parameters = operation.parameters.iter().flatten();
    let body = operation.request_body.iter();
    let answers = operation.responses.responses.iter();
    ShownOperation {
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        description: operation.description.clone().unwrap_or_default(),
        parameters: parameters.map(parameter).collect(),
        bodies: body.flat_map(|body| body.content.keys().cloned()).collect(),
        answers: answers
            .map(|(status, answer)| {
                let description = match answer {
                    RefOr::T(answer) => answer.description.clone(),
                    RefOr::Ref(_) => String::new(),
                };
                (status.clone(), description)
            })
            .collect(),
    }
}

fn parameter(parameter: &Parameter) -> ShownParameter {
    ShownParameter {
        name: parameter.name.clone(),
        place: match parameter.parameter_in {
            ParameterIn::Path => "path",
            ParameterIn::Query => "query",
            ParameterIn::Header => "header",
            ParameterIn::Cookie => "cookie",
        },
        description: parameter.description.clone().unwrap_or_default(),
    }
}
