//! The declared side of a stack: its evaluated code.

use super::{Address, JsonCode, Uneditable, Value, escape_name};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The declared attributes of each resource instance. An instance that is missing here was not evaluated.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Declared {
    /// The instances by address, including keys.
    pub resources: BTreeMap<Address, DeclaredResource>,
}

impl Declared {
    /// Returns the declared attributes of an instance. If the keys of its block, or of a module on the way to it, are
    /// unknown, they are those of all instances.
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

/// The declared attributes of one resource instance.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeclaredResource {
    /// The file of the block, relative to the repository.
    pub file: String,
    /// The line of the block, from 1.
    pub line: usize,
    /// The definitions in the block, by attribute or nested block (a list of maps, whatever the nesting). Entries of a
    /// map (`tags["Role"]`) and attributes of a nested block (`root_block_device[0].iops`) are included under their own
    /// paths. The code leaves out an attribute that is missing here.
    pub attributes: BTreeMap<String, Definition>,
    /// The literal map or list that `for_each` iterates over, if there is one.
    pub for_each: Option<Source>,
    /// The element of a literal of which a computed `for_each` makes this instance.
    pub for_each_item: Option<Source>,
    /// The call in the root module that leads to the block; `None` for the root module's own.
    pub call: Option<Source>,
    /// The paths of `lifecycle.ignore_changes`, as written (`tags["PatchGroup"]`); `all` for all.
    pub ignore_changes: Vec<String>,
    /// The texts that the code makes from parts of secrets, by attribute or nested block. Once the attributes are
    /// sealed, the texts are gone and the attributes are still named.
    pub made_of_secrets: BTreeMap<String, BTreeSet<String>>,
}

/// The definition of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// The value of the expression; unknown, or unknown in part, where the code alone does not determine it.
    pub value: Value,
    /// Where an edit would change the value: the literal, variable default, tfvars entry or map entry behind it; the
    /// expression itself where nothing can be edited.
    pub source: Source,
    /// The kind of code at that place.
    pub site: Site,
    /// The parts of the value, if they can be edited one by one.
    pub parts: Parts,
    /// Other places where an edit could set the value; boxed, since few values have any.
    pub alternatives: Option<Box<Alternatives>>,
}

/// Places, besides the source, where an edit could set a value, or a part of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alternatives {
    /// The module arguments that pass the value on, outermost call first: each sets it for fewer resources than the
    /// source does.
    pub arguments: Vec<Location>,
    /// For a map: where an entry can be added, the one that takes precedence first.
    pub maps: Vec<Location>,
    /// The flag that chooses the value.
    pub switch: Option<Switch>,
}

/// A flag whose opposite gives another value.
#[derive(Debug, Clone, PartialEq)]
pub struct Switch {
    /// The place of the flag.
    pub location: Location,
    /// The opposite of the flag.
    pub flag: bool,
    /// The value that the opposite gives.
    pub value: Value,
}

impl Definition {
    /// Returns the flag that chooses the value, if a conditional does.
    pub fn switch(&self) -> Option<&Switch> {
        self.alternatives.as_ref()?.switch.as_ref()
    }

    /// Returns the module arguments that pass the value on, outermost call first.
    pub fn arguments(&self) -> &[Location] {
        let found = self.alternatives.as_ref();
        found.map_or(&[], |found| &found.arguments)
    }

    /// Returns, for a map, where an entry can be added, the one that takes precedence first.
    pub fn maps(&self) -> &[Location] {
        let found = self.alternatives.as_ref();
        found.map_or(&[], |found| &found.maps)
    }
}

/// An argument that a module call leaves out.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOutArgument {
    /// The argument.
    pub name: String,
    /// The module's default for the argument.
    pub default: Value,
    /// What the argument's type lets a call leave out of it.
    pub optional: super::OptionalParts,
    /// The keys that lead from the argument to the value; an item of a list has its position.
    pub steps: Vec<String>,
}

