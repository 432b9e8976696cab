//! Any text as `.driftguard.yml`: it is read, or refused by an error on a line that the file has.
//! What was read can be asked for its stacks.

use driftguard::settings::Settings;

pub fn check(text: &str) {
    match Settings::parse(text) {
        Ok(settings) => drop(settings.stacks_of(&["", "infra/production"], 2)),
        Err(error) => {
            // To YAML a lone carriage return ends a line as well.
            let lines = text.replace("\r\n", "\n").split(['\n', '\r']).count();
            let line = usize::try_from(error.line).unwrap_or(usize::MAX);
            assert!((1..=lines).contains(&line), "{error}: of {lines} lines");
        }
    }
}
