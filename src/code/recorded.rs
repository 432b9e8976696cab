//! Resolves references to resources, such as `aws_vpc.main.id`, to the values that the state recorded.

use super::budget::{Budget, Excess};
use super::output::behind_key;
use super::size::{ENTRY, MAP, REFERRED, Size};
use super::typed::Typed;
use crate::model::{Address, Key, ModuleStep, ProviderKey, Resource};
use hcl_edit::expr::TraversalOperator;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The recorded resources that references resolve to; empty without a state. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    tables: Vec<Table>,
    /// The version of Terraform that wrote the state.
    terraform: Option<Arc<str>>,
    /// The instances that edits remove from the code.
    gone: Arc<BTreeSet<Address>>,
}

#[derive(Debug, Clone)]
struct Table {
    resources: Arc<Vec<Resource>>,
    /// Their indexes, sorted by module, type, name and key.
    order: Arc<[usize]>,
}

/// A referenced block: module, type, name.
pub(super) type Block<'a> = (&'a [ModuleStep], &'a str, &'a str);

impl Recorded {
    /// Indexes the resources of a state. Data sources have types such as `data.aws_ami`.
    pub fn new(tables: impl IntoIterator<Item = Arc<Vec<Resource>>>) -> Self {
        let table = |resources: Arc<Vec<Resource>>| {
            let mut order: Vec<usize> = (0..resources.len()).collect();
            order.sort_by(|left, right| {
                let (left, right) = (&resources[*left].address, &resources[*right].address);
                block(left)
                    .cmp(&block(right))
                    .then_with(|| left.key.cmp(&right.key))
            });
            Table {
                resources,
                order: order.into(),
            }
        };
        Self {
            tables: tables.into_iter().map(table).collect(),
            terraform: None,
            gone: Arc::default(),
        }
    }

    /// Adds the Terraform version that wrote the state.
    #[must_use]
    pub fn by_terraform(self, version: Option<&str>) -> Self {
        Self {
            terraform: version.map(Into::into),
            ..self
        }
    }

