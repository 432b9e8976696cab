//! The price book: AWS's list prices, by billed item and region.

use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The built-in tables.
const TABLES: &[(&str, &str)] = &[
    ("ebs", include_str!("book/ebs.csv")),
    ("ec2", include_str!("book/ec2.csv")),
    ("ipv4", include_str!("book/ipv4.csv")),
    ("nat", include_str!("book/nat.csv")),
    ("rds", include_str!("book/rds.csv")),
    ("rds_storage", include_str!("book/rds_storage.csv")),
];

/// Prices in US dollars per unit: an hour, or a month of a gigabyte.
#[derive(Debug, Default)]
pub struct Book {
    tables: BTreeMap<&'static str, Table>,
}

#[derive(Debug, Default)]
struct Table {
    regions: Vec<&'static str>,
    /// The prices of each item in the order of the regions, as written; empty where AWS does not sell it.
    lines: BTreeMap<String, &'static str>,
    as_of: BTreeMap<String, &'static str>,
}

impl Book {
    /// Returns the built-in book.
    pub fn embedded() -> &'static Self {
        static BOOK: LazyLock<Book> = LazyLock::new(|| Book {
            tables: TABLES
                .iter()
                .map(|(name, text)| (*name, Table::read(text)))
                .collect(),
        });
        &BOOK
    }

    /// Returns the price per unit of an item in a region, if the book has it.
    pub fn find(&self, table: &str, thing: &str, region: &str) -> Option<Decimal> {
        let table = self.tables.get(table)?;
        let column = table.regions.iter().position(|known| *known == region)?;
        let price = table.lines.get(thing)?.split(',').nth(column)?;
        price.parse().ok()
    }

    /// Returns the day of an item's prices, as `2026-01-31`.
    pub fn as_of(&self, table: &str, thing: &str) -> Option<&str> {
        self.tables.get(table)?.as_of.get(thing).copied()
    }
}

impl Table {
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines();
        let mut table = Self {
            regions: lines
                .next()
                .unwrap_or_default()
                .split(',')
                .skip(2)
                .collect(),
            ..Self::default()
        };
        for line in lines {
            let mut parts = line.splitn(3, ',');
            if let (Some(things), Some(as_of), Some(prices)) =
                (parts.next(), parts.next(), parts.next())
            {
                for thing in apart(things) {
                    table.as_of.insert(thing.clone(), as_of);
                    table.lines.insert(thing, prices);
                }
            }
        }
        table
    }
}

/// Splits the items that share a line: `gp3|mysql+postgres` is two.
fn apart(things: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for (at, part) in things.split('|').enumerate() {
        let bar = if at == 0 { "" } else { "|" };
        let with = |start: &String| {
            part.split('+')
                .map(move |choice| format!("{start}{bar}{choice}"))
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}
