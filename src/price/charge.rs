//! What of a resource is billed: data, one file a resource type.

use super::Book;
use crate::model::{Attributes, Money, Value};
use include_dir::{Dir, include_dir};
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Hours in a month, as AWS's own calculator counts.
const HOURS: u32 = 730;

/// Looked at when this file is compiled: `touch` it where a build does not see a new file.
static FILES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/price/charges");

/// The charges of each resource type. A test reads each file, so none can fail to be read here.
pub(super) static CHARGES: LazyLock<BTreeMap<String, Vec<Charge>>> =
    LazyLock::new(|| load().unwrap_or_default());

/// Reads every file of charges.
pub(super) fn load() -> Result<BTreeMap<String, Vec<Charge>>, toml::de::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form {
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
        let form: Form = toml::from_str(file.contents_utf8().unwrap_or_default())?;
        all.insert(name, form.charges);
    }
    Ok(all)
}

/// One thing that is billed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Charge {
    /// The blocks that are billed each; none for the resource itself.
    each: Option<String>,
    /// It is billed only where this holds.
    only: Option<Only>,
    /// Where it has no price that the book could know.
    #[serde(default)]
    refuse: Vec<Refuse>,
    /// The table of the book.
    book: String,
    /// What makes its name in the table.
    thing: Vec<Part>,
    /// The attribute that says how many; one where there is none.
    quantity: Option<String>,
    /// How many are free.
    #[serde(default)]
    included: u32,
    /// Per hour, or per month.
    #[serde(default)]
    unit: Unit,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Only {
    at: String,
    is: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    at: String,
    unless: Vec<String>,
    why: String,
}

/// A part of a thing's name: a word, or what an attribute says, under the name that the book has for it.
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
    /// Whether a change at a path may change what is billed.
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

    /// What it costs a month with these attributes in a region.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn monthly(
        &self,
        attributes: &Attributes,
        region: &str,
        book: &Book,
    ) -> Result<Money, String> {
        let Some(each) = &self.each else {
            return self.one(&|name| attributes.get(name), region, book);
        };
        let blocks = attributes
            .get(each)
            .and_then(Value::as_list)
            .unwrap_or_default();
        blocks
            .iter()
            .map(|block| self.one(&|name| Some(block.get(name)), region, book))
            .sum()
    }

    fn one<'v>(
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
                let said: Decimal = text(name)
                    .parse()
                    .map_err(|_| format!("`{name}` is not known"))?;
                Decimal::max(said - Decimal::from(self.included), Decimal::ZERO)
            }
        };
        if quantity.is_zero() {
            return Ok(Money::ZERO);
        }
        let name = |part: &Part| match part {
            Part::Text { text } => text.clone(),
            Part::Attribute { at, names, default } => {
                let said = text(at);
                let said = if said.is_empty() { default } else { &said };
                names.get(said).unwrap_or(said).clone()
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

/// What an attribute says, as one word.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
