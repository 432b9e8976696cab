//! Suggests what a mistyped word may mean.

/// Returns the candidate nearest to a word, if it is near enough to suggest.
pub(in crate::commands) fn nearest<'a>(
    first_word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let first_word: Vec<char> = first_word.chars().take(200).collect();
    let allowed = (first_word.len() / 3).clamp(1, 3);
    candidates
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.chars().collect();
            if letters.len().abs_diff(first_word.len()) > allowed {
                return None;
            }
            Some((distance(&first_word, &letters), candidate))
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the edit distance of two words, with transpositions.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut cost = changed.min(last[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && left[i - 1] == *b && right[j - 1] == *a;
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
        for (first_word, meant) in [
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
            assert_eq!(nearest(first_word, all.into_iter()), meant, "{first_word}");
        }
    }
}
