//! How many files and connections the system lets this process have open.

/// What is taken for granted where the system does not say.
const USUAL: usize = 1024;
/// What the database, GitHub, AWS and bodies in files need beside connections from outside: half of what there is, and no
/// more than this.
const RESERVE: usize = 512;
/// The fewest and the most connections from outside.
const CONNECTIONS: std::ops::RangeInclusive<usize> = 8..=2048;

/// How many connections from outside may be open at once.
pub(super) fn connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    beside_the_reserve(soft_limit(&limits).unwrap_or(USUAL))
}

fn beside_the_reserve(descriptors: usize) -> usize {
    let left = descriptors - RESERVE.min(descriptors / 2);
    left.clamp(*CONNECTIONS.start(), *CONNECTIONS.end())
}

/// The limit in force, from `Max open files  1024  524288  files`. None where there is none, or none is said.
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
