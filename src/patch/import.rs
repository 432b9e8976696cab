//! Imports unmanaged children into the code: an `import` block and the resource at the end of the parent's file, or a
//! block of the parent where rules are written as blocks.

use super::adopt::{self, Context};
use super::child_style::{Child, ChildStyle, part};
use super::dependents::Dependents;
use super::direction::FixDirection;
use super::hcl_writer;
use super::layout::SourceFile;
use super::location::{File, code};
use super::names::Names;
use super::reasons::ImportRefusal;
use super::refusal::Refusal;
use super::siblings::Siblings;
use super::verify::Plan;
use super::{Stack, version};
use crate::code::Evaluated;
use crate::model::{
    Address, Attributes, Difference, Disproved, Edit, Finding, Imported, Kind, Shape, Value,
    Verdict,
};

/// The note of an import.
pub(super) const TAKEN: &str = "an apply takes it into the state";

/// The attributes that come first, in this order; the others follow by name.
const ORDER: &[&str] = &[
    "provider",
    "name",
    "role",
    "user",
    "security_group_id",
    "route_table_id",
    "description",
    "type",
    "ip_protocol",
    "protocol",
    "from_port",
    "to_port",
];
/// Attributes that the code never sets: the name implies the prefix, and tags are separated from the provider's own.
const NEVER: &[&str] = &["id", "name_prefix", "tags", "tags_all"];

/// Plans imports.
pub(super) struct Importer<'a> {
    stack: &'a Stack<'a>,
    dependents: &'a Dependents<'a>,
    before: &'a Evaluated,
    /// The unmanaged children, and whether each is imported.
    added: Vec<(&'a Finding, bool)>,
    names: Names,
}

/// The code that imports a resource: its blocks, and the attributes that they set.
struct ImportCode {
    import: String,
    resource: String,
    created: (Address, Attributes),
    imported: Imported,
}

impl<'a> Importer<'a> {
    /// Creates the importer of these findings, each with its direction.
    pub(super) fn new(
        findings: &'a [Finding],
        directions: &[Option<FixDirection>],
        (stack, dependents): (&'a Stack<'a>, &'a Dependents<'a>),
        before: &'a Evaluated,
    ) -> Self {
        let all = findings.iter().zip(directions);
        let added =
            all.filter(|(finding, _)| finding.kind == Kind::Unmanaged && finding.under.is_some());
        let added: Vec<_> = added
            .map(|(finding, direction)| (finding, *direction == Some(FixDirection::Import)))
            .collect();
        let placed = added
            .iter()
            .filter_map(|(finding, _)| Some((*finding, part(finding, stack)?)));
        Self {
            names: Names::of(placed, stack),
            stack,
            dependents,
            before,
            added,
        }
    }

    /// Returns the edits after which the code has the resource.
    ///
    /// # Errors
    /// Why a person must write it.
    pub(super) fn plan(&self, finding: &'a Finding) -> Result<Plan, Refusal> {
        let child = Child::find(finding, self.stack)?;
        let (parent, place) = (child.parent, &child.declared.file);
        // Code of a module that is called once, and not for each of something, is that of the one call.
        let is_called_once = parent.modules.iter().all(|step| step.key.is_none())
            && self.dependents.block(child.declared).len() == 1;
        if !(parent.modules.is_empty() || is_called_once) {
            return Err(Refusal::Import(ImportRefusal::InModule {
                parent: Box::new(parent.clone()),
                file: place.clone(),
            }));
        }
        let ChildStyle::Resource(_, _, id) = &child.style else {
            return self.plan_in_blocks(&child);
        };
        version::knows_imports(self.stack)?;
        if let Some(at) = self.existing_import(id) {
            return Err(ImportRefusal::Taken(at).into());
        }
        let file = File::open(self.stack.tree, place)?;
        let end = file.page.line_end();
        let written = self.write(&child, &file, end)?;
        let edits = match child.declared.call.as_ref().map(|call| &call.file) {
            // An import block stands in the root module only.
            Some(root) if !parent.modules.is_empty() => {
                let root = File::open(self.stack.tree, root)?;
                let mut edits = appended(file.page, &written.resource);
                edits.extend(appended(root.page, &written.import));
                edits
            }
            _ => appended(
                file.page,
                &format!("{}{end}{}", written.import, written.resource),
            ),
        };
        Ok(Plan {
            edits,
            created: vec![written.created],
            imported: Some(written.imported),
            ..Plan::default()
        })
    }

