//! What the code says.

use super::{Address, Uneditable, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the code says of each resource instance. One that is missing here was not evaluated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Declared {
    /// By address, keys included.
    pub resources: BTreeMap<Address, DeclaredResource>,
}

impl Declared {
    /// What the code says of an instance. Where the keys of its block, or of a module on the way to it, are not certain,
    /// that is what it says of all of them.
    pub fn get(&self, address: &Address) -> Option<&DeclaredResource> {
        let exact = self.resources.get(address);
        let has_key =
            address.key.is_some() || address.modules.iter().any(|step| step.key.is_some());
        if exact.is_some() || !has_key {
            return exact;
        }
        let mut general = address.block();
        let of_block = address
            .key
            .as_ref()
            .and_then(|_| self.resources.get(&general));
        of_block.or_else(|| {
            for step in &mut general.modules {
                step.key = None;
            }
            self.resources.get(&general)
        })
    }
}

/// What the code says of one resource instance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeclaredResource {
    /// The file of its block, relative to the repository.
    pub file: String,
    /// The line of its block, from 1.
    pub line: usize,
    /// What its block sets, by attribute or nested block (a list of maps, whatever its nesting). Entries of a map
    /// (`tags["Role"]`) and attributes of a nested block (`root_block_device[0].iops`) stand here as well, under their
    /// own paths.
    /// An attribute that is missing here is left out of the code.
    pub attributes: BTreeMap<String, Definition>,
    /// The literal map or list that its block stands for each entry of, where there is one.
    pub for_each: Option<Source>,
    /// The call in the root module that leads to its block; none for the root module's own.
    pub call: Option<Source>,
    /// The paths of `lifecycle.ignore_changes`, as written (`tags["PatchGroup"]`); `all` for all.
    pub ignore_changes: Vec<String>,
}

/// One attribute of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// What it evaluates to; unknown, or unknown in part, where the code alone does not tell.
    pub value: Value,
    /// Where an edit would change it: the literal, variable default, tfvars entry or map entry behind it; the
    /// expression itself where nothing can be edited.
    pub source: Source,
    /// What stands there.
    pub site: Site,
    /// What it is made of, where it can be edited by parts.
    pub parts: Parts,
    /// Other places where an edit could set it; boxed, since few have any.
    pub alternatives: Option<Box<Alternatives>>,
}

/// Places besides the source where an edit could set a value, or a part of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alternatives {
    /// The arguments that hand it on, outermost call first: each sets it for fewer resources than the source does.
    pub arguments: Vec<Location>,
    /// Of a map: where an entry can be added, the one that wins first.
    pub maps: Vec<Location>,
}

impl Definition {
    /// The arguments that hand it on, outermost call first.
    pub fn arguments(&self) -> &[Location] {
        let found = self.alternatives.as_ref();
        found.map_or(&[], |found| &found.arguments)
    }

    /// Of a map: where an entry can be added, the one that wins first.
    pub fn maps(&self) -> &[Location] {
        let found = self.alternatives.as_ref();
        found.map_or(&[], |found| &found.maps)
    }
}

/// An argument that a call leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOutArgument {
    /// The argument.
    pub name: String,
    /// The module's default for it.
    pub default: Value,
    /// The entries that lead from it to the value.
    pub steps: Vec<String>,
}

/// A place in the code, and what an edit would find there.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// The bytes.
    pub source: Source,
    /// What stands there.
    pub site: Site,
}

/// What a value is made of, where an edit may change one part and leave the others.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Parts {
    /// It is one thing.
    #[default]
    Whole,
    /// The items of a list.
    Items(Vec<Part>),
    /// The statements of a policy.
    Policy(PolicyCode),
}

/// One part: what it evaluates to, and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Unknown where the code alone does not tell.
    pub value: Value,
    /// In the file of the whole.
    pub span: (usize, usize),
    /// The literal that it refers to, where an edit would change that.
    pub behind: Option<Box<Definition>>,
}

/// A policy that code writes down.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyCode {
    /// How.
    pub form: PolicyForm,
    /// Its statements, in order.
    pub statements: Vec<StatementCode>,
}

/// How code writes a policy down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyForm {
    /// An object in `jsonencode`.
    Object,
    /// JSON in a heredoc.
    Json,
    /// `statement` blocks of `data.aws_iam_policy_document`.
    Document,
}

/// A statement of a policy: what it says, under the names of the policy, and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementCode {
    /// The whole of it.
    pub whole: Part,
    /// What it says of `Action`, `Resource` and so on, where that is one expression.
    pub parts: BTreeMap<String, Part>,
}

/// A piece of a file. Told as its file and its line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The file, relative to the repository.
    pub file: String,
    /// The line where it starts, from 1.
    pub line: usize,
    /// Its bytes: those of the value's expression, without what stands around it.
    #[serde(skip)]
    pub span: (usize, usize),
}

/// What stands where a value is defined.
#[derive(Debug, Clone, PartialEq)]
pub enum Site {
    /// The value itself, in the resource's own block.
    Literal,
    /// The value of a variable, in a tfvars file.
    Tfvars,
    /// The default of a variable of the root module.
    VariableDefault,
    /// An argument of a module's call.
    ModuleArgument,
    /// A local value.
    Local,
    /// One entry of a literal map, in whichever of the above it stands.
    MapEntry,
    /// A call without the argument that would set it; the bytes are the call's.
    LeftOutArgument(Box<LeftOutArgument>),
    /// A literal map without the entry that would set it; the bytes are the map's, the keys lead from it to the value.
    LeftOutEntry(Vec<String>),
    /// Nothing that can be edited safely, and why.
    Refused(Box<Uneditable>),
}

impl Source {
    /// File and line, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl DeclaredResource {
    /// File and line of its block, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Where the value at a path is defined, or the map or the blocks that it is a part of.
    pub fn source(&self, path: &str) -> Option<&Source> {
        let mut path = path;
        loop {
            if let Some(found) = self.attributes.get(path) {
                return Some(&found.source);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// What the code sets an attribute to: null where it leaves it out.
    pub fn value(&self, path: &str) -> Value {
        let found = self.attributes.get(path);
        found.map_or(Value::Null, |definition| definition.value.clone())
    }
}
