//! Holds one parsed file, and maps its parts back to places in the repository.

use super::folder::Problem;
use super::json_syntax::JsonPlace;
use super::listing::is_json;
use super::nested_blocks::NestedBlocks;
use super::parse::{Readable, Unparsed};
use super::respell::Repeated;
use crate::model::Source;
use hcl_edit::structure::Body;
use std::ops::Range;
use std::sync::Arc;

/// A file of code that is to be parsed.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeText<'t> {
    /// Its path, relative to the repository.
    pub path: &'t str,
    /// Its text.
    pub text: &'t str,
    /// How it is written.
    pub syntax: Syntax<'t>,
}

/// How code is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Syntax<'t> {
    /// In HCL.
    Hcl,
    /// In JSON, in which these are blocks.
    Json(&'t NestedBlocks),
}

impl<'t> Syntax<'t> {
    /// Returns the syntax of a file with this name.
    pub(super) fn of(name: &str, blocks: &'t NestedBlocks) -> Self {
        match is_json(name) {
            true => Self::Json(blocks),
            false => Self::Hcl,
        }
    }
}

/// One parsed file.
#[derive(Debug)]
pub(super) struct File {
    /// Its path, relative to the repository.
    pub path: String,
    /// The text that was parsed: spans are bytes of it.
    pub text: String,
    /// Its parsed content.
    pub body: Body,
    /// The most bytes that all of this takes.
    pub memory: usize,
    /// Parts of the text that are evaluated although the parser dropped them, by their object.
    pub repeated: Vec<Repeated>,
    origin: Origin,
}

/// The origin of the parsed text.
#[derive(Debug)]
enum Origin {
    /// The file's own text, with the ends of its lines.
    Own(Vec<usize>),
    /// HCL that was written from the file's JSON.
    Json {
        text: String,
        blocks: NestedBlocks,
        places: Vec<JsonPlace>,
    },
    /// A text merged from parts of several files.
    Merged(Vec<Part>),
}

/// A part of another file's text.
#[derive(Debug)]
pub(super) struct Part {
    /// The byte of the merged text where it starts.
    pub start: usize,
    /// The other file.
    pub file: Arc<File>,
    /// The byte of that file's text where it starts.
    pub at: usize,
}

/// A place in a file of the repository.
struct FilePosition<'a> {
    path: &'a str,
    line: usize,
    at: usize,
}

impl File {
    /// Parses the code of a file: its own HCL, or the HCL that was written from its JSON.
    pub(super) fn parse(
        read: &CodeText<'_>,
        code: &Readable<'_>,
        json: Option<Vec<JsonPlace>>,
    ) -> Result<Self, Unparsed> {
        let origin = match (json, read.syntax) {
            (Some(places), Syntax::Json(blocks)) => Origin::Json {
                text: read.text.to_owned(),
                blocks: blocks.clone(),
                places,
            },
            _ => Origin::Own(line_ends(read.text)),
        };
        Self::new(read.path, code, origin)
    }

    /// Parses a text that was put together from parts of other files, under the name of one of them.
    pub(super) fn parse_merged(
        path: &str,
        code: &Readable<'_>,
        parts: Vec<Part>,
    ) -> Result<Self, Unparsed> {
        Self::new(path, code, Origin::Merged(parts))
    }

    /// Creates a file for a template, which is a file's text or a string of the code.
    pub(super) fn of_template(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            body: Body::default(),
            memory: 0,
            repeated: Vec::new(),
            origin: Origin::Own(line_ends(text)),
        }
    }

    fn new(path: &str, code: &Readable<'_>, origin: Origin) -> Result<Self, Unparsed> {
        let mut repeated = code.repeated().to_vec();
        repeated.sort_by_key(|repeated| repeated.object);
        Ok(Self {
            path: path.to_owned(),
            text: code.original.to_owned(),
            body: code.body()?,
            memory: code.effort.memory,
            repeated,
            origin,
        })
    }

    /// Returns whether it was put together from these parts.
    pub(super) fn is_merged_of(&self, text: &str, parts: &[Part]) -> bool {
        let same = |(left, right): (&Part, &Part)| {
            (left.start, left.at) == (right.start, right.at) && Arc::ptr_eq(&left.file, &right.file)
        };
        match &self.origin {
            Origin::Merged(own) => {
                self.text == text && own.len() == parts.len() && own.iter().zip(parts).all(same)
            }
            _ => false,
        }
    }

    /// Returns whether it was parsed from this.
    pub(super) fn is_of(&self, read: &CodeText<'_>) -> bool {
        match (&self.origin, read.syntax) {
            (Origin::Json { text, blocks, .. }, Syntax::Json(known)) => {
                text == read.text && blocks == known
            }
            (Origin::Own(_), Syntax::Hcl) => self.text == read.text,
            _ => false,
        }
    }

    /// Returns the position in the repository of a byte of the parsed text.
    fn position_of(&self, at: usize) -> FilePosition<'_> {
        let path = &self.path;
        match &self.origin {
            Origin::Own(ends) => FilePosition {
                path,
                line: 1 + ends.partition_point(|end| *end < at),
                at,
            },
            Origin::Json { places, .. } => {
                let before = places.partition_point(|place| place.start <= at);
                let found = places.get(before.saturating_sub(1));
                let (line, at) = found.map_or((1, 0), |place| (place.line, place.at));
                FilePosition { path, line, at }
            }
            Origin::Merged(parts) => {
                let before = parts.partition_point(|part| part.start <= at);
                match parts.get(before.saturating_sub(1)) {
                    Some(part) => part
                        .file
                        .position_of(part.at + at.saturating_sub(part.start)),
                    None => FilePosition { path, line: 1, at },
                }
            }
        }
    }

    /// Returns the file that a byte of the parsed text comes from: the file itself, or an override file.
    pub(super) fn path_at(&self, at: usize) -> &str {
        self.position_of(at).path
    }

    /// Returns the line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.position_of(at).line
    }

    /// Returns the bytes in the file itself of a span of the parsed text.
    pub(super) fn span(&self, span: Range<usize>) -> (usize, usize) {
        let start = self.position_of(span.start);
        let last = self.position_of(span.end.saturating_sub(1).max(span.start));
        match last.path == start.path && last.at >= start.at && !span.is_empty() {
            true => (start.at, last.at + 1),
            false => (start.at, start.at),
        }
    }

    /// Returns the location of a span.
    pub(super) fn source(&self, span: Range<usize>) -> Source {
        let FilePosition { path, line, .. } = self.position_of(span.start);
        Source {
            file: path.to_owned(),
            line,
            span: self.span(span),
        }
    }

    /// Returns a problem at a span.
    pub(super) fn problem(&self, span: Option<Range<usize>>, message: String) -> Problem {
        let FilePosition { path, line, .. } = self.position_of(span.map_or(0, |span| span.start));
        Problem {
            file: path.to_owned(),
            line,
            message,
        }
    }

    /// Returns the file and line of a span, for messages.
    pub(super) fn place(&self, span: Option<Range<usize>>) -> String {
        let FilePosition { path, line, .. } = self.position_of(span.map_or(0, |span| span.start));
        format!("{path}:{line}")
    }
}

/// Returns the ends of a text's lines.
pub(super) fn line_ends(text: &str) -> Vec<usize> {
    let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    newlines.map(|(at, _)| at).collect()
}
