//! What is a secret by what it is called in code, and what functions cut out of one.

use super::instance::Instance;
use super::size::Size;
use super::typed::Typed;
use crate::model::{SecretTexts, is_secret_name};
use std::rc::Rc;

/// Functions whose answers hold a part of a text, or the text in other letters.
const CUTTING: &[&str] = &[
    "base64encode",
    "format",
    "formatlist",
    "regex",
    "regexall",
    "replace",
    "split",
    "strrev",
    "substr",
    "textencodebase64",
    "trim",
    "trimprefix",
    "trimsuffix",
    "urlencode",
];

/// Whether a function's answers hold a part of a text, or the text in other letters.
pub(super) fn is_cutting(function: &str) -> bool {
    CUTTING.binary_search(&function).is_ok()
}

impl Instance<'_> {
    /// Adds the texts that are secrets by the names of its variables, local values and outputs, or of their parts.
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

    /// Adds what is a secret in a value of this name. Where there is no memory for that, the evaluation ends.
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

    /// Notes what is a secret in a value of this name, before anything is made of it.
    pub(super) fn note_secrets(&self, name: &str, value: &Typed) {
        let mut noted = self.context.secrets.borrow_mut();
        self.tell(name, value, &mut noted.texts);
    }

    /// Notes what a function made of these arguments, where one of them is a secret: that is one as well.
    pub(super) fn note_parts(&self, arguments: &[Typed], answer: &Typed) {
        if !self.are_variables_noted.replace(true) {
            for (name, setting) in &self.variables {
                self.note_secrets(name, &setting.value);
            }
        }
        let mut noted = self.context.secrets.borrow_mut();
        let mut texts = arguments.iter().filter_map(Typed::as_str);
        if texts.any(|text| noted.texts.holds(text)) {
            noted.texts.add_parts(&answer.plain());
        }
    }
}
