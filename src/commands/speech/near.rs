//! What somebody may have meant.

/// The candidate that a word was meant to be, where one is near enough to ask.
pub(in crate::commands) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(200).collect();
    let allowed = (word.len() / 3).clamp(1, 3);
    candidates
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.chars().collect();
            if letters.len().abs_diff(word.len()) > allowed {
                return None;
            }
            Some((distance(&word, &letters), candidate))
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, changed or swapped with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut cost = changed.min(last[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && one[i - 1] == *b && other[j - 1] == *a;
            if swapped {
                cost = cost.min(before_last[j - 1] + 1);
            }
            row.push(cost);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_near_and_another_word_is_not() {
        let all = [
            "adopt", "assign", "explain", "help", "scan", "snooze", "status",
        ];
        for (word, meant) in [
            ("adpot", Some("adopt")),
            ("adopts", Some("adopt")),
            ("statsu", Some("status")),
            ("hlep", Some("help")),
            ("sca", Some("scan")),
            ("exlpan", Some("explain")),
            ("merge", None),
            ("", None),
            ("deploy", None),
        ] {
            assert_eq!(nearest(word, all.into_iter()), meant, "{word}");
        }
    }
}