    /// Returns the code that a person writes to import the resource; `None` where that is not known.
    pub(super) fn block(&self, finding: &'a Finding) -> Option<String> {
        let child = Child::find(finding, self.stack).ok()?;
        let end = "\n";
        if let ChildStyle::Blocks(to_block) = &child.style {
            let block = to_block(&finding.after);
            let arguments = block
                .as_map()?
                .iter()
                .filter(|(_, value)| !value.is_empty() && **value != Value::Bool(false));
            let line = |(name, value): (&String, &Value)| {
                Some((name.clone(), hcl_writer::value(value, "    ", end)?))
            };
            let lines: Vec<_> = arguments.map(line).collect::<Option<_>>()?;
            let block = hcl_writer::block(child.path, &lines, "  ", end);
            return Some(format!("{} {{{end}{block}}}", header(child.parent)));
        }
        let file = File::open(self.stack.tree, &child.declared.file).ok()?;
        let written = self.write(&child, &file, end).ok()?;
        let place = match child.parent.modules.is_empty() {
            true => String::new(),
            false => format!("# In {}:{end}", child.declared.file),
        };
        let resource = written.resource.trim_end();
        Some(format!("{}{end}{place}{resource}", written.import))
    }

    /// Returns the place of an existing import block for an id.
    fn existing_import(&self, id: &str) -> Option<String> {
        code(self.stack).find_map(|file| {
            let ids = file
                .blocks("import")
                .filter_map(|block| block.body.get_attribute("id"));
            let mut same = ids.filter(|attribute| attribute.value.as_str() == Some(id));
            let line = file.line(same.next()?);
            Some(format!("{}:{line}", file.page.file))
        })
    }

    /// Writes the import block and the resource.
    fn write(&self, child: &Child<'_>, file: &File<'_>, end: &str) -> Result<ImportCode, Refusal> {
        let parent = child.parent;
        let ChildStyle::Resource(owner, attributes, id) = &child.style else {
            return Err(Refusal::Import(ImportRefusal::Blocks {
                parent: Box::new(parent.clone()),
                path: child.path.to_owned(),
            }));
        };
        let block = file.resource(parent).ok_or_else(|| Refusal::NoBlock {
            address: Box::new(parent.clone()),
            place: file.page.file.to_owned(),
        })?;
        let address = Address {
            modules: parent.modules.clone(),
            tf_type: owner.tf_type.to_owned(),
            name: self
                .names
                .get(child.finding)
                .unwrap_or("imported")
                .to_owned(),
            key: None,
        };
        let provider = block
            .body
            .get_attribute("provider")
            .map(|attribute| file.text(&attribute.value));
        let arguments = self.arguments(&address.tf_type, attributes, parent);
        let mut lines: Vec<_> = provider
            .map(|text| ("provider".to_owned(), text.to_owned()))
            .into_iter()
            .collect();
        for (name, value) in &arguments {
            let text = match value {
                _ if name == owner.parent => Some(hcl_writer::reference(parent, owner.key)),
                Value::String(text) if name == "policy" => hcl_writer::policy(text, "  ", end),
                Value::String(text) => self.reference(parent, name, text),
                _ => None,
            };
            let text = text.or_else(|| hcl_writer::value(value, "  ", end));
            let text = text.ok_or_else(|| Refusal::Secret(name.clone()))?;
            lines.push((name.clone(), text));
        }
        let place = |name: &str| ORDER.iter().position(|known_name| *known_name == name);
        // What takes several lines comes last.
        lines.sort_by_key(|(name, text)| (text.contains('\n'), place(name).unwrap_or(ORDER.len())));
        let target = [
            ("to".to_owned(), address.to_string()),
            ("id".to_owned(), super::literal::quote(id)),
        ];
        Ok(ImportCode {
            import: hcl_writer::block("import", &target, "", end),
            resource: hcl_writer::block(&header(&address), &lines, "", end),
            imported: Imported {
                address: address.clone(),
                id: id.clone(),
                attributes: attributes.clone(),
            },
            created: (address, arguments),
        })
    }

    /// Returns the arguments that the code sets, out of all attributes in AWS.
    fn arguments(&self, tf_type: &str, live: &Attributes, parent: &Address) -> Attributes {
        let Some(schema) = self.stack.catalog.get(tf_type) else {
            return Attributes::new();
        };
        let is_set = |(name, value): &(&String, &Value)| {
            let known = schema.attributes.get(*name);
            let settable = known.is_some_and(|attribute| {
                attribute.optional && matches!(attribute.shape, Shape::Plain(_))
            });
            settable && !value.is_empty() && !NEVER.contains(&name.as_str())
        };
        let set = live.iter().filter(is_set);
        let mut arguments: Attributes = set
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if schema.attributes.contains_key("tags") {
            let tags = self.tags(live, parent);
            arguments.extend((!tags.is_empty()).then(|| ("tags".to_owned(), tags)));
        }
        arguments
    }

