//! Tells by the name of an action whether it may have changed a resource: CloudTrail lists among the resources of a call
//! those that it only uses. `RunInstances` names the subnet and the security groups of the instances.
//!
//! An action is a verb and what it is about, such as `Modify` and `DBInstance`. Where that leaves a doubt, the call counts.

use crate::model::{Finding, Kind, root_attribute};

/// The verbs of actions that make something new, or hand something over: they change nothing but what they are about.
const NEW: &[&str] = &[
    "Allocate", "Copy", "Create", "Export", "Import", "Launch", "Publish", "Purchase", "Register",
    "Request", "Restore", "Retire", "Run", "Send",
];

/// The attributes that hold tags.
const TAG_ATTRIBUTES: &[&str] = &["tag", "tags", "tags_all", "volume_tags"];

/// The verbs of actions that join two resources, of which either may list the other.
const JOINS: &[&str] = &["Associate", "Attach", "Detach", "Disassociate"];

/// The words between what an action takes and what it changes, as in `AddRoleToInstanceProfile`.
const BETWEEN: &[&str] = &["For", "From", "In", "To", "With"];

/// What is of another kind than a resource whose type does not name it. What AWS calls otherwise than Terraform is none.
const KINDS: &[&str] = &[
    "autoscalinggroup",
    "build",
    "cachecluster",
    "cluster",
    "command",
    "dbcluster",
    "dbinstance",
    "distribution",
    "environment",
    "execution",
    "fleet",
    "function",
    "grant",
    "instance",
    "loadbalancer",
    "nodegroup",
    "project",
    "replicationgroup",
    "service",
    "session",
    "stack",
    "task",
    "vpcendpoint",
];

/// What APIs call the resources of a type, where Terraform calls them otherwise: the beginning of the type, and the name.
const ALIASES: &[(&str, &str)] = &[
    ("aws_alb", "loadbalancer"),
    ("aws_ami", "image"),
    ("aws_eip", "address"),
    ("aws_elb", "loadbalancer"),
    ("aws_emr_cluster", "jobflow"),
    ("aws_lb", "loadbalancer"),
    ("aws_rds_cluster", "dbcluster"),
];

/// The last words of what is a part of a resource, or a new state of it.
const PARTS: &[&str] = &["Entries", "Entry", "Version", "Versions"];

/// The name of an action, in words.
struct Action<'a> {
    verb: &'a str,
    /// What it is about.
    object: Vec<&'a str>,
}

impl<'a> Action<'a> {
    fn of(name: &'a str) -> Self {
        let mut words = words(name);
        // `UpdateFunctionCode20150331v2`, `CreateClusterV2`.
        while words.len() > 1 && words.last().is_some_and(|word| is_version(word)) {
            words.pop();
        }
        let rest = words.split_off(words.len().min(1));
        let verb = words.pop().unwrap_or_default();
        let between = rest.iter().position(|word| BETWEEN.contains(word));
        let object = match between.filter(|_| !JOINS.contains(&verb)) {
            Some(at) if NEW.contains(&verb) && verb != "Register" => rest[..at].to_vec(),
            Some(at) => rest[at + 1..].to_vec(),
            None => rest,
        };
        Self { verb, object }
    }
}

/// Returns whether an action only sets tags.
pub(super) fn sets_tags(action: &str) -> bool {
    let words = words(action);
    let names_tags = || words.iter().any(|word| ["Tags", "Tagging"].contains(word));
    // `CreateDistributionWithTags` makes a distribution.
    words
        .first()
        .is_some_and(|verb| ["Tag", "Untag"].contains(verb))
        || (names_tags() && !words.contains(&"With"))
}

/// Returns whether a finding is about tags alone.
pub(super) fn is_of_tags(finding: &Finding) -> bool {
    let mut changed = finding.attributes.iter();
    !finding.attributes.is_empty() && changed.all(|change| holds_tags(&change.path))
}

/// Returns whether an attribute holds tags: `copy_tags_to_snapshot` does not.
fn holds_tags(path: &str) -> bool {
    TAG_ATTRIBUTES.contains(&root_attribute(path))
}

