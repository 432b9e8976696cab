//! The page that shows the API's description to people, without a script: what each request sends, and what it is answered.

use super::schema::{Field, Kind, description, fields, kind, named, parameter, text};
use askama::Template;
use axum::response::Html;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What browsers may do with an answer of the API: show the page, with its stylesheet alone.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How deep a type is described.
const DEPTH: usize = 4;
/// The media type of JSON.
const JSON: &str = "application/json";
/// The media type of a form with files.
const FORM: &str = "multipart/form-data";

#[derive(Template)]
#[template(path = "pages/api.html")]
struct DocsPage {
    operations: Vec<ShownOperation>,
    objects: Vec<ShownObject>,
}

/// A method of a path.
struct ShownOperation {
    method: String,
    path: String,
    summary: String,
    description: Vec<Piece>,
    example: String,
    parameters: Vec<ShownField>,
    bodies: Vec<ShownBody>,
    answers: Vec<ShownAnswer>,
}

/// What a request sends.
struct ShownBody {
    media_type: String,
    fields: Vec<ShownField>,
}

/// What a request is answered.
struct ShownAnswer {
    status: String,
    description: Vec<Piece>,
    contents: Vec<ShownContent>,
}

/// A form of an answer.
struct ShownContent {
    media_type: String,
    kind: Vec<Piece>,
}

/// An object that is sent or answered.
struct ShownObject {
    name: String,
    description: Vec<Piece>,
    fields: Vec<ShownField>,
}

/// A field or a parameter.
struct ShownField {
    name: String,
    /// Where a parameter is sent; empty for a field.
    place: String,
    kind: Vec<Piece>,
    /// Whether it must be sent.
    is_required: bool,
    description: Vec<Piece>,
}

/// A part of a text.
struct Piece {
    text: String,
    is_code: bool,
    /// Whether the text is the name of an object that the page describes.
    is_object: bool,
}

/// Renders the page.
pub(super) fn page() -> anyhow::Result<Html<String>> {
    let paths = description()["paths"].as_object();
    let paths = paths.into_iter().flatten();
    let operations: Vec<_> = paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, operation)| ShownOperation::new(method, path, operation))
        })
        .collect();
    let objects = description()["components"]["schemas"].as_object();
    let objects = objects.into_iter().flatten().map(|(name, _)| name);
    let page = DocsPage {
        operations,
        objects: objects.filter_map(|name| ShownObject::new(name)).collect(),
    };
    Ok(Html(page.render()?))
}

impl ShownOperation {
    fn new(method: &str, path: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let bodies = operation["requestBody"]["content"].as_object();
        let answers = operation["responses"].as_object().into_iter().flatten();
        Self {
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            description: pieces(&text(&operation["description"])),
            example: example(method, path, bodies),
            parameters: parameters
                .map(|sent| ShownField {
                    place: text(&sent["in"]),
                    ..ShownField::new(&parameter(sent))
                })
                .collect(),
            bodies: (bodies.into_iter().flatten())
                .map(|(media_type, content)| ShownBody {
                    media_type: media_type.clone(),
                    fields: ShownField::all(&content["schema"]),
                })
                .collect(),
            answers: answers
                .map(|(status, answer)| ShownAnswer::new(status, answer))
                .collect(),
        }
    }
}

impl ShownAnswer {
    fn new(status: &str, answer: &Value) -> Self {
        let contents = answer["content"].as_object().into_iter().flatten();
        Self {
            status: status.to_owned(),
            description: pieces(&text(&answer["description"])),
            contents: contents
                .map(|(media_type, content)| ShownContent {
                    media_type: media_type.clone(),
                    kind: match kind(&content["schema"], DEPTH) {
                        Kind::Object(name) => vec![Piece::object(&name)],
                        _ => Vec::new(),
                    },
                })
                .collect(),
        }
    }
}