    /// Leaves out instances that edits remove from the code: a reference to one is then an error.
    #[must_use]
    pub fn without<'g>(&self, gone: impl IntoIterator<Item = &'g Address>) -> Self {
        Self {
            gone: Arc::new(gone.into_iter().cloned().collect()),
            ..self.clone()
        }
    }

    /// Returns whether any instance is left out.
    pub(super) fn is_any_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// Returns the instances of a block that are left out.
    pub(super) fn gone(&self, name: Block<'_>) -> impl Iterator<Item = &Address> {
        let (modules, tf_type, own_name) = name;
        let first = Address {
            modules: modules.to_vec(),
            tf_type: tf_type.to_owned(),
            name: own_name.to_owned(),
            key: None,
        };
        let gone = self.gone.range(first..);
        gone.take_while(move |address| block(address) == name)
    }

    /// Returns the version of Terraform that wrote the state, where that is known.
    pub fn terraform(&self) -> Option<&str> {
        self.terraform.as_deref()
    }

    /// Returns whether no resource is recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.resources().next().is_none()
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = &Resource> {
        self.tables.iter().flat_map(|table| table.resources.iter())
    }

    /// Returns the names that resources of a module have, whatever their types.
    pub fn names(&self, module: &[ModuleStep]) -> impl Iterator<Item = &str> {
        let own = self
            .resources()
            .filter(move |resource| resource.address.modules == module);
        own.map(|resource| resource.address.name.as_str())
    }

    /// Returns the only resource of a module whose attribute has this value, whatever its type.
    pub fn only(&self, module: &[ModuleStep], attribute: &str, text: &str) -> Option<&Address> {
        let mut found = self.resources().filter(|resource| {
            resource.address.modules == module && resource.text(attribute) == Some(text)
        });
        let only = found.next()?;
        found.next().is_none().then_some(&only.address)
    }

    /// Returns the provider configuration of a recorded resource.
    pub fn provider(&self, address: &Address) -> Option<&ProviderKey> {
        let mut instances = self.instances(block(address));
        let own = instances.find(|resource| resource.address.key == address.key);
        own.map(|resource| &resource.provider)
    }

    /// Returns an attribute of a recorded resource; unknown where the state does not have it.
    pub(super) fn attribute(&self, address: &Address, name: &str) -> Typed {
        let mut instances = self.instances(block(address));
        let own = instances.find(|resource| resource.address.key == address.key);
        let value = own.and_then(|resource| resource.attributes.get(name));
        value.map_or(Typed::UNKNOWN, Typed::of_state)
    }

    /// Returns the instances of a block, by key.
    pub(super) fn instances(&self, name: Block<'_>) -> impl Iterator<Item = &Resource> {
        let tables = self.tables.iter().map(move |table| {
            let at = |number: &usize| block(&table.resources[*number].address);
            let start = table.order.partition_point(|number| at(number) < name);
            let end = table.order.partition_point(|number| at(number) <= name);
            (table, start..end)
        });
        tables.flat_map(|(table, range)| {
            let numbers = table.order[range].iter();
            let resources = numbers.map(|number| &table.resources[*number]);
            resources.filter(|resource| !self.gone.contains(&resource.address))
        })
    }

    /// Evaluates a block for an expression that continues with these operators: an object, a list with `count`, a map
    /// with `for_each`. Only the attributes that are referred to are copied. Unknown where the block is not recorded.
    pub(super) fn value(
        &self,
        block: Block<'_>,
        operators: &[&TraversalOperator],
        budget: &Budget,
    ) -> Result<Typed, Excess> {
        let attributes = |resource: &Resource| {
            let operators = match resource.address.key {
                Some(Key::Name(_)) => behind_key(operators),
                _ => operators,
            };
            let attribute = operators.iter().find_map(|operator| match operator {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            });
            budget.take(MAP)?;
            budget.work(REFERRED)?;
            let asked: Vec<_> = match attribute {
                Some(asked) => resource
                    .attributes
                    .get_key_value(asked)
                    .into_iter()
                    .collect(),
                None => resource.attributes.iter().collect(),
            };
            let mut known = BTreeMap::new();
            for (name, value) in asked {
                let size = Size::of(value);
                budget.take(ENTRY + name.len() + size.bytes)?;
                budget.work(size.items)?;
                known.insert(name.clone(), Typed::of_state(value));
            }
            // The provider may know an attribute that this state does not.
            if let Some(name) = attribute {
                budget.take(ENTRY + name.len())?;
                known.entry(name.to_owned()).or_insert(Typed::UNKNOWN);
            }
            Ok(Typed::Object(known))
        };
        let (mut list, mut map) = (Vec::new(), BTreeMap::new());
        for resource in self.instances(block) {
            match &resource.address.key {
                None => return attributes(resource),
                Some(Key::Index(index)) if usize::try_from(*index) == Ok(list.len()) => {
                    list.push(attributes(resource)?);
                }
                Some(Key::Index(_)) => return Ok(Typed::UNKNOWN),
                Some(Key::Name(name)) => {
                    budget.take(ENTRY + name.len())?;
                    drop(map.insert(name.clone(), attributes(resource)?));
                }
            }
        }
        Ok(match (list.is_empty(), map.is_empty()) {
            (true, true) => self.none_left(block),
            (true, false) => Typed::Object(map),
            _ => Typed::Tuple(list),
        })
    }

    /// Returns the value of a block without instances: empty where edits removed them, else unknown.
    fn none_left(&self, block: Block<'_>) -> Typed {
        match self.gone(block).next().map(|address| &address.key) {
            Some(Some(Key::Name(_))) => Typed::Object(BTreeMap::new()),
            Some(Some(Key::Index(_))) => Typed::Tuple(Vec::new()),
            Some(None) | None => Typed::UNKNOWN,
        }
    }

    /// Returns the reference, such as `aws_security_group.web.id`, to the only resource of a type whose attribute has
    /// this value. Returns `None` where none or several have it.
    pub fn reference(
        &self,
        module: &[ModuleStep],
        (tf_type, attribute): (&str, &str),
        text: &str,
    ) -> Option<String> {
        let mut found = self.resources().filter(|resource| {
            let address = &resource.address;
            address.modules == module
                && address.tf_type == tf_type
                && resource.text(attribute) == Some(text)
        });
        let only = found.next()?;
        let own = Address {
            modules: Vec::new(),
            ..only.address.clone()
        };
        found.next().is_none().then(|| format!("{own}.{attribute}"))
    }
}

fn block(address: &Address) -> Block<'_> {
    (&address.modules, &address.tf_type, &address.name)
}