/// Returns whether an action may have led to a finding about a resource that its call names.
pub(super) fn may_change(action: &str, finding: &Finding) -> bool {
    if sets_tags(action) {
        // Setting tags neither makes a resource nor ends it.
        return match finding.kind {
            Kind::Deleted | Kind::Unmanaged => finding.tf_type.ends_with("_tag"),
            _ => may_be_of_tags(finding),
        };
    }
    let Action { verb, mut object } = Action::of(action);
    let kind = TypeName::of(&finding.tf_type);
    let whole = name_of(&object);
    if JOINS.contains(&verb) {
        // `AttachRolePolicy` changes the role.
        return !kind.is_last_of(&whole);
    }
    if verb == "Set" && kind.is(&whole) {
        // `SetSecurityGroups` sets which ones another resource has.
        return false;
    }
    if !NEW.contains(&verb) {
        // `DeleteServiceLinkedRole` ends a role.
        let is_last = kind.is_last_of(&whole);
        let is_other = |other: &str| {
            whole.starts_with(other) && !kind.has(other) && (whole == other || !is_last)
        };
        return !KINDS.iter().any(|other| is_other(other));
    }
    while object.last().is_some_and(|word| PARTS.contains(word)) {
        object.pop();
    }
    let whole = name_of(&object);
    let is_of_type = whole.is_empty() || kind.has(&whole);
    is_of_type || (finding.kind == Kind::Unmanaged && kind.begins(&whole))
}

/// Returns whether tags are among what changed.
fn may_be_of_tags(finding: &Finding) -> bool {
    let mut changed = finding.attributes.iter();
    finding.attributes.is_empty() || changed.any(|change| holds_tags(&change.path))
}

/// The type of a resource, as a name of an API may name it.
struct TypeName {
    /// Its words without the provider, joined: `securitygroup`.
    whole: String,
    /// The ends of it that begin with a word.
    ends: Vec<String>,
    alias: Option<&'static str>,
}

impl TypeName {
    fn of(tf_type: &str) -> Self {
        let words: Vec<_> = tf_type.split('_').skip(1).collect();
        let mut aliases = ALIASES.iter();
        let alias = aliases.find(|(start, _)| {
            let rest = tf_type.strip_prefix(start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        });
        Self {
            whole: words.concat(),
            ends: (0..words.len()).map(|at| words[at..].concat()).collect(),
            alias: alias.map(|(_, name)| *name),
        }
    }

    /// Returns whether the type, or what its resources are parts of, has this name.
    fn has(&self, name: &str) -> bool {
        let of_rds = name.strip_prefix("db").filter(|rest| !rest.is_empty());
        self.whole.contains(name)
            || self.alias == Some(name)
            || of_rds.is_some_and(|name| self.whole.contains(name))
    }

    /// Returns whether its resources have exactly this name.
    fn is(&self, name: &str) -> bool {
        self.alias == Some(name) || self.ends.iter().any(|end| end == name)
    }

    /// Returns whether a name ends with that of the type, and begins with another.
    fn is_last_of(&self, name: &str) -> bool {
        !self.is(name) && self.ends.iter().any(|end| name.ends_with(end.as_str()))
    }

    /// Returns whether a name begins with that of the type, as `DBInstanceReadReplica` does.
    fn begins(&self, name: &str) -> bool {
        self.ends.iter().any(|end| name.starts_with(end.as_str()))
            || self.alias.is_some_and(|alias| name.starts_with(alias))
    }
}

/// Splits a name such as `CreateDBInstance` into its words: `Create`, `DB`, `Instance`.
fn words(name: &str) -> Vec<&str> {
    let bytes = name.as_bytes();
    let begins = |at: usize| {
        let upper = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_uppercase);
        let lower = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_lowercase);
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let after_word = upper(at) && (lower(at - 1) || digit(at - 1));
        let ends_letters = upper(at) && upper(at - 1) && lower(at + 1);
        after_word || ends_letters || (digit(at) && !digit(at - 1))
    };
    let starts = (1..bytes.len()).filter(|at| name.is_char_boundary(*at) && begins(*at));
    let mut words = Vec::new();
    let mut last = 0;
    for start in starts.chain([bytes.len()]) {
        words.push(&name[last..start]);
        last = start;
    }
    words
}

/// Returns whether a word is a date or a number of a version, such as `20150331v2`.
fn is_version(word: &str) -> bool {
    let mut bytes = word.bytes();
    word == "V" || bytes.next().is_some_and(|byte| byte.is_ascii_digit())
}

/// Joins the words of a name, in the singular and without capitals.
fn name_of(words: &[&str]) -> String {
    let mut name = words.concat().to_ascii_lowercase();
    if name.ends_with("addresses") {
        name.truncate(name.len() - 2);
    } else if name.ends_with("ies") {
        name.truncate(name.len() - 3);
        name.push('y');
    } else if name.ends_with('s') && !name.ends_with("ss") {
        name.pop();
    }
    name
}
