//! Edits policies statement by statement: those with an equal meaning stay as they are written.

use super::layout::SourceFile;
use super::list::{items_of, rewrite_list};
use super::literal::{escape_templates, key, render};
use super::location::File;
use super::map_entries::rewrite_value;
use super::reasons::PolicyRefusal;
use super::refusal::Refusal;
use super::target::Target;
use super::{Stack, defaults, splice};
use crate::model::{
    Definition, Edit, Part, Parts, PolicyCode, PolicyForm, Schema, Source, StatementCode, Value,
    ValueMap, escape_json, sort_policy,
};

/// A policy in the code that is to be rewritten.
pub(super) struct Rewrite<'a> {
    /// The file.
    pub page: SourceFile<'a>,
    /// The code of the stack.
    pub stack: &'a Stack<'a>,
    /// The places of the statements.
    pub code: &'a PolicyCode,
    /// The provider's schema, which knows the equal forms of policies.
    pub schema: &'a Schema,
    /// The name of the attribute.
    pub name: &'a str,
    /// The place of the policy, for messages.
    pub at: String,
    /// Whether others share the text: only literals that it refers to are edited.
    pub is_shared: bool,
}

impl Rewrite<'_> {
    /// Returns the edits after which the code makes the live policy.
    ///
    /// # Errors
    /// Why it must be edited by hand.
    pub(super) fn edits(&self, live_policy: &str) -> Result<Vec<Edit>, Refusal> {
        let live_policy: Value = serde_json::from_str(live_policy)
            .map_err(|_| PolicyRefusal::NotJson(self.at.clone()))?;
        let mut live = match live_policy.get("Statement") {
            Value::List(items) => items.clone(),
            single => vec![single.clone()],
        };
        let mut left = Vec::new();
        for (number, statement) in self.code.statements.iter().enumerate() {
            if statement.whole.value.has_unknown() {
                return Err(PolicyRefusal::Unknown(self.at.clone()).into());
            }
            match live
                .iter()
                .position(|live| self.same(&statement.whole.value, live))
            {
                Some(at) => drop(live.remove(at)),
                None => left.push(number),
            }
        }
        let mut edits = Vec::new();
        let mut gone = Vec::new();
        for number in left {
            match self.partner(number, &live) {
                Some(at) => edits.extend(self.change(number, &live.remove(at))?),
                None => gone.push(number),
            }
        }
        // One that is gone makes room for one that is new.
        let room = gone.len().min(live.len());
        for number in gone.drain(..room) {
            edits.push(self.exchange(number, &live.remove(0))?);
        }
        edits.extend(self.remove(&gone)?);
        // What another edit replaces needs no indentation.
        let indented = |edits: &mut Vec<Edit>, edit: Option<Edit>| {
            let edit: Vec<_> = edit.into_iter().collect();
            let _ = splice::join(edits, &edit);
        };
        indented(&mut edits, self.moved_end(&gone));
        if !live.is_empty() && self.is_single() {
            edits.extend(self.listed(&live)?);
            return Ok(edits);
        }
        for statement in &live {
            edits.push(self.add(statement)?);
        }
        if !live.is_empty() {
            indented(&mut edits, self.deeper_end());
        }
        Ok(edits)
    }

    /// Returns whether two statements, or parts of them, have the same meaning.
    pub(super) fn same(&self, left: &Value, right: &Value) -> bool {
        let form = |statement: &Value| {
            let policy = Value::map([("Statement", Value::List(vec![statement.clone()]))]);
            let text = serde_json::to_string(&policy).unwrap_or_default();
            (self.schema.rules.normalize)(self.name, text.into())
        };
        form(left) == form(right)
    }

    /// Returns the new form of a statement: the one with its `Sid`, or the only one that differs in a single part.
    fn partner(&self, number: usize, live: &[Value]) -> Option<usize> {
        let own = &self.code.statements[number].whole.value;
        let sid = own.get("Sid");
        let by_name = live
            .iter()
            .position(|live| !sid.is_empty() && live.get("Sid") == sid);
        let alike = |live: &Value| {
            let keys = ["Effect", "Action", "Resource", "Principal", "Condition"];
            let differ = keys.iter().filter(|key| {
                let of = |value: &Value| Value::map([(**key, value.get(key).clone())]);
                !self.same(&of(own), &of(live))
            });
            let is_named_as_before = live.get("Sid").is_empty() == sid.is_empty();
            differ.count() <= usize::from(is_named_as_before)
        };
        by_name.or_else(|| live.iter().position(alike))
    }

    /// Changes the differing parts of a statement, or replaces it where they cannot be changed alone.
    fn change(&self, number: usize, live: &Value) -> Result<Vec<Edit>, Refusal> {
        let statement = &self.code.statements[number];
        if let Some(file) = self.json_file()? {
            return self.change_json(&file, statement, live);
        }
        let own = statement.whole.value.as_map().cloned().unwrap_or_default();
        let new_parts = live.as_map().cloned().unwrap_or_default();
        let mut edits = Vec::new();
        for name in own.keys().chain(new_parts.keys()) {
            let of = |all: &ValueMap| {
                let found = all.get(name).cloned();
                Value::map(found.map(|value| (name.as_str(), value)))
            };
            if self.same(&of(&own), &of(&new_parts)) {
                continue;
            }
            let more = match (statement.parts.get(name), new_parts.get(name)) {
                (Some(part), Some(value)) => self.rewrite(name, part, value),
                (Some(part), None) => self.without(statement, part).map(|edit| vec![edit]),
                (None, value) => {
                    let in_blocks = self.in_blocks((name, statement), (own.get(name), value));
                    let is_new = !own.contains_key(name) || self.leaves_out(statement, name);
                    let added = || Some(vec![self.with(statement, (name, value?))?]);
                    in_blocks.or_else(|| added().filter(|_| is_new))
                }
            };
            let Some(mut more) = more else {
                self.keeps_expressions(statement)?;
                return Ok(vec![self.replace(number, live)?]);
            };
            more.retain(|edit| !edits.contains(edit));
            edits.extend(more);
        }
        Ok(edits)
    }

    /// Replaces a value of this name, in the style of the old one: a text or a list. What stays of it keeps its text.
    pub(super) fn rewrite(&self, name: &str, part: &Part, value: &Value) -> Option<Vec<Edit>> {
        let value = match self.code.form {
            PolicyForm::Document => variables(name, value),
            _ => value.clone(),
        };
        let behind = part.behind.as_ref().filter(|_| !self.is_call(part));
        if let Some(edit) = behind.and_then(|behind| edit_behind(self.stack, behind, &value)) {
            return Some(vec![edit]);
        }
        let (span, form) = (part.span, self.code.form);
        if form == PolicyForm::Object
            && let Some(edits) = rewrite_value(self.page, span, (&part.value, &value))
        {
            return Some(edits);
        }
        let edits = self.merged(part, &value);
        let edits = edits.or_else(|| self.concatenated(part, &value));
        let old = self.page.text.get(span.0..span.1)?;
        if edits.is_some() || self.is_computed(old) {
            return edits;
        }
        let text = match (old.starts_with('['), &value) {
            (true, Value::List(_) | Value::String(_)) => self.relisted(old, part, &value)?,
            (false, Value::List(items)) if items.len() == 1 && old.starts_with('"') => {
                self.literal(items.first()?)?
            }
            (false, Value::List(items)) if items.contains(&part.value) => {
                let more = items.iter().filter(|item| **item != part.value);
                let more = more
                    .map(|item| self.literal(item))
                    .collect::<Option<Vec<_>>>()?;
                let comma = if form == PolicyForm::Json { "," } else { ", " };
                format!("[{old}{comma}{}]", more.join(comma))
            }
            (_, value) => self.literal(value)?,
        };
        Some(vec![self.page.edit(span.0..span.1, text)])
    }

    /// Returns the text of a list after a text, or another list, took its place.
    fn relisted(&self, old: &str, part: &Part, value: &Value) -> Option<String> {
        let items = value.as_list().unwrap_or(std::slice::from_ref(value));
        let kept = rewrite_list(old, items, items_of(&part.value).as_deref(), &|_| None);
        kept.or_else(|| match self.holds_computed(old) {
            true => None,
            false => self.literal(&Value::List(items.to_vec())),
        })
    }

    fn literal(&self, value: &Value) -> Option<String> {
        match self.code.form {
            PolicyForm::Json => Some(json(value)),
            _ => render(value, ""),
        }
    }

    /// Replaces a statement.
    pub(super) fn replace(&self, number: usize, live: &Value) -> Result<Edit, Refusal> {
        self.keeps_template(&self.code.statements[number])?;
        let span = self.code.statements[number].whole.span;
        let indent = self.page.indent_of(span.0);
        let mut live = live.clone();
        if let Value::Map(entries) = &mut live
            && self.leaves_out_effect(number, entries)
        {
            entries.remove("Effect");
        }
        Ok(self.page.edit(span.0..span.1, self.written(&live, indent)?))
    }

    /// Adds a statement behind the last one.
    fn add(&self, live: &Value) -> Result<Edit, Refusal> {
        let last = self.last()?;
        let (start, end) = last.whole.span;
        // Of `}, {` the line of the closing brace tells.
        let indent = self.page.indent_of(end.saturating_sub(1));
        let text = self.written(live, indent)?;
        let line = self.page.line_end();
        let alone = self.page.text[self.page.line_of(start).start..start]
            .trim()
            .is_empty();
        let lead = match self.code.form {
            PolicyForm::Document => format!("{line}{line}{indent}"),
            _ if alone => format!(",{line}{indent}"),
            _ => self
                .json_file()?
                .map_or(", ", |file| file.comma())
                .to_owned(),
        };
        Ok(self.page.edit(end..end, lead + &text))
    }

    fn last(&self) -> Result<&StatementCode, Refusal> {
        let last = self.code.statements.last();
        last.ok_or_else(|| PolicyRefusal::NoStatement(self.at.clone()).into())
    }

    /// Returns whether the policy has one statement without a list around it.
    fn is_single(&self) -> bool {
        let [only] = self.code.statements.as_slice() else {
            return false;
        };
        let before = self.page.text.get(..only.whole.span.0).unwrap_or_default();
        self.code.form != PolicyForm::Document && before.trim_end().ends_with(['=', ':'])
    }

    /// Makes a list of the only statement and of these.
    fn listed(&self, live: &[Value]) -> Result<Vec<Edit>, Refusal> {
        let (start, end) = self.last()?.whole.span;
        let indent = self.page.indent_of(start);
        let written = live.iter().map(|statement| self.written(statement, indent));
        let written = written.collect::<Result<Vec<_>, _>>()?;
        let added = format!(", {}]", written.join(", "));
        let mut edits = vec![
            self.page.edit(start..start, "[".to_owned()),
            self.page.edit(end..end, added),
        ];
        edits.extend(self.deeper_end());
        Ok(edits)
    }

    /// Writes a statement in the form of this policy, with the lines after the first indented by `indent`.
    fn written(&self, statement: &Value, indent: &str) -> Result<String, Refusal> {
        let refused = || PolicyRefusal::Statement(self.at.clone());
        let entries = statement.as_map().ok_or_else(refused)?;
        let mut names: Vec<&String> = entries.keys().collect();
        sort_policy(&mut names, |name| name);
        let end = self.page.line_end();
        let lines = match self.code.form {
            PolicyForm::Json => {
                let line = |name: &&String| {
                    format!(
                        "{indent}  {}: {}",
                        json(&(*name).as_str().into()),
                        json(&entries[*name])
                    )
                };
                let lines: Vec<_> = names.iter().map(line).collect();
                lines.join(&format!(",{end}"))
            }
            PolicyForm::Object => {
                let widest = names
                    .iter()
                    .map(|name| name.len())
                    .max()
                    .unwrap_or_default();
                let line = |name: &&String| {
                    Some(format!(
                        "{indent}  {:widest$} = {}",
                        key(name),
                        render(&entries[*name], "")?
                    ))
                };
                let lines: Option<Vec<_>> = names.iter().map(line).collect();
                lines.ok_or_else(refused)?.join(end)
            }
            PolicyForm::File | PolicyForm::Template => {
                let file = self.json_file()?.ok_or_else(refused)?;
                return Ok(file.write(statement, indent));
            }
            PolicyForm::Document => {
                let block = self.block(entries, indent).ok_or_else(refused)?;
                return Ok(format!("statement {{{end}{block}{end}{indent}}}"));
            }
        };
        Ok(format!("{{{end}{lines}{end}{indent}}}"))
    }
}

