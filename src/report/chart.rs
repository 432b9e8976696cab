//! Draws numbers over time as SVG.
//!
//! The colours are the page's: a stylesheet overrides the attributes that are written here.

use super::when::{day, minute, time_of_day};
use plotters::prelude::{BLACK, BLUE, ChartBuilder, IntoDrawingArea, LineSeries, SVGBackend};
use std::fmt::Display;
use std::ops::Range;

/// Width and height, in units of the SVG.
const SIZE: (u32, u32) = (440, 150);
/// The room for labels below and left of the chart.
const LABELS: (u32, u32) = (22, 44);

/// A chart of less than this, in milliseconds, names times of the day.
const SHORT: i64 = 24 * 60 * 60 * 1_000;

/// A number over time.
pub struct Chart<'a> {
    /// What the number is, for who does not see the chart.
    pub title: &'static str,
    /// Times in epoch milliseconds with the number at each, the earliest first.
    pub points: &'a [(i64, f64)],
    /// The least and the greatest number that the chart shows.
    pub range: Range<f64>,
    /// Formats the numbers beside the chart.
    pub label: fn(&f64) -> String,
}

/// A chart that cannot be drawn.
#[derive(Debug, thiserror::Error)]
#[error("a chart cannot be drawn: {0}")]
pub struct ChartError(String);

impl ChartError {
    fn of(error: impl Display) -> Self {
        Self(error.to_string())
    }
}

impl Chart<'_> {
    /// Describes the line for who does not see it: from when to when, the first number and the last, the least and the
    /// greatest.
    fn description(&self) -> String {
        let numbers = || self.points.iter().map(|(_, number)| *number);
        let (Some((start, first)), Some((end, last))) = (self.points.first(), self.points.last())
        else {
            return self.title.to_owned();
        };
        let label = |number: f64| (self.label)(&number);
        let (least, greatest) = (
            numbers().fold(f64::INFINITY, f64::min),
            numbers().fold(f64::NEG_INFINITY, f64::max),
        );
        let range = match least < greatest {
            true => format!("least {}, most {}", label(least), label(greatest)),
            false => "the same all the time".to_owned(),
        };
        format!(
            "{} from {} to {}: {} at first, {} at last, {range}",
            self.title,
            minute(*start),
            minute(*end),
            label(*first),
            label(*last)
        )
    }

    /// Draws the chart; `None` where there are not two points in time.
    pub fn svg(&self) -> Result<Option<String>, ChartError> {
        let (Some((first, _)), Some((last, _))) = (self.points.first(), self.points.last()) else {
            return Ok(None);
        };
        if first >= last {
            return Ok(None);
        }
        let is_short = last.saturating_sub(*first) < SHORT;
        // Plotters multiplies whole numbers by the width, beyond what they hold.
        let (start, end) = (*first as f64, *last as f64);
        let points = self.points.iter().map(|(at, number)| (*at as f64, *number));
        let time = |at: &f64| match is_short {
            true => time_of_day(*at as i64),
            false => day(*at as i64),
        };
        let mut text = String::new();
        {
            let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
            let mut chart = ChartBuilder::on(&area)
                .margin(8)
                .x_label_area_size(LABELS.0)
                .y_label_area_size(LABELS.1)
                .build_cartesian_2d(start..end, self.range.clone())
                .map_err(ChartError::of)?;
            chart
                .configure_mesh()
                .disable_x_mesh()
                .light_line_style(BLACK)
                .max_light_lines(0)
                .x_labels(4)
                .y_labels(3)
                .x_label_formatter(&time)
                .y_label_formatter(&self.label)
                .draw()
                .map_err(ChartError::of)?;
            let line = LineSeries::new(points, &BLUE);
            chart.draw_series(line).map_err(ChartError::of)?;
            area.present().map_err(ChartError::of)?;
        }
        // What plotters writes names no role.
        let label = format!("<svg role=\"img\" aria-label=\"{}\" ", self.description());
        Ok(Some(text.replacen("<svg ", &label, 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn drawn(points: &[(i64, f64)]) -> Option<String> {
        let chart = Chart {
            title: "Posture",
            points,
            range: 0.0..100.0,
            label: |number| format!("{number:.0}"),
        };
        chart.svg().unwrap()
    }

    #[test]
    fn a_line_is_drawn_between_points_in_time() {
        let text = drawn(&[(0, 0.0), (2 * DAY, 100.0), (4 * DAY, 50.0)]).unwrap();
        let line = text.lines().find(|line| line.contains("#0000FF")).unwrap();
        let (_, points) = line.split_once("points=\"").unwrap();
        let points: Vec<_> = points.split(['"', ' ']).take(3).collect();
        let number = |at: usize, axis: usize| -> i32 {
            points[at].split(',').nth(axis).unwrap().parse().unwrap()
        };
        assert!(
            number(0, 0) < number(1, 0) && number(1, 0) < number(2, 0),
            "{line}"
        );
        assert!(
            number(1, 1) < number(2, 1) && number(2, 1) < number(0, 1),
            "{line}"
        );
        assert!(
            text.contains("\n100\n") && text.contains("1970-01-03"),
            "{text}"
        );
        let description = "Posture from 1970-01-01 00:00 UTC to 1970-01-05 00:00 UTC: 0 at first, 50 at last, least 0, most 100";
        assert!(
            text.contains(&format!("aria-label=\"{description}\"")),
            "{text}"
        );
        // The pages allow no styles but the stylesheet's.
        assert!(!text.contains("style=") && !text.contains("<style"));
    }

    #[test]
    fn a_number_that_stays_is_described_as_such() {
        let text = drawn(&[(0, 7.0), (DAY, 7.0)]).unwrap();
        let end = "7 at first, 7 at last, the same all the time\"";
        assert!(text.contains(end), "{text}");
    }

    #[test]
    fn nothing_is_drawn_of_a_single_moment() {
        assert_eq!(drawn(&[]), None);
        assert_eq!(drawn(&[(1, 5.0)]), None);
        assert_eq!(drawn(&[(1, 5.0), (1, 6.0)]), None);
    }
}
