//! Parses `terraform.source`, the location of a unit's code.

use super::unit_context::UnitContext;
use crate::code::folder::Problem;
use crate::code::instance::relative;
use crate::model::Tree;

/// The prefix of a registry's modules.
const REGISTRY: &str = "tfr://";
/// Hosts whose addresses need no prefix.
const HOSTS: &[&str] = &["github.com/", "gitlab.com/", "bitbucket.org/"];

/// The location of a unit's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::code) enum UnitSource {
    /// A folder of the repository: the unit's own, or a module.
    Folder(String),
    /// A module outside the repository: source and version as in a `module` block.
    Elsewhere(String, Option<String>),
    /// It is not known, for this reason.
    Unknown(Problem),
}

/// Makes a source independent of the repository's place: a path of the repository becomes relative to the unit.
pub(super) fn portable(source: &str, unit: &str, unit_context: &UnitContext) -> String {
    // `//` parts the package from the module in it.
    let (package, module) = match split(source) {
        Some((package, module)) => (package, Some(module)),
        None => (source, None),
    };
    let is_on_machine = package.starts_with(unit_context.machine_root);
    let Some(path) = unit_context
        .in_repository(unit, package)
        .filter(|_| is_on_machine)
    else {
        return source.to_owned();
    };
    let path = format!("./{}", relative(unit, &path));
    match module {
        Some(module) => format!("{path}//{module}"),
        None => path,
    }
}

/// Splits a source at the `//` that is not a scheme's.
fn split(source: &str) -> Option<(&str, &str)> {
    let from = source.find("://").map_or(0, |at| at + 3);
    let at = from + source.get(from..)?.find("//")?;
    Some((source.get(..at)?, source.get(at + 2..)?))
}

impl UnitSource {
    /// Parses a source relative to a unit's folder.
    ///
    /// # Errors
    /// It leads out of the repository.
    pub(super) fn parse(source: &str, unit: &str) -> Result<Self, String> {
        if let Some(rest) = source.strip_prefix(REGISTRY) {
            return Ok(of_registry(rest));
        }
        let is_address = source.contains("://")
            || source.contains("::")
            || source.contains('@')
            || HOSTS.iter().any(|host| source.starts_with(host));
        if is_address {
            return Ok(Self::Elsewhere(source.to_owned(), None));
        }
        Tree::join(unit, source).map(Self::Folder).ok_or_else(|| {
            format!("the source `{source}` leads out of the repository, and no code outside of it is read")
        })
    }
}

/// Parses `registry.example.com/a/b/aws//module?version=1.2.3`, with or without the host.
fn of_registry(rest: &str) -> UnitSource {
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let address = address.trim_start_matches('/');
    let address = address
        .strip_prefix("registry.terraform.io/")
        .unwrap_or(address);
    let mut parameters = query.split('&').filter_map(|pair| pair.split_once('='));
    let version = parameters.find(|(name, _)| *name == "version");
    UnitSource::Elsewhere(
        address.to_owned(),
        version.map(|(_, version)| version.to_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::terragrunt::unit_context::MACHINE_ROOTS;

    #[test]
    fn a_source_is_a_folder_of_the_repository_or_what_a_call_would_name() {
        let elsewhere = |source: &str, version: Option<&str>| {
            Ok(UnitSource::Elsewhere(
                source.to_owned(),
                version.map(str::to_owned),
            ))
        };
        let folder = |path: &str| Ok(UnitSource::Folder(path.to_owned()));
        let parse = |source| UnitSource::parse(source, "live/prod/app");
        assert_eq!(parse("../../../modules//app"), folder("modules/app"));
        assert_eq!(parse("."), folder("live/prod/app"));
        assert!(parse("../../../../modules").is_err());
        let vpc = "terraform-aws-modules/vpc/aws";
        for (source, version) in [
            (
                "tfr:///terraform-aws-modules/vpc/aws?version=5.1.0",
                "5.1.0",
            ),
            (
                "tfr://registry.terraform.io/terraform-aws-modules/vpc/aws?version=5.1.0",
                "5.1.0",
            ),
        ] {
            assert_eq!(parse(source), elsewhere(vpc, Some(version)));
        }
        for source in [
            "git::git@github.com:acme/modules.git//app?ref=v1",
            "github.com/acme/modules//app",
            "https://example.com/modules.tar.gz",
        ] {
            assert_eq!(parse(source), elsewhere(source, None));
        }
    }

    #[test]
    fn a_path_on_the_machine_counts_wherever_that_is() {
        for root in MACHINE_ROOTS {
            let unit_context = UnitContext::new(root, None);
            let source = |path: &str| portable(path, "live/app", &unit_context);
            assert_eq!(
                source(&format!("{root}/modules//app")),
                "./../../modules//app"
            );
            assert_eq!(
                source(&format!("{root}/live/app/../../modules/app")),
                "./../../modules/app"
            );
            assert_eq!(source("../x"), "../x");
            assert_eq!(
                source("git::https://github.com/a/b//c"),
                "git::https://github.com/a/b//c"
            );
        }
    }
}
