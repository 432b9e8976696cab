//! `/driftguard help`

use super::{ALL, Answer, Command, CommandContext};
use crate::report::code;

/// `/driftguard help`
///
/// Lists the commands, whatever follows; so does `/driftguard` alone.
pub(super) const COMMAND: Command = Command {
    name: "help",
    usage: "help",
    help: "Lists these commands.",
    run,
};

fn run(_: &str, _: &CommandContext<'_>) -> Result<Answer, String> {
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
    use crate::commands::parsing::fixtures;

    #[test]
    fn help_names_every_command() {
        let reply = run("me", &fixtures::context(&[])).unwrap().reply.concat();
        for command in ALL {
            assert!(
                reply.contains(&format!("/driftguard {}", command.name)),
                "{reply}"
            );
            assert!(command.usage.starts_with(command.name));
        }
    }
}
