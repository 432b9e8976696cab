//! Pure: what each finding costs a month, by AWS's list prices: on demand, Linux, no discounts.
//!
//! Prices are a book of facts (`book/*.csv`), and what of a resource is billed is data as well (`charges/*.toml`): this
//! code knows no resource type. What has no known price is said to have none, and is never taken for nothing.
#![deny(clippy::disallowed_methods)]

mod book;
mod charge;

pub use book::Book;

use crate::model::{Attributes, CostDelta, Finding, Kind, Money, MonthlyCost};
use charge::{CHARGES, Charge};

/// Sets each finding's cost, as declared and live. What is not billed has no cost, nor has a change that is billed the
/// same.
pub fn price(findings: &mut [Finding], book: &Book) {
    for finding in findings {
        if let Some(charges) = CHARGES.get(&finding.tf_type) {
            finding.monthly_cost = cost(finding, charges, book);
        }
    }
}

/// Returns the cost of all findings together.
pub fn total<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> CostDelta {
    let mut total = CostDelta::default();
    for cost in findings
        .into_iter()
        .filter_map(|finding| finding.monthly_cost.as_ref())
    {
        match cost.delta() {
            Some(delta) => total.amount = total.amount + delta,
            None => total.not_priced += 1,
        }
    }
    total
}

fn cost(finding: &Finding, charges: &[Charge], book: &Book) -> Option<MonthlyCost> {
    let changed = || {
        finding.attributes.iter().any(|difference| {
            charges
                .iter()
                .any(|charge| charge.looks_at(&difference.path))
        })
    };
    if finding.kind == Kind::Modified && !changed() {
        return None;
    }
    let region = finding.region.as_ref()?.as_str();
    let bill = |attributes: &Attributes| {
        let charged = charges
            .iter()
            .map(|charge| charge.monthly(attributes, region, book));
        charged.sum::<Result<Money, String>>()
    };
    let declared = match finding.kind {
        Kind::Unmanaged => Ok(Money::ZERO),
        _ => bill(&finding.before),
    };
    let live = match finding.kind {
        Kind::Deleted => Ok(Money::ZERO),
        _ => bill(&finding.after),
    };
    Some(match (declared, live) {
        (Ok(declared), Ok(live)) => MonthlyCost::Priced { declared, live },
        (Err(why), _) | (_, Err(why)) => MonthlyCost::NotPriced(why),
    })
}

#[cfg(test)]
mod tests;
