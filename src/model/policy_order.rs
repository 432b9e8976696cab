//! Orders the elements of IAM policies as AWS's documentation does.

/// The elements of a statement.
pub const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// Sorts the entries of a policy or of a statement by their keys. Keys that are no such elements come last, in the order
/// in which they were; among them is a policy's `Statement`, which is long.
pub fn sort_policy<T>(entries: &mut [T], key: impl Fn(&T) -> &str) {
    entries.sort_by_key(|entry| rank(key(entry)));
}

fn rank(key: &str) -> usize {
    let mut elements = ["Version", "Id"].iter().chain(&STATEMENT_ELEMENTS);
    elements
        .position(|element| *element == key)
        .unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_statement_is_ordered_as_aws_documents_it() {
        let mut statement = [
            "Condition",
            "Action",
            "other",
            "NotPrincipal",
            "Effect",
            "Sid",
        ];
        super::sort_policy(&mut statement, |key| key);
        let documented = [
            "Sid",
            "Effect",
            "NotPrincipal",
            "Action",
            "Condition",
            "other",
        ];
        assert_eq!(statement, documented);
    }

    #[test]
    fn a_policys_statements_come_after_its_version() {
        let mut policy = ["Id", "Statement", "Version"];
        super::sort_policy(&mut policy, |key| key);
        assert_eq!(policy, ["Version", "Id", "Statement"]);
    }
}
