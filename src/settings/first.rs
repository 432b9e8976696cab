//! Writes the first settings of a repository.

use super::form::RoleArn;
use super::yaml::scalar;
use crate::model::StackName;

/// Writes the first `.driftguard.yml` of a repository: these stacks by name and path, the role if it is known, and the
/// other keys as comments.
pub fn first_file(stacks: &[(StackName, String)], role: Option<&str>, external_id: &str) -> String {
    let external_id: String = external_id.chars().filter(|c| !c.is_control()).collect();
    let role = role.filter(|role| RoleArn::try_from((*role).to_owned()).is_ok());
    let aws = match role {
        Some(role) => format!("aws:\n  role_arn: {}\n", scalar(role)),
        None => "# Make the role, write its ARN here, and take the two # away.\n\
             # aws:\n\
             #   role_arn: arn:aws:iam::123456789012:role/driftguard\n"
            .to_owned(),
    };
    let mut named: String = stacks
        .iter()
        .map(|(name, path)| {
            let path = if path.is_empty() { "." } else { path };
            format!(
                "  - name: {}\n    path: {}\n",
                scalar(name.as_str()),
                scalar(path)
            )
        })
        .collect();
    named = match named.is_empty() {
        true => "# stacks:\n#   - name: production\n#     path: infra/production\n".to_owned(),
        false => format!("stacks:\n{named}"),
    };
    format!(
        "# How DriftGuard watches this repository. It reads this file from the default branch only.\n\
         version: 1\n\
         \n\
         # DriftGuard reads AWS with a role of yours, whose trust policy asks for this external id:\n\
         #   {external_id}\n\
         {aws}\
         \n\
         # What is watched. More of a stack: state, workspace or workspaces, var_files, schedule (\"17 * * * *\", in UTC, or off;\n\
         # daily where nothing is said), fix (by-risk, adopt, restore or none).\n\
         {named}\
         \n\
         # What goes without saying:\n\
         # benchmark: cis-3.0\n\
         # unmanaged: children            # account | children | off: how far to look for what no state knows\n\
         # pull_requests: {{ draft: false, labels: [drift], reviewers: codeowners, limit: 5 }}\n\
         # dashboard: true\n\
         # checks: neutral                # on ordinary pull requests: neutral | failing | off\n\
         \n\
         # Differences that shall stay, each with a reason, and perhaps an owner and a last day:\n\
         # accept:\n\
         #   - address: 'aws_instance.worker[*]'\n\
         #     attribute: 'tags[\"PatchGroup\"]'\n\
         #     reason: the patch schedule owns it\n\
         #     until: 2027-03-31\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use proptest::prelude::*;

    fn stack(name: &str, path: &str) -> (StackName, String) {
        (StackName::new(name).unwrap(), path.to_owned())
    }

    fn read(text: &str) -> (Vec<(StackName, String)>, Option<RoleArn>) {
        let settings = Settings::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let stacks = settings.stacks.iter();
        let stacks = stacks
            .map(|stack| (stack.name(), stack.path.clone()))
            .collect();
        (stacks, settings.aws.role_arn)
    }

    #[test]
    fn the_first_file_names_the_stacks_and_leaves_the_role_open() {
        let stacks = [
            stack("production", "infra/production"),
            stack("123", ""),
            stack("off", "a b/{c}: d"),
        ];
        let text = first_file(&stacks, None, "dg-0123");
        assert_eq!(read(&text), (stacks.to_vec(), None));
        assert!(text.contains("#   dg-0123\n"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 120),
            "{text}"
        );
        let role = "arn:aws:iam::123456789012:role/driftguard";
        let text = first_file(&stacks, Some(role), "dg-0123");
        assert_eq!(read(&text).1, Some(RoleArn(role.to_owned())));
        assert_eq!(
            read(&first_file(&[], Some("no role"), "x\ny: z")),
            (Vec::new(), None)
        );
    }

    /// Removes the `# ` of lines that are commented out.
    #[test]
    fn what_it_shows_in_comments_is_right_as_well() {
        let text = first_file(&[], None, "dg-0123");
        let keys = [
            "aws:",
            "stacks:",
            "benchmark:",
            "unmanaged:",
            "pull_requests:",
            "dashboard:",
            "checks:",
            "accept:",
            "  ",
        ];
        let bare = |line: &str| {
            let setting = line.strip_prefix("# ").unwrap_or(line);
            let shown =
                keys.iter().any(|key| setting.starts_with(key)) && !setting.contains("dg-0123");
            shown.then(|| format!("{setting}\n"))
        };
        let shown: String = text.lines().filter_map(bare).collect();
        let settings = Settings::parse(&shown).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        assert_eq!(settings.accept.len(), 1);
        assert_eq!(settings.pull_requests, Settings::default().pull_requests);
        assert!(settings.aws.role_arn.is_some() && settings.stacks.len() == 1);
    }

    proptest! {
        #[test]
        fn any_paths_are_read_back(paths in proptest::collection::vec("[^/.\\x00][^/\\x00]{0,12}", 0..4), id in "\\PC{0,20}") {
            let stacks: Vec<_> = paths
                .into_iter()
                .enumerate()
                .map(|(at, path)| stack(&format!("s{at}"), &path))
                .collect();
            prop_assert_eq!(read(&first_file(&stacks, None, &id)).0, stacks);
        }
    }
}
