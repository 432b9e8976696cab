//! Finds secrets by the names of variables and locals, and marks what functions compute from parts of them.

use super::instance::Instance;
use super::size::Size;
use super::typed::Typed;
use crate::model::{SecretTexts, is_secret_name};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Functions that return a part of a string or another encoding of it. Digests are not among them, since they do not
/// reveal the secret.
const MAKING: &[&str] = &[
    "abs",
    "base64decode",
    "base64encode",
    "basename",
    "ceil",
    "chomp",
    "csvdecode",
    "dirname",
    "floor",
    "format",
    "formatlist",
    "indent",
    "join",
    "jsondecode",
    "jsonencode",
    "log",
    "lower",
    "max",
    "min",
    "parseint",
    "pow",
    "regex",
    "regexall",
    "replace",
    "split",
    "strrev",
    "substr",
    "sum",
    "textdecodebase64",
    "textencodebase64",
    "title",
    "tonumber",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
    "urlencode",
    "yamldecode",
    "yamlencode",
];

/// Those whose result does not contain the whole string.
const CUTTING: &[&str] = &[
    "base64decode",
    "base64encode",
    "format",
    "formatlist",
    "parseint",
    "regex",
    "regexall",
    "replace",
    "split",
    "strrev",
    "substr",
    "textdecodebase64",
    "textencodebase64",
    "tonumber",
    "trim",
    "trimprefix",
    "trimsuffix",
    "urlencode",
];

impl Instance<'_> {
    /// Adds the strings that are secrets by the names of variables, local values and outputs, or of their parts.
    pub(super) fn tell_secrets(self: &Rc<Self>, texts: &mut SecretTexts) {
        for (name, setting) in &self.variables {
            self.tell(name, &setting.value, texts);
        }
        // Others are told as far as something asked for them: to evaluate them may be dear.
        for name in self
            .folder
            .locals
            .keys()
            .filter(|name| is_secret_name(name))
        {
            self.local_value(name, 0);
        }
        for (file, block) in self.folder.blocks("output") {
            let name = block.labels.first().map(|name| name.as_str());
            let name = name.filter(|name| is_secret_name(name));
            if let (Some(name), Some(output)) = (name, block.body.get_attribute("value")) {
                let mark = self.context.budget.mark();
                let value = self.scope(file).known(&output.value);
                self.tell(name, &value, texts);
                self.context.budget.settle(mark, 0);
            }
        }
    }

    /// Adds the secrets in a value of this name. Ends the evaluation where the budget has no memory for them.
    fn tell(&self, name: &str, value: &Typed, texts: &mut SecretTexts) {
        let budget = &self.context.budget;
        if !texts.has_room() {
            return;
        }
        let bytes = Size::of_typed(value).bytes;
        if budget.keep(bytes).is_ok() {
            texts.add(name, &value.plain());
            budget.release(bytes);
        }
    }

    /// Records the secrets in a value of this name, before anything is computed from it.
    pub(super) fn note_secrets(&self, name: &str, value: &Typed) {
        let mut noted = self.context.secrets.borrow_mut();
        self.tell(name, value, &mut noted.texts);
    }

    /// Marks the result of a function that was computed from a secret or a part of one.
    pub(super) fn marked(&self, function: &str, arguments: &[Typed], answer: Typed) -> Typed {
        if MAKING.binary_search(&function).is_err() {
            return answer;
        }
        let is_cut = CUTTING.binary_search(&function).is_ok() && self.is_any_secret(arguments);
        if !is_cut && !arguments.iter().any(Typed::has_secret_text) {
            return answer;
        }
        let mut noted = self.context.secrets.borrow_mut();
        noted.texts.add_parts(&answer.plain());
        answer.of_secret()
    }

    /// Records the strings in an attribute that were computed from parts of secrets.
    pub(super) fn note_made(&self, value: &Typed) {
        value.secret_texts(&mut |text| {
            let mut noted = self.context.secrets.borrow_mut();
            noted.texts.add_parts(&text.into());
            noted.derived.insert(text.to_owned());
        });
    }

    /// Takes the strings that were recorded since the last call.
    pub(super) fn take_made(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.context.secrets.borrow_mut().derived)
    }

    /// Returns whether one of these values is a known secret.
    fn is_any_secret(&self, arguments: &[Typed]) -> bool {
        if !self.are_variables_noted.replace(true) {
            for (name, setting) in &self.variables {
                self.note_secrets(name, &setting.value);
            }
        }
        let noted = self.context.secrets.borrow();
        let mut texts = arguments.iter().filter_map(Typed::as_str);
        texts.any(|text| noted.texts.holds(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_in_order() {
        for functions in [MAKING, CUTTING] {
            assert!(functions.is_sorted());
        }
        assert!(CUTTING.iter().all(|function| MAKING.contains(function)));
    }
}
