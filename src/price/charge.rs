//! Loads what is billed of a resource: data, one file per resource type.

use super::Book;
use crate::model::{Attributes, Money, Value};
use include_dir::{Dir, include_dir};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Hours per month, as in AWS's own calculator.
const HOURS: u32 = 730;

/// The charge files, embedded at compile time: `touch` this file where a build does not see a new one.
static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/price/charges");

/// The charges of each resource type. A test loads each file, so none can fail to load here.
pub(super) static CHARGES: LazyLock<BTreeMap<String, Vec<Charge>>> =
    LazyLock::new(|| load().unwrap_or_default());

/// Loads every charge file.
pub(super) fn load() -> Result<BTreeMap<String, Vec<Charge>>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ChargesFile {
        charges: Vec<Charge>,
    }
    let mut all = BTreeMap::new();
    for file in FILES.files() {
        let name = file
            .path()
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let file: ChargesFile = toml::from_str(file.contents_utf8().unwrap_or_default())?;
        all.insert(name, file.charges);
    }
    Ok(all)
}

/// A billed item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Charge {
    /// The blocks that are billed one by one; `None` for the resource itself.
    each: Option<String>,
    /// The conditions under which the item is billed.
    only: Option<OnlyIf>,
    /// The conditions under which the book cannot know the price.
    #[serde(default)]
    refuse: Vec<Exclusion>,
    /// The table of the book.
    book: String,
    /// The parts of the item's name in the table.
    thing: Vec<Part>,
    /// The attribute with the quantity; one by default.
    quantity: Option<String>,
    /// The free quantity.
    #[serde(default)]
    included: u32,
    /// Per hour, or per month.
    #[serde(default)]
    unit: Unit,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnlyIf {
    at: String,
    is: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exclusion {
    at: String,
    unless: Vec<String>,
    why: String,
}

/// A part of an item's name: a word, or an attribute's value under the book's name for it.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Part {
    Text {
        text: String,
    },
    Attribute {
        at: String,
        #[serde(default)]
        names: BTreeMap<String, String>,
        #[serde(default)]
        default: String,
    },
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Hour,
    #[default]
    Month,
}

impl Charge {
    /// Returns whether a change at a path may change what is billed.
    pub(super) fn looks_at(&self, path: &str) -> bool {
        let root = path.split(['[', '.']).next().unwrap_or(path);
        if let Some(each) = &self.each {
            return root == each;
        }
        let named = self.thing.iter().filter_map(|part| match part {
            Part::Text { .. } => None,
            Part::Attribute { at, .. } => Some(at),
        });
        let conditions = self.only.iter().map(|only| &only.at);
        let refusals = self.refuse.iter().map(|refuse| &refuse.at);
        let mut all = named
            .chain(&self.quantity)
            .chain(conditions)
            .chain(refusals);
        all.any(|at| at == root)
    }

    /// Returns the monthly cost with these attributes in a region.
    ///
    /// # Errors
    /// Why the cost is not known.
    pub(super) fn monthly(
        &self,
        attributes: &Attributes,
        region: &str,
        book: &Book,
    ) -> Result<Money, String> {
        let Some(each) = &self.each else {
            return self.cost_of_item(&|name| attributes.get(name), region, book);
        };
        let blocks = attributes
            .get(each)
            .and_then(Value::as_list)
            .unwrap_or_default();
        blocks
            .iter()
            .map(|block| self.cost_of_item(&|name| Some(block.get(name)), region, book))
            .sum()
    }

    fn cost_of_item<'v>(
        &self,
        get: &dyn Fn(&str) -> Option<&'v Value>,
        region: &str,
        book: &Book,
    ) -> Result<Money, String> {
        let text = |name: &str| get(name).map(word).unwrap_or_default();
        if self
            .only
            .as_ref()
            .is_some_and(|only| !only.is.contains(&text(&only.at)))
        {
            return Ok(Money::ZERO);
        }
        if let Some(refuse) = self
            .refuse
            .iter()
            .find(|refuse| !refuse.unless.contains(&text(&refuse.at)))
        {
            return Err(refuse.why.clone());
        }
        let quantity = match &self.quantity {
            None => Decimal::ONE,
            // AWS provides what is included where nothing is asked for.
            Some(name) if self.included > 0 && get(name).is_none_or(Value::is_null) => {
                Decimal::ZERO
            }
            Some(name) => {
                let quantity: Decimal = text(name)
                    .parse()
                    .map_err(|_| format!("`{name}` is not known"))?;
                Decimal::max(quantity - Decimal::from(self.included), Decimal::ZERO)
            }
        };
        if quantity.is_zero() {
            return Ok(Money::ZERO);
        }
        let name = |part: &Part| match part {
            Part::Text { text } => text.clone(),
            Part::Attribute { at, names, default } => {
                let part = text(at);
                let part = if part.is_empty() { default } else { &part };
                names.get(part).unwrap_or(part).clone()
            }
        };
        let thing: Vec<_> = self.thing.iter().map(name).collect();
        let thing = thing.join("|");
        let price = book.find(&self.book, &thing, region);
        let price = price.ok_or_else(|| {
            format!(
                "the price book has no {} in {region}",
                thing.replace('|', " ")
            )
        })?;
        let units = match self.unit {
            Unit::Hour => Decimal::from(HOURS),
            Unit::Month => Decimal::ONE,
        };
        Ok(Money(price * quantity * units))
    }
}

/// Returns an attribute's value as a word.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
