//! `CODEOWNERS` against another reader of the same patterns.

use driftguard::settings::Codeowners;
use ignore::gitignore::GitignoreBuilder;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_pattern_fits_what_gitignore_says_too(
        start in prop::sample::select(vec!["", "/"]),
        steps in prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**", "?", "a*", "*.b", "a*b*", "ab"]), 1..5),
        end in prop::sample::select(vec!["", "/"]),
        path in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab", "a.b", "aab", "c"]), 1..5),
    ) {
        let (pattern, path) = (format!("{start}{}{end}", steps.join("/")), path.join("/"));
        let mut other = GitignoreBuilder::new("");
        other.add_line(None, &pattern).unwrap();
        let other = other.build().unwrap();
        let whole = other.matched(&path, false).is_ignore();
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        let inside = folders.into_iter().any(|folder| other.matched(folder, true).is_ignore());
        // The one thing that GitHub reads otherwise: what is further down than `a/*` is not covered.
        let expected = whole || inside && !pattern.ends_with("/*");
        let found = Codeowners::parse(&format!("{pattern} @owner\n"));
        prop_assert_eq!(!found.owners(&path).unwrap().is_empty(), expected, "{} {}", pattern, path);
    }
}
