//! Parses one YAML document for `yamldecode`, and expands its anchors.

use super::Call;
use crate::code::budget::{Budget, Excess};
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::number::Number;
use crate::code::size::{ENTRY, MAP, Size};
use crate::code::typed::Typed;
use crate::code::types::Type;
use granit_parser::{Event, Parser, ScalarStyle, StrInput, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The bytes that are read for one step of work.
const READ: usize = 4;
/// The deepest nesting of values.
const MAX_DEPTH: usize = 100;
/// The prefix of YAML's own tags.
const CORE: &str = "tag:yaml.org,2002:";

pub(super) fn yamldecode(call: &Call<'_, '_>) -> Evaluated {
    let text = call.text(0)?;
    call.budget().work(text.len() / READ)?;
    let mut reader = Reader {
        budget: call.budget(),
        events: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
    };
    let mut event = reader.next()?;
    while matches!(
        event,
        Event::StreamStart | Event::DocumentStart(..) | Event::Comment(..)
    ) {
        event = reader.next()?;
    }
    let value = match event {
        Event::StreamEnd => return Err(Fault::Invalid),
        event => reader.value(event, 0)?,
    };
    loop {
        match reader.next()? {
            Event::DocumentEnd | Event::Comment(..) => {}
            Event::StreamEnd => return Ok(value),
            _ => return Err(Fault::Invalid),
        }
    }
}

struct Reader<'c, 't> {
    budget: &'c Budget,
    events: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Typed>,
}

impl<'t> Reader<'_, 't> {
    fn next(&mut self) -> Result<Event<'t>, Invalid> {
        let event = self.events.next_event().ok_or(Invalid)?;
        event.map(|(event, _)| event).map_err(|_| Invalid)
    }

    /// Returns the next event that is no comment.
    fn next_node(&mut self) -> Result<Event<'t>, Invalid> {
        loop {
            match self.next()? {
                Event::Comment(..) => {}
                event => return Ok(event),
            }
        }
    }

    fn value(&mut self, event: Event<'t>, depth: usize) -> Result<Typed, Fault> {
        if depth > MAX_DEPTH {
            return Err(Excess::Depth.into());
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.budget.take_text(text.len())?;
                (anchor, scalar(&text, style, tag.as_deref())?)
            }
            Event::SequenceStart(_, anchor, tag) => {
                only_core(tag.as_ref())?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                only_core(tag.as_ref())?;
                (anchor, self.mapping(depth)?)
            }
            Event::Alias(anchor) => {
                let value = self.anchors.get(&anchor).ok_or(Invalid)?;
                let size = Size::of_typed(value);
                self.budget.take(size.bytes)?;
                self.budget.work(size.items)?;
                return Ok(value.clone());
            }
            _ => return Err(Fault::Invalid),
        };
        if anchor > 0 {
            let size = Size::of_typed(&value);
            self.budget.take(ENTRY + size.bytes)?;
            self.budget.work(size.items)?;
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Typed, Fault> {
        let mut items = Vec::new();
        loop {
            match self.next_node()? {
                Event::SequenceEnd => return Ok(Typed::Tuple(items)),
                event => items.push(self.value(event, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Typed, Fault> {
        self.budget.take(MAP)?;
        let (mut entries, mut merged) = (BTreeMap::new(), BTreeMap::new());
        loop {
            let event = self.next_node()?;
            let is_merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            if matches!(event, Event::MappingEnd) {
                // What stands here itself comes before what is merged in.
                merged.append(&mut entries);
                return Ok(Typed::Object(merged));
            }
            let key = self.value(event, depth + 1)?;
            let event = self.next_node()?;
            let value = self.value(event, depth + 1)?;
            if is_merge {
                merge(value, &mut merged)?;
                continue;
            }
            let Some(key) = key.as_text() else {
                return Err(Fault::Invalid);
            };
            self.budget.take(ENTRY + key.len())?;
            entries.insert(key.into_owned(), value);
        }
    }
}

/// Adds the entries of one mapping or of several. The first entry of a key counts.
fn merge(value: Typed, merged: &mut BTreeMap<String, Typed>) -> Result<(), Invalid> {
    match value {
        Typed::Object(entries) => {
            for (key, value) in entries {
                merged.entry(key).or_insert(value);
            }
            Ok(())
        }
        Typed::Tuple(items) => items.into_iter().try_for_each(|item| match item {
            Typed::Object(_) => merge(item, merged),
            _ => Err(Invalid),
        }),
        _ => Err(Invalid),
    }
}

fn only_core(tag: Option<&Cow<'_, Tag>>) -> Result<(), Invalid> {
    match tag.map(|tag| name(tag)) {
        None => Ok(()),
        Some(Some(name)) if ["map", "seq"].contains(&name.as_str()) => Ok(()),
        Some(_) => Err(Invalid),
    }
}

/// Returns the name of one of YAML's own tags.
fn name(tag: &Tag) -> Option<String> {
    let full = format!("{}{}", tag.handle(), tag.suffix());
    full.strip_prefix(CORE).map(str::to_owned)
}

/// Parses a scalar by its tag, or by its form without one.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Typed, Invalid> {
    let tag = match tag {
        None => None,
        Some(tag) => Some(name(tag).ok_or(Invalid)?),
    };
    let is_plain = style == ScalarStyle::Plain;
    match tag.as_deref() {
        Some("str") => return Ok(Typed::text(text)),
        None if !is_plain => return Ok(Typed::text(text)),
        None => {}
        // Terraform checks that it fits, and takes some that do not fit for something else.
        Some(_) => return Ok(Typed::UNKNOWN),
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Typed::NULL,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            true.into()
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            false.into()
        }
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            Typed::Unknown(Type::Number)
        }
        ".nan" | ".NaN" | ".NAN" => return Err(Invalid),
        text => number(text).unwrap_or_else(|| {
            if is_date(text) {
                Typed::UNKNOWN
            } else {
                Typed::text(text)
            }
        }),
    })
}

fn number(text: &str) -> Option<Typed> {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let in_base = |prefix: &str, base: u32| {
        let digits = text.strip_prefix(prefix)?;
        Number::in_base(digits, base).filter(|_| digits.chars().all(|digit| digit.is_digit(base)))
    };
    if let Some(number) = in_base("0x", 16).or_else(|| in_base("0o", 8)) {
        return Some(number.into());
    }
    let has_form = bare.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number = Number::read(text)
        .ok()
        .filter(|_| has_form && bare != ".")?;
    Some(number.map_or(Typed::Unknown(Type::Number), Typed::from))
}

/// Returns whether a text may be a date, which Terraform reformats.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    digits == 4 && text.as_bytes().get(digits) == Some(&b'-')
}
