//! Functions on timestamps in RFC 3339 format.

use super::Call;
use crate::code::fault::{Evaluated, Fault, Invalid};
use crate::code::number::Number;
use crate::code::typed::Typed;
use crate::code::types::Type;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// The years that are certainly formatted as Terraform does.
const YEARS: std::ops::RangeInclusive<i16> = 1..=9998;
/// The layouts of date and time without a fraction, and of an offset.
const LOCAL: &str = "0000-00-00T00:00:00";
const OFFSET: &str = "+00:00";
/// The significant digits of a fraction of a duration.
const MAX_DIGITS: usize = 18;
/// The significant digits of a fraction of a second.
const MAX_FRACTION_DIGITS: usize = 9;

/// A timestamp with its offset.
struct Moment {
    at: Timestamp,
    offset: Offset,
}

impl Moment {
    /// Reads `2006-01-02T15:04:05Z`, with a fraction or another offset. Returns `None` where the year is out of bounds.
    fn parse(text: &str) -> Result<Option<Self>, Invalid> {
        let (local, offset) = match text.strip_suffix('Z') {
            Some(local) => (local, Offset::UTC),
            None => {
                let end = text.len().checked_sub(OFFSET.len()).ok_or(Invalid)?;
                let (local, zone) = text.split_at_checked(end).ok_or(Invalid)?;
                (local, offset(zone)?)
            }
        };
        let (whole, fraction) = local.split_at_checked(LOCAL.len()).ok_or(Invalid)?;
        let fraction = match fraction.strip_prefix('.') {
            Some(digits) if !digits.is_empty() => digits,
            None if fraction.is_empty() => "0",
            _ => return Err(Invalid),
        };
        // There is no second more than sixty here.
        let has_form = has_form(whole, LOCAL) && !whole.ends_with("60");
        if !has_form || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid);
        }
        let fraction = fraction.get(..MAX_FRACTION_DIGITS).unwrap_or(fraction);
        let local = format!("{whole}.{fraction}");
        let local: DateTime = local.parse().map_err(|_| Invalid)?;
        if !YEARS.contains(&local.year()) {
            return Ok(None);
        }
        let at = offset.to_timestamp(local).map_err(|_| Invalid)?;
        Ok(Some(Self { at, offset }))
    }

    fn local(&self) -> DateTime {
        self.offset.to_datetime(self.at)
    }

    /// Returns the offset, with a colon or without.
    fn offset(&self, colon: &str) -> String {
        let seconds = self.offset.seconds();
        let sign = if seconds < 0 { '-' } else { '+' };
        let minutes = seconds.unsigned_abs() / 60;
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }

    fn zone(&self, colon: &str) -> String {
        if self.offset == Offset::UTC {
            "Z".to_owned()
        } else {
            self.offset(colon)
        }
    }
}

/// Returns whether a text matches a layout: digits in place of zeros, and all else equal.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == form,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

/// `+02:00`.
fn offset(text: &str) -> Result<Offset, Invalid> {
    let (sign, rest) = text.split_at_checked(1).ok_or(Invalid)?;
    let (hours, minutes) = rest.split_once(':').ok_or(Invalid)?;
    let number = |text: &str, most: i32| {
        let number = text.parse::<i32>().ok().filter(|_| has_form(text, "00"));
        number.filter(|number| *number <= most).ok_or(Invalid)
    };
    let seconds = number(hours, 23)? * 3600 + number(minutes, 59)? * 60;
    let seconds = match sign {
        "+" => seconds,
        "-" => -seconds,
        _ => return Err(Invalid),
    };
    Offset::from_seconds(seconds).map_err(|_| Invalid)
}

pub(super) fn timeadd(call: &Call<'_, '_>) -> Evaluated {
    let moment = Moment::parse(call.text(0)?)?;
    let added = duration(call.text(1)?)?;
    let later = moment.and_then(|moment| {
        let at = moment.at.checked_add(added).ok()?;
        Some(Moment { at, ..moment })
    });
    let Some(moment) = later.filter(|moment| YEARS.contains(&moment.local().year())) else {
        return Ok(Typed::Unknown(Type::String));
    };
    let local = moment.local().strftime("%Y-%m-%dT%H:%M:%S");
    Ok(Typed::text(format!("{local}{}", moment.zone(":"))))
}

pub(super) fn timecmp(call: &Call<'_, '_>) -> Evaluated {
    let (left, right) = (Moment::parse(call.text(0)?)?, Moment::parse(call.text(1)?)?);
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(Typed::Unknown(Type::Number));
    };
    Ok(Number::count(left.at.cmp(&right.at) as i8).into())
}