    /// Returns the resource's tags without those that the provider of its parent adds.
    fn tags(&self, live: &Attributes, parent: &Address) -> Value {
        let provider = self.stack.options.recorded.provider(parent);
        let mut configs = self.before.providers.iter();
        let config = configs.find(|config| provider == Some(&config.key));
        let added = config.map(|config| &config.tags.default);
        let all = live
            .get("tags_all")
            .and_then(Value::as_map)
            .into_iter()
            .flatten();
        // What is a secret in AWS is told by its key alone: the code is read as it stands.
        let is_added = |key: &str, value: &Value| {
            let added = added.map_or(&Value::Null, |added| added.get(key));
            added == value || (matches!(value, Value::Secret(_)) && !added.is_null())
        };
        let own = all.filter(|(key, value)| !is_added(key, value));
        Value::map(own.map(|(key, value)| (key.as_str(), value.clone())))
    }

    /// Writes a reference to an id or an ARN of a resource that the code declares.
    fn reference(&self, parent: &Address, name: &str, text: &str) -> Option<String> {
        let attribute = ["id", "arn"].into_iter().find(|suffix| {
            name.strip_suffix(suffix)
                .is_some_and(|before| before.ends_with('_'))
        })?;
        let recorded = &self.stack.options.recorded;
        let address = recorded.only(&parent.modules, attribute, text)?;
        let is_declared = self.stack.declared.resources.contains_key(address);
        is_declared.then(|| hcl_writer::reference(address, attribute))
    }

    /// Returns the edits that add the children to the parent's blocks. Such blocks list all children, so all are taken
    /// over or none.
    fn plan_in_blocks(&self, child: &Child<'a>) -> Result<Plan, Refusal> {
        let ChildStyle::Blocks(to_block) = &child.style else {
            return Ok(Plan::default());
        };
        let (parent, path) = (child.parent, child.path);
        let siblings = self.added.iter().filter(|(sibling, _)| {
            sibling.under.as_ref() == Some(parent) && sibling.tf_type == child.finding.tf_type
        });
        let mut live = Vec::new();
        for (sibling, is_imported) in siblings {
            if !is_imported {
                return Err(Refusal::Import(ImportRefusal::OnlySome {
                    parent: Box::new(parent.clone()),
                    path: path.to_owned(),
                    sibling: sibling.import_id.clone().unwrap_or_default(),
                }));
            }
            live.push(to_block(&sibling.after));
        }
        let difference = Difference {
            path: path.to_owned(),
            verdict: Verdict::UnseenByPlan,
            declared: Some(Value::Null),
            recorded: Value::Null,
            live: Value::List(live),
            added: Vec::new(),
            removed: Vec::new(),
            defined_in: None,
        };
        let changed = Finding {
            address: Some(parent.clone()),
            attributes: vec![difference],
            ..Finding::new(Kind::Modified, Verdict::UnseenByPlan, &parent.tf_type)
        };
        let disproved = Disproved::new();
        let siblings = Siblings::new([&changed], &disproved);
        let context = Context {
            siblings: &siblings,
            dependents: self.dependents,
            stack: self.stack,
        };
        let mut plan = Plan::default();
        for part in adopt::plan(&changed, context) {
            let attempts = part.attempts?.into_iter();
            for attempt in attempts.take(1) {
                plan.edits.extend(attempt.edits);
                plan.expected.extend(attempt.expected);
            }
        }
        Ok(plan)
    }
}

/// Returns the header of a resource's block: its type and its labels.
fn header(address: &Address) -> String {
    format!("resource \"{}\" \"{}\"", address.tf_type, address.name)
}

/// Returns the edits that append blocks to a file.
fn appended(page: SourceFile<'_>, blocks: &str) -> Vec<Edit> {
    let (at, end) = (page.text.len(), page.line_end());
    // The last line of a file may lack its end. It gets one, however much is put behind it.
    let lacks = !page.text.ends_with('\n');
    let lead = lacks.then(|| page.edit(at..at, end.to_owned()));
    lead.into_iter()
        .chain([page.edit(at..at, format!("{end}{blocks}"))])
        .collect()
}
