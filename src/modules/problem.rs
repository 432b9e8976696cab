//! Why a module was not fetched: the cause, and what to do.

use crate::outbound::OutboundError;

/// Why a module was not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuleProblem {
    /// Its source is of a kind that is not read.
    #[error(
        "`{0}` is neither a repository on {1}, nor a module of a registry, nor a tar archive at an https address: only \
         these are read"
    )]
    Source(String, String),
    /// Its registry is not asked.
    #[error(
        "the registry `{0}` is not one that this server asks: its operator may add it to DRIFTGUARD_MODULE_REGISTRIES"
    )]
    Registry(String),
    /// Its registry did not answer.
    #[error("the registry `{0}` did not tell where the module is: {1}")]
    NoAnswer(String, RegistryFailure),
    /// Its registry has no such version.
    #[error("`{module}` has no version that meets {constraint}")]
    NoVersion {
        /// The module.
        module: String,
        /// The constraint, in backticks, or that there is none.
        constraint: String,
    },
    /// The scanned repository may not see it, as far as there is one.
    #[error("there is no `{0}` that this repository may see: {1}")]
    NotSeen(String, Remedy),
    /// The repository has no such commit.
    #[error("`{repository}` has no `{reference}`: name a branch, a tag or a commit that it has")]
    NoReference {
        /// The repository.
        repository: String,
        /// What the call asks for.
        reference: String,
    },
    /// Its archive is larger than is read, or none.
    #[error("the archive of `{0}` cannot be read: {1}")]
    Archive(String, String),
    /// There is no code where the call leads.
    #[error("there is no Terraform code in `{folder}` of `{package}`")]
    NoCode {
        /// The package.
        package: String,
        /// The folder in it.
        folder: String,
    },
    /// A scan fetches no more.
    #[error("{0}: call fewer modules that are not in the repository")]
    TooMuch(&'static str),
}

/// What a registry failed with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryFailure {
    /// It could not be asked.
    #[error("{0}")]
    Outbound(String),
    /// It does not serve modules by the protocol that is known.
    #[error("its answer is not that of a registry of modules (modules.v1)")]
    NotUnderstood,
    /// It names a place that is not read.
    #[error(
        "it names `{0}`, and only repositories on GitHub and tar archives at https addresses are read"
    )]
    Elsewhere(String),
}

impl From<OutboundError> for RegistryFailure {
    fn from(error: OutboundError) -> Self {
        Self::Outbound(error.to_string())
    }
}

/// What can be done where a repository is not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Remedy {
    /// The scanned repository is public.
    #[error("a public repository reads modules of public repositories alone")]
    Public,
    /// The operator did not allow it.
    #[error(
        "make it public, or ask the operator of this server to read modules of private repositories of the same account \
         (DRIFTGUARD_PRIVATE_MODULES=1)"
    )]
    Setting,
    /// The App is not installed on it.
    #[error("check the source, and install DriftGuard on it if it belongs to the same account")]
    Install,
}
