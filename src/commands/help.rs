//! `/driftguard help`

use super::{ALL, Answer, Command, Scene};
use crate::report::code;

/// `/driftguard help`
///
/// Lists the commands. It says so whatever follows, and is what `/driftguard` alone means.
pub(super) const COMMAND: Command = Command {
    name: "help",
    usage: "help",
    help: "Lists these commands.",
    run,
};

fn run(_: &str, _: &Scene<'_>) -> Result<Answer, String> {
    let rows: Vec<_> = ALL
        .iter()
        .map(|command| {
            let usage = code(&format!("/driftguard {}", command.usage)).in_cell();
            format!("| {usage} | {} |", command.help)
        })
        .collect();
    let table = format!(
        "| command | what it does |\n|---|---|\n{}\n\n`FINDING` is an id, the start of an id (`f-1c9e`), or a resource address. Write each \
         command on a line of its own; commands in quotes or code are ignored.",
        rows.join("\n")
    );
    Ok(Answer::new(table, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::speech::stage;

    #[test]
    fn help_names_every_command() {
        let said = run("me", &stage::scene(&[])).unwrap().says.concat();
        for command in ALL {
            assert!(
                said.contains(&format!("/driftguard {}", command.name)),
                "{said}"
            );
            assert!(command.usage.starts_with(command.name));
        }
    }
}
