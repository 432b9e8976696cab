//! Edits policies in JSON files.

use super::json_file::{JsonFile, Texts};
use super::policy::Rewrite;
use super::reasons::PolicyRefusal;
use super::refusal::Refusal;
use crate::code::JsonValue as Json;
use crate::model::{Edit, PolicyForm, StatementCode, Uneditable, Value, ValueMap};
use std::collections::BTreeSet;

impl<'a> Rewrite<'a> {
    /// Reads the file that holds the policy; `None` where code holds it.
    ///
    /// # Errors
    /// The file is a template that is no valid JSON.
    pub(super) fn json_file(&self) -> Result<Option<JsonFile<'a>>, Refusal> {
        let texts = match self.code.form {
            PolicyForm::File => Texts::Plain,
            PolicyForm::Template => Texts::Templates,
            PolicyForm::Object | PolicyForm::Json | PolicyForm::Document => return Ok(None),
        };
        let file = JsonFile::read(self.page, texts);
        file.map(Some).ok_or_else(|| self.is_template())
    }

    fn is_template(&self) -> Refusal {
        PolicyRefusal::Template(self.at.clone()).into()
    }

    /// Changes the differing parts of a statement only.
    pub(super) fn change_json(
        &self,
        file: &JsonFile<'a>,
        statement: &StatementCode,
        live: &Value,
    ) -> Result<Vec<Edit>, Refusal> {
        let node = file.node(statement.whole.span.0);
        let node = node.ok_or_else(|| self.is_template())?;
        let Json::Object(entries) = &node.json else {
            return Err(self.is_template());
        };
        let own = &statement.whole.value;
        let written = |name: &str| {
            let entry = entries.iter().find(|entry| entry.key == name)?;
            file.value(&entry.value)
        };
        let names = entries.iter().map(|entry| entry.key.as_str());
        let added = live.as_map().into_iter().flatten();
        let names: BTreeSet<&str> = names.chain(added.map(|(name, _)| name.as_str())).collect();
        let mut new = ValueMap::new();
        for name in names {
            let of = |value: &Value| Value::map([(name, value.get(name).clone())]);
            let value = match self.same(&of(own), &of(live)) {
                true => written(name),
                false => Some(live.get(name).clone()).filter(|value| !value.is_null()),
            };
            new.extend(value.map(|value| (name.to_owned(), value)));
        }
        let edits = file.replace(node, &Value::Map(new));
        edits.ok_or_else(|| self.is_template())
    }

    /// Checks that a statement that is to be replaced contains no interpolation.
    ///
    /// # Errors
    /// The template would lose an interpolation.
    pub(super) fn keeps_template(&self, statement: &StatementCode) -> Result<(), Refusal> {
        let (start, end) = statement.whole.span;
        let text = self.page.text.get(start..end).unwrap_or_default();
        if self.code.form == PolicyForm::Document && text.starts_with("dynamic") {
            // It may make other statements as well, and its list has other elements tomorrow.
            return Err(Refusal::Uneditable {
                why: Uneditable::Statements(self.at.clone()),
                call: None,
            });
        }
        let interpolates = text.contains("${") || text.contains("%{");
        match self.code.form == PolicyForm::Template && interpolates {
            true => Err(self.is_template()),
            false => Ok(()),
        }
    }
}