impl ShownObject {
    /// Describes an object; `None` for a schema that is none.
    fn new(name: &str) -> Option<Self> {
        let fields = ShownField::all(named(name));
        (!fields.is_empty()).then(|| Self {
            name: name.to_owned(),
            description: pieces(&text(&named(name)["description"])),
            fields,
        })
    }
}

impl ShownField {
    fn all(schema: &Value) -> Vec<Self> {
        fields(schema).iter().map(Self::new).collect()
    }

    fn new(field: &Field) -> Self {
        let mut kind = kind_pieces(&field.kind);
        if field.is_nullable {
            kind.push(Piece::plain(", or null"));
        }
        Self {
            name: field.name.clone(),
            place: String::new(),
            kind,
            is_required: field.is_required,
            description: pieces(&field.description),
        }
    }
}

/// Describes what a value is.
fn kind_pieces(kind: &Kind) -> Vec<Piece> {
    match kind {
        Kind::Object(name) => vec![Piece::object(name)],
        Kind::List(of) => {
            let mut all = vec![Piece::plain("list: ")];
            all.extend(kind_pieces(of));
            all
        }
        Kind::Text => vec![Piece::plain("text")],
        Kind::Time => vec![Piece::plain("time")],
        Kind::File => vec![Piece::plain("file")],
        Kind::Integer => vec![Piece::plain("whole number")],
        Kind::Json => vec![Piece::plain("object")],
        Kind::Boolean | Kind::OneOf(_) => pieces(&kind.to_string()),
    }
}

impl Piece {
    fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            is_code: false,
            is_object: false,
        }
    }

    fn object(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            is_code: true,
            is_object: true,
        }
    }
}

/// Splits a text into what is code, between backquotes, and what is not.
fn pieces(text: &str) -> Vec<Piece> {
    let parts = text.split('`').enumerate();
    let pieces = parts.map(|(at, part)| Piece {
        is_code: at % 2 == 1,
        ..Piece::plain(part)
    });
    pieces.filter(|piece| !piece.text.is_empty()).collect()
}

/// Writes the request as a line of a shell, with what must be sent.
fn example(method: &str, path: &str, bodies: Option<&Map<String, Value>>) -> String {
    let mut line = "curl -H \"Authorization: Bearer $DRIFTGUARD_KEY\"".to_owned();
    let method = method.to_ascii_uppercase();
    let sent = bodies.and_then(body_arguments);
    // What sends a body is a POST by itself.
    if method != "GET" && sent.is_none() {
        line.push_str(&format!(" -X {method}"));
    }
    if let Some(sent) = sent {
        line.push_str(&sent);
    }
    let place = path.replace(['{', '}'], "");
    let names: BTreeSet<_> = path.split(['{', '}']).skip(1).step_by(2).collect();
    let parts = place.split('/').map(|part| match names.contains(part) {
        true => part.to_ascii_uppercase(),
        false => part.to_owned(),
    });
    let place: Vec<_> = parts.collect();
    format!("{line} \"$DRIFTGUARD_URL{}\"", place.join("/"))
}

/// Writes the arguments that send a body: as a form with files where it may be one, else as JSON.
fn body_arguments(bodies: &Map<String, Value>) -> Option<String> {
    if let Some(form) = bodies.get(FORM) {
        let fields = fields(&form["schema"]).into_iter();
        let fields = fields.map(|field| match field.kind {
            Kind::File => format!(" -F {}=@FILE", field.name),
            _ => format!(" -F {}=TEXT", field.name),
        });
        return Some(fields.collect());
    }
    let required = fields(&bodies.get(JSON)?["schema"]).into_iter();
    let required = required.filter(|field| field.is_required);
    let body: Map<String, Value> = required
        .map(|field| {
            let example = match field.kind {
                Kind::OneOf(values) => values.into_iter().next().map(Value::from),
                _ => field.example,
            };
            (field.name, example.unwrap_or_default())
        })
        .collect();
    let body = Value::Object(body);
    Some(format!(" -H 'Content-Type: {JSON}' -d '{body}'"))
}