impl Target<'_> {
    /// Replaces what changed in a policy.
    pub(super) fn rewrite_policy(
        &self,
        (page, source): (SourceFile<'_>, &Source),
        code: &PolicyCode,
        policy: &str,
        stack: &Stack<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let schema = stack.catalog.get(&self.address.tf_type);
        let rewrite = Rewrite {
            page,
            code,
            stack,
            schema: schema.ok_or_else(|| Refusal::Stale(source.place()))?,
            name: self.name,
            at: source.place(),
            is_shared: self.is_shared,
        };
        rewrite.edits(policy)
    }
}

/// Replaces the literal that a part of a policy, or of another text of JSON, refers to.
pub(super) fn edit_behind(stack: &Stack<'_>, behind: &Definition, value: &Value) -> Option<Edit> {
    let source = &behind.source;
    defaults::check(source, stack).ok()?;
    let file = File::open(stack.tree, &source.file).ok()?;
    let old = file.page.text.get(source.span.0..source.span.1)?;
    let known = match &behind.parts {
        Parts::Items(items) => Some(items.as_slice()),
        Parts::Whole => None,
        Parts::Joined | Parts::Policy(_) | Parts::Json(_) => return None,
    };
    let text = match (old.starts_with('['), value) {
        (true, Value::List(items)) => rewrite_list(old, items, known, &|_| None)?,
        (true, Value::String(_)) => {
            rewrite_list(old, std::slice::from_ref(value), known, &|_| None)?
        }
        (false, Value::List(items)) if items.len() == 1 => render(items.first()?, "")?,
        (false, Value::String(_)) => render(value, "")?,
        (false, Value::Number(_) | Value::Bool(_)) => render(value, old)?,
        _ => return None,
    };
    Some(file.page.edit(source.span.0..source.span.1, text))
}

/// Escapes IAM's own variables, which a policy document writes as `&{...}`, in a part of this name. Actions have none.
pub(super) fn variables(name: &str, value: &Value) -> Value {
    match value {
        _ if name.ends_with("Action") => value.clone(),
        Value::String(text) => text.replace("${", "&{").into(),
        Value::List(items) => {
            let items = items.iter().map(|item| variables(name, item));
            Value::List(items.collect())
        }
        other => other.clone(),
    }
}

/// Writes a value as JSON in a heredoc, and escapes everything that HCL would evaluate, and invisible characters.
pub(super) fn json(value: &Value) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    escape_templates(&escape_json(text))
}
