//! Determines how many files and connections the process may have open.

/// The limit that is assumed where the system does not tell it.
const USUAL: usize = 1024;
/// How many descriptors the database, GitHub, AWS and spooled bodies need: half of them, and no more than this.
const RESERVE: usize = 512;
/// The fewest and the most incoming connections.
const CONNECTIONS: std::ops::RangeInclusive<usize> = 8..=2048;

/// Returns how many incoming connections may be open at once.
pub(super) fn connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    beside_the_reserve(soft_limit(&limits).unwrap_or(USUAL))
}

fn beside_the_reserve(descriptors: usize) -> usize {
    let left = descriptors - RESERVE.min(descriptors / 2);
    left.clamp(*CONNECTIONS.start(), *CONNECTIONS.end())
}

/// Parses the soft limit from `Max open files  1024  524288  files`; `None` where it is unlimited or missing.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_few_descriptors_are_kept_back() {
        let limits = "Limit    Soft Limit    Hard Limit    Units\nMax open files            256     524288   files \n";
        assert_eq!(soft_limit(limits), Some(256));
        assert_eq!(
            soft_limit("Max open files   unlimited  unlimited  files"),
            None
        );
        for (descriptors, connections) in [
            (10, 8),
            (256, 128),
            (1024, 512),
            (4096, 2048),
            (1 << 20, 2048),
        ] {
            assert_eq!(
                beside_the_reserve(descriptors),
                connections,
                "{descriptors}"
            );
        }
    }
}