/// Parses a duration such as `-1h30m` or `1.5s`.
fn duration(text: &str) -> Result<SignedDuration, Invalid> {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    if bare == "0" {
        return Ok(SignedDuration::ZERO);
    }
    let (mut total, mut rest) = (0_i128, bare);
    if rest.is_empty() {
        return Err(Invalid);
    }
    while !rest.is_empty() {
        let unit_at = rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .ok_or(Invalid)?;
        let (digits, after) = rest.split_at(unit_at);
        let unit_end = after
            .find(|letter: char| letter.is_ascii_digit() || letter == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        total = total
            .checked_add(nanoseconds(digits, unit)?)
            .ok_or(Invalid)?;
        rest = after;
    }
    let total = if text.starts_with('-') { -total } else { total };
    let total = i64::try_from(total).map_err(|_| Invalid)?;
    Ok(SignedDuration::from_nanos(total))
}

fn nanoseconds(digits: &str, unit: &str) -> Result<i128, Invalid> {
    let unit: i128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(Invalid),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 {
        return Err(Invalid);
    }
    // Further digits are less than a nanosecond.
    let fraction = fraction.get(..MAX_DIGITS).unwrap_or(fraction);
    let number = |text: &str| match text {
        "" => Ok(0),
        text => text.parse::<i128>().map_err(|_| Invalid),
    };
    let scale = 10_i128.pow(u32::try_from(fraction.len()).map_err(|_| Invalid)?);
    let all = number(whole)?.checked_mul(unit).ok_or(Invalid)?;
    let part = number(fraction)?.checked_mul(unit).ok_or(Invalid)? / scale;
    all.checked_add(part).ok_or(Invalid)
}

pub(super) fn formatdate(call: &Call<'_, '_>) -> Evaluated {
    let (pattern, moment) = (call.text(0)?, Moment::parse(call.text(1)?)?);
    let Some(moment) = moment else {
        return Ok(Typed::Unknown(Type::String));
    };
    let (mut text, mut rest) = (String::new(), pattern);
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' {
            quoted(rest, &mut text)?
        } else if first.is_ascii_alphabetic() {
            let run = rest.len() - rest.trim_start_matches(first).len();
            text.push_str(&part(&rest[..run], &moment)?);
            run
        } else {
            text.push(first);
            first.len_utf8()
        };
        call.budget().take_text(text.len())?;
        rest = &rest[length..];
    }
    Ok(Typed::text(text))
}

/// Adds quoted text, in which two quotes are one. Returns its length in the pattern.
fn quoted(pattern: &str, text: &mut String) -> Result<usize, Invalid> {
    let mut at = 1;
    loop {
        let end = at
            + pattern
                .get(at..)
                .and_then(|rest| rest.find('\''))
                .ok_or(Invalid)?;
        text.push_str(&pattern[at..end]);
        at = end + 1;
        if !pattern[at..].starts_with('\'') {
            return Ok(at);
        }
        text.push('\'');
        at += 1;
    }
}

/// Formats one run of a letter.
fn part(letters: &str, moment: &Moment) -> Result<String, Fault> {
    let local = moment.local();
    let time = |pattern: &str| local.strftime(pattern).to_string();
    Ok(match letters {
        "YYYY" => time("%Y"),
        "YY" => time("%y"),
        "MMMM" => time("%B"),
        "MMM" => time("%b"),
        "MM" => time("%m"),
        "M" => local.month().to_string(),
        "DD" => time("%d"),
        "D" => local.day().to_string(),
        "EEEE" => time("%A"),
        "EEE" => time("%a"),
        "hh" => time("%H"),
        "h" => local.hour().to_string(),
        "HH" => time("%I"),
        "H" => ((local.hour() + 11) % 12 + 1).to_string(),
        "AA" => time("%p"),
        "aa" => time("%p").to_lowercase(),
        "mm" => time("%M"),
        "m" => local.minute().to_string(),
        "ss" => time("%S"),
        "s" => local.second().to_string(),
        "ZZZZZ" => moment.offset(":"),
        "ZZZZ" => moment.offset(""),
        "ZZZ" if moment.offset == Offset::UTC => "UTC".to_owned(),
        "ZZZ" => moment.offset(""),
        "Z" => moment.zone(":"),
        _ => return Err(Fault::Invalid),
    })
}
