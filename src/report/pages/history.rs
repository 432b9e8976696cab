//! Writes what became of findings, and what a stack's scans came to.

use super::escaped;
use crate::model::{Ending, Occurrence, ScanPoint};
use crate::report::chart::{Chart, ChartError};
use crate::report::when::{duration, minute};
use crate::report::words::excerpt;
use std::ops::Range;

/// The history of a stack.
#[derive(Debug, Clone, Copy)]
pub struct StackHistory<'a> {
    /// The completed scans, the newest first.
    pub scans: &'a [ScanPoint],
    /// The findings that ended last, the newest first.
    pub ended: &'a [Occurrence],
    /// The mean time from the first scan with a finding to the one that found it resolved, in milliseconds.
    pub mean_time_to_repair: Option<i64>,
}

/// The history of a stack as its page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HistoryView {
    /// Each chart with its title.
    pub charts: Vec<(&'static str, String)>,
    pub mean_time_to_repair: Option<String>,
    pub ended: Vec<OccurrenceRow>,
}

/// A time during which a finding was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OccurrenceRow {
    pub severity: &'static str,
    pub name: String,
    /// The path of the finding's page, on other pages.
    pub link: Option<String>,
    pub first_seen: String,
    pub last_seen: String,
    pub scans: u64,
    pub ending: String,
}

impl HistoryView {
    /// Describes the history of the stack whose page has this path.
    pub fn new(history: &StackHistory<'_>, stack_link: &str) -> Result<Self, ChartError> {
        let points = |number: &dyn Fn(&ScanPoint) -> Option<f64>| -> Vec<_> {
            let scans = history.scans.iter().rev();
            scans
                .filter_map(|scan| Some((scan.finished_at, number(scan)?)))
                .collect()
        };
        let posture = points(&|scan| scan.posture.map(f64::from));
        let findings = points(&|scan| Some(scan.findings as f64));
        let cost = points(&|scan| scan.cost.to_string().parse().ok());
        let chart = |title, points, range, label| Chart {
            title,
            points,
            range,
            label,
        };
        let all = [
            chart(
                "Posture of 100",
                &*posture,
                0.0..100.0,
                whole as fn(&f64) -> String,
            ),
            chart("Findings", &findings, range_of(&findings), whole),
            chart(
                "What the drift costs a month",
                &cost,
                range_of(&cost),
                dollars,
            ),
        ];
        let is_zero = |(_, number): &(i64, f64)| *number == 0.0;
        let mut charts = Vec::new();
        for chart in all {
            // Of a stack without drift, or whose drift costs nothing, there is nothing to see.
            if !chart.points.iter().all(is_zero) {
                charts.extend(chart.svg()?.map(|svg| (chart.title, svg)));
            }
        }
        let mean = history.mean_time_to_repair;
        Ok(Self {
            charts,
            mean_time_to_repair: mean.map(duration),
            ended: (history.ended.iter())
                .map(|occurrence| OccurrenceRow::linked(occurrence, stack_link))
                .collect(),
        })
    }
}

impl OccurrenceRow {
    /// Links the row to the finding's page, below that of its stack.
    fn linked(occurrence: &Occurrence, stack_link: &str) -> Self {
        let link = format!("{stack_link}/findings/{}", escaped(&occurrence.finding.0));
        Self {
            link: Some(link),
            ..Self::of(occurrence)
        }
    }

    pub fn of(occurrence: &Occurrence) -> Self {
        let ending = match occurrence.ending {
            None => "still there".to_owned(),
            Some((Ending::Resolved, at)) => {
                let lasted = duration(at.saturating_sub(occurrence.first_seen));
                format!("resolved {}, after {lasted}", minute(at))
            }
            Some((Ending::SetAside, at)) => format!("set aside {}", minute(at)),
            Some((Ending::Changed, at)) => format!("drifted further {}", minute(at)),
        };
        Self {
            severity: occurrence.severity.as_str(),
            name: excerpt(&name(occurrence), 300),
            link: None,
            first_seen: minute(occurrence.first_seen),
            last_seen: minute(occurrence.last_seen),
            scans: occurrence.scans,
            ending,
        }
    }
}

/// Returns the name of a finding: its address, or its type and id.
pub(super) fn name(occurrence: &Occurrence) -> String {
    match (occurrence.address.as_str(), occurrence.import_id.as_str()) {
        ("", "") => occurrence.tf_type.clone(),
        ("", id) => format!("{} {id}", occurrence.tf_type),
        (address, _) => address.to_owned(),
    }
}

/// Returns the range from zero to the outermost number, and to four at least: whole numbers stand beside the chart.
fn range_of(points: &[(i64, f64)]) -> Range<f64> {
    let numbers = || points.iter().map(|(_, number)| *number);
    let least = numbers().fold(0.0, f64::min);
    let most = numbers().fold(0.0, f64::max);
    match most - least < 4.0 {
        true => least..least + 4.0,
        false => least..most,
    }
}

fn whole(number: &f64) -> String {
    format!("{number:.0}")
}

fn dollars(number: &f64) -> String {
    let sign = if *number < 0.0 { "-" } else { "" };
    format!("{sign}${:.0}", number.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_zero_and_every_number() {
        let range = |numbers: &[f64]| {
            let points: Vec<_> = numbers.iter().map(|number| (0, *number)).collect();
            range_of(&points)
        };
        assert_eq!(range(&[]), 0.0..4.0);
        assert_eq!(range(&[1.0, 0.0]), 0.0..4.0);
        assert_eq!(range(&[7.0, 9.0]), 0.0..9.0);
        assert_eq!(range(&[-500.0, -200.0]), -500.0..0.0);
        assert_eq!(range(&[-500.0, 20.0]), -500.0..20.0);
        assert_eq!(dollars(&-500.0), "-$500");
    }
}
