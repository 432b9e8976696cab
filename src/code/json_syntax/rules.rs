//! Knows Terraform's rules for each body: which names are blocks, and how the strings of arguments are read.

use crate::code::nested_blocks::{BlockNames, NestedBlocks};
use crate::code::policy_document;

/// How a string in JSON is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextSyntax {
    /// A template, whose interpolations are code.
    Template,
    /// Literal text.
    Literal,
    /// Code, such as a reference or a type.
    Code,
}

/// The kinds of bodies with rules of their own.
#[derive(Debug, Clone)]
pub(super) enum BodyKind {
    Terraform,
    Variable,
    Module,
    Resource(BlockNames),
    Lifecycle,
    /// `moved`, `import` and `removed`.
    Refactoring,
    /// A `dynamic` block, and what its `content` may hold.
    Dynamic(BlockNames),
    /// Any other, with these blocks.
    Plain(BlockNames),
    /// A body whose strings are no templates, with these blocks.
    Literal(BlockNames),
}

/// The number of a block's labels, and the kind of its body.
pub(super) struct BlockRule {
    pub labels: usize,
    pub body: Body,
}

/// The kind of a block's body.
pub(super) enum Body {
    Is(BodyKind),
    /// It depends on the first label.
    OfType(fn(&NestedBlocks, &str) -> BodyKind),
}

const PROVIDER: &[&str] = &[
    "assume_role",
    "assume_role_with_web_identity",
    "default_tags",
    "endpoints",
    "ignore_tags",
];
const CONDITIONS: &[&str] = &["precondition", "postcondition"];

fn rule(labels: usize, kind: BodyKind) -> Option<BlockRule> {
    Some(BlockRule {
        labels,
        body: Body::Is(kind),
    })
}

fn plain(names: &[&str]) -> BodyKind {
    BodyKind::Plain(BlockNames::flat(names))
}

/// Returns the rule of a block at the top of a file; `None` where there is no such block.
pub(super) fn top_level(name: &str) -> Option<BlockRule> {
    let of_type = |of_type| {
        Some(BlockRule {
            labels: 2,
            body: Body::OfType(of_type),
        })
    };
    match name {
        "terraform" => rule(0, BodyKind::Terraform),
        "locals" => rule(0, plain(&[])),
        "provider" => rule(1, plain(PROVIDER)),
        "variable" => rule(1, BodyKind::Variable),
        "output" => rule(1, plain(CONDITIONS)),
        "module" => rule(1, BodyKind::Module),
        "moved" | "import" | "removed" => rule(0, BodyKind::Refactoring),
        "check" => rule(1, plain(&["assert"])),
        "resource" | "ephemeral" => {
            of_type(|blocks, tf_type| BodyKind::Resource(blocks.of_type(tf_type)))
        }
        "data" => of_type(|_, tf_type| BodyKind::Resource(of_data(tf_type))),
        _ => None,
    }
}

/// Returns the blocks of a data source.
fn of_data(tf_type: &str) -> BlockNames {
    match tf_type {
        policy_document::TYPE => {
            let inner = BlockNames::flat(&["principals", "not_principals", "condition"]);
            BlockNames::default().with("statement", inner)
        }
        _ => BlockNames::flat(&["filter"]),
    }
}

impl BodyKind {
    /// Returns the rule of a block in this body; `None` where the name is an argument.
    pub(super) fn block(&self, name: &str) -> Option<BlockRule> {
        match (self, name) {
            (Self::Terraform, "backend" | "provider_meta") => {
                rule(1, Self::Literal(BlockNames::default()))
            }
            (Self::Terraform, "cloud") => rule(0, Self::Literal(BlockNames::flat(&["workspaces"]))),
            (Self::Terraform, "required_providers") => {
                rule(0, Self::Literal(BlockNames::default()))
            }
            (Self::Variable, "validation") => rule(0, plain(&[])),
            (Self::Resource(_) | Self::Refactoring, "lifecycle") => rule(0, Self::Lifecycle),
            (Self::Resource(_), "connection") => rule(0, plain(&[])),
            (Self::Resource(_) | Self::Refactoring, "provisioner") => {
                rule(1, plain(&["connection"]))
            }
            (Self::Lifecycle, "precondition" | "postcondition") => rule(0, plain(&[])),
            (Self::Dynamic(inner), "content") => rule(0, Self::Plain(inner.clone())),
            (Self::Resource(names) | Self::Plain(names), "dynamic") => Some(BlockRule {
                labels: 1,
                body: Body::Is(Self::Dynamic(names.clone())),
            }),
            (Self::Resource(names) | Self::Plain(names), name) => {
                rule(0, Self::Plain(names.get(name)?.clone()))
            }
            (Self::Literal(names), name) => rule(0, Self::Literal(names.get(name)?.clone())),
            _ => None,
        }
    }

    /// Returns the body of a `dynamic` block for the blocks of this name.
    pub(super) fn of_dynamic(&self, name: &str) -> Self {
        match self {
            Self::Dynamic(names) => Self::Dynamic(names.get(name).cloned().unwrap_or_default()),
            other => other.clone(),
        }
    }

    /// Returns how the strings of an argument are read.
    pub(super) fn text_is(&self, name: &str) -> TextSyntax {
        match (self, name) {
            (Self::Terraform | Self::Literal(_), _) => TextSyntax::Literal,
            (Self::Variable, "type") => TextSyntax::Code,
            (Self::Variable, _) => TextSyntax::Literal,
            (Self::Module, "source" | "version") => TextSyntax::Literal,
            (Self::Module, "providers") => TextSyntax::Code,
            (Self::Resource(_) | Self::Refactoring, "provider") => TextSyntax::Code,
            (Self::Refactoring, "from" | "to") => TextSyntax::Code,
            (Self::Dynamic(_), "iterator") => TextSyntax::Code,
            (Self::Lifecycle, _) => TextSyntax::Literal,
            (_, "depends_on") => TextSyntax::Code,
            _ => TextSyntax::Template,
        }
    }
}