/// A place in the code, and the kind of code there.
#[derive(Debug, Clone, PartialEq)]
pub struct Location {
    /// The bytes.
    pub source: Source,
    /// The kind of code.
    pub site: Site,
}

/// The parts of a value that an edit may change one by one.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Parts {
    /// The value cannot be divided.
    #[default]
    Whole,
    /// The items of a list.
    Items(Vec<Part>),
    /// The literal lists among the arguments of `concat` or `distinct`.
    Joined,
    /// The statements of a policy.
    Policy(PolicyCode),
    /// The values of a text of JSON that is no policy.
    Json(JsonCode),
}

impl Parts {
    /// Returns whether they are parts of a file of JSON that code reads.
    pub fn are_in_file(&self) -> bool {
        match self {
            Self::Policy(code) => code.form.is_file(),
            Self::Json(code) => code.form.is_file(),
            Self::Whole | Self::Items(_) | Self::Joined => false,
        }
    }
}

/// One part: its value, and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The value; unknown where the code alone does not determine it.
    pub value: Value,
    /// The bytes in the file of the whole value.
    pub span: (usize, usize),
    /// The literal that the part refers to, if an edit would change that; of a `concat` one of its lists.
    pub behind: Option<Box<Definition>>,
}

/// A policy that is written in code.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyCode {
    /// The form in which it is written.
    pub form: PolicyForm,
    /// The statements, in order.
    pub statements: Vec<StatementCode>,
}

/// The form in which code writes a policy, or another text of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyForm {
    /// An object in `jsonencode`.
    Object,
    /// JSON in a heredoc.
    Json,
    /// `statement` blocks of `data.aws_iam_policy_document`.
    Document,
    /// A file of JSON that code reads as it is.
    File,
    /// A file of JSON that code fills as a template.
    Template,
}

impl PolicyForm {
    /// Returns whether a file of JSON holds the text.
    pub fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Template)
    }
}

/// A statement of a policy: its parts, by their names in the policy, and their bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct StatementCode {
    /// The whole statement.
    pub whole: Part,
    /// The values of `Action`, `Resource` and so on, each if it is a single expression.
    pub parts: BTreeMap<String, Part>,
}

/// A piece of a file, displayed as file and line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The file, relative to the repository.
    pub file: String,
    /// The first line, from 1.
    pub line: usize,
    /// The bytes of the value's expression only.
    #[serde(skip)]
    pub span: (usize, usize),
}

/// The kind of code that defines a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Site {
    /// The value itself, in the resource's own block.
    Literal,
    /// A value in a file of variables, or in a data file that code decodes.
    FileValue,
    /// The default of a variable of the root module.
    VariableDefault,
    /// An argument of a module call.
    ModuleArgument,
    /// A local value.
    Local,
    /// The value of a module's output.
    Output,
    /// An entry of a literal map, at any of the places above.
    MapEntry,
    /// A call without the argument that would set the value; the bytes are the call's.
    LeftOutArgument(Box<LeftOutArgument>),
    /// A literal map without the entry that would set the value; the bytes are the map's, the keys lead from it to the
    /// value.
    LeftOutEntry(Vec<String>),
    /// Nothing that can be edited safely, and why.
    Refused(Box<Uneditable>),
}

impl Source {
    /// Formats file and line, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", escape_name(&self.file), self.line)
    }
}

impl DeclaredResource {
    /// Formats file and line of the block, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", escape_name(&self.file), self.line)
    }

    /// Returns where the value at a path is defined, or else the map or the blocks that contain it.
    pub fn source(&self, path: &str) -> Option<&Source> {
        let mut path = path;
        loop {
            if let Some(found) = self.attributes.get(path) {
                return Some(&found.source);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }

    /// Returns the declared value of an attribute: null where the code leaves it out.
    pub fn value(&self, path: &str) -> Value {
        let found = self.attributes.get(path);
        found.map_or(Value::Null, |definition| definition.value.clone())
    }
}
