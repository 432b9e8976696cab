//! `.driftguard.yml`, written to: what was there stays, and what is added means what it should.

use driftguard::model::{Difference, Finding, Kind, Value, Verdict};
use driftguard::settings::{CannotAccept, NewAccept, Settings, with_accepted};
use proptest::prelude::*;

fn web(reason: &str) -> NewAccept {
    NewAccept {
        address: Some("aws_instance.web[1]".to_owned()),
        reason: reason.to_owned(),
        ..NewAccept::default()
    }
}

#[test]
fn the_example_of_the_readme_is_valid_and_sets_every_key_that_it_shows() {
    let readme = include_str!("../README.md");
    let (_, section) = readme.split_once("### Settings of a repository").unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with("    "));
    let lines = lines.take_while(|line| line.starts_with("    "));
    let example: String = lines.map(|line| format!("{}\n", &line[4..])).collect();
    let settings = Settings::parse(&example).unwrap();
    let stack = &settings.stacks[0];
    assert_eq!(stack.var_files, ["production.tfvars"]);
    assert_eq!(settings.pull_requests.per_hour, 5);
    assert!(settings.notify.is_some());
    assert_eq!(settings.accept.len(), 1);
}

#[test]
fn entries_are_added_where_the_list_is_and_nothing_else_changes() {
    let item = "- address: \"aws_instance.web[1]\"\n";
    for (before, after) in [
        ("", format!("accept:\n  {item}    reason: r\n")),
        (
            "version: 1\n# end",
            format!("version: 1\n# end\naccept:\n  {item}    reason: r"),
        ),
        (
            "  dashboard: true\n",
            format!("  dashboard: true\n  accept:\n    {item}      reason: r\n"),
        ),
        (
            "accept: [] # none yet\nchecks: off\n",
            format!("accept: # none yet\n  {item}    reason: r\nchecks: off\n"),
        ),
        ("accept: ~", format!("accept:\n  {item}    reason: r")),
        (
            "accept:\n# soon\n\nchecks: off\n",
            format!("accept:\n  {item}    reason: r\n# soon\n\nchecks: off\n"),
        ),
        (
            "accept:\n- type: a\n  reason: x # y\n# z\nchecks: off\n",
            format!("accept:\n- type: a\n  reason: x # y\n{item}  reason: r\n# z\nchecks: off\n"),
        ),
        (
            "accept:\n    -   type: a\n        reason: |\n          x\n\n\nchecks: off\n",
            format!(
                "accept:\n    -   type: a\n        reason: |\n          x\n\n\n    {item}      reason: r\nchecks: off\n"
            ),
        ),
        (
            "accept:\n  - { type: a, reason: x }\nchecks: off\n",
            format!("accept:\n  - {{ type: a, reason: x }}\n  {item}    reason: r\nchecks: off\n"),
        ),
    ] {
        assert_eq!(
            with_accepted(Some(before), &[web("r")]),
            Ok(after.clone()),
            "{before:?}"
        );
        let [before, after] = [before, &after].map(|text| text.replace('\n', "\r\n"));
        if before.contains('\n') {
            assert_eq!(
                with_accepted(Some(&before), &[web("r")]),
                Ok(after),
                "{before:?}"
            );
        }
    }
    assert_eq!(
        with_accepted(None, &[web("r")]),
        Ok(format!("version: 1\naccept:\n  {item}    reason: r\n"))
    );
}

#[test]
fn what_is_not_edited_is_refused_with_what_to_write() {
    for before in [
        "{version: 1}\n",
        "accept: [{type: a, reason: x}]\n",
        "accept: &all\n  - type: a\n    reason: x\n",
        "accept: !!seq []\n",
        "version: 1\n...\n",
        "accept: [\n]\n",
    ] {
        match with_accepted(Some(before), &[web("r")]) {
            Err(error @ CannotAccept::ByHand { .. }) => {
                let told = "accept:\n  - address: \"aws_instance.web[1]\"\n    reason: r";
                assert!(error.to_string().ends_with(told), "{error}");
            }
            other => panic!("{before:?}: {other:?}"),
        }
    }
    let wrong = with_accepted(Some("acept: []\n"), &[web("r")]).unwrap_err();
    assert!(matches!(wrong, CannotAccept::Unreadable(_)), "{wrong}");
    let nothing = NewAccept::default();
    let soon = NewAccept {
        until: Some("soon: [".to_owned()),
        ..web("r")
    };
    for entry in [nothing, soon] {
        let wrong = with_accepted(None, &[entry]).unwrap_err();
        assert!(matches!(wrong, CannotAccept::Entry(_)), "{wrong}");
    }
}

fn differs(path: &str) -> Difference {
    Difference {
        path: path.to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded: Value::Null,
        live: Value::Null,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    }
}

#[test]
fn a_finding_is_accepted_as_it_stands() {
    let mut changed = Finding {
        address: Some("aws_instance.web[\"a*\"]".parse().unwrap()),
        attributes: vec![differs("tags[\"a b\"]"), differs("instance_type")],
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    };
    let added = Finding {
        import_id: Some("shop-web:backdoor".to_owned()),
        ..Finding::new(
            Kind::Unmanaged,
            Verdict::UnseenByPlan,
            "aws_iam_role_policy",
        )
    };
    let new = |finding: &Finding| {
        NewAccept::of(finding, "r".to_owned(), None, Some("2027-03-31".to_owned())).unwrap()
    };
    let text = with_accepted(None, &[new(&changed), new(&added)]).unwrap();
    let settings = Settings::parse(&text).unwrap();
    assert_eq!(settings.accept.len(), 3, "{text}");
    for finding in [&changed, &added] {
        assert!(settings.covers(finding, "2027-03-31"), "{text}");
        assert!(
            !settings.covers(finding, "2027-04-01"),
            "its last day is over"
        );
    }
    changed.attributes.push(differs("monitoring"));
    assert!(
        !settings.covers(&changed, "2027-03-31"),
        "what differs later is not accepted with it"
    );
}

#[test]
fn a_tag_whose_key_is_a_star_is_accepted_and_no_other() {
    let tags = |keys: &[&str]| Finding {
        address: Some("aws_instance.web".parse().unwrap()),
        attributes: keys
            .iter()
            .map(|key| differs(&format!("tags[\"{key}\"]")))
            .collect(),
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    };
    let star = NewAccept::of(&tags(&["*"]), "r".to_owned(), None, None).unwrap();
    let text = with_accepted(None, &[star]).unwrap();
    let settings = Settings::parse(&text).unwrap();
    assert!(settings.covers(&tags(&["*"]), "2026-11-28"), "{text}");
    for others in [&["Name"][..], &["**"], &["\\*"], &["*", "Name"]] {
        assert!(
            !settings.covers(&tags(others), "2026-11-28"),
            "{others:?}: {text}"
        );
    }
}

#[test]
fn what_only_a_credential_names_is_written_by_hand() {
    let key = "AKIAIOSFODNN7EXAMPLE";
    // As it is, and as it is read again from what was kept.
    for name in [key, "(secret)"] {
        let keyed = Finding {
            address: Some(format!("aws_instance.web[\"{name}\"]").parse().unwrap()),
            ..Finding::new(Kind::Deleted, Verdict::Drift, "aws_instance")
        };
        let added = Finding {
            import_id: Some(format!("shop-web:{name}")),
            ..Finding::new(
                Kind::Unmanaged,
                Verdict::UnseenByPlan,
                "aws_iam_role_policy",
            )
        };
        let tagged = Finding {
            address: Some("aws_instance.web".parse().unwrap()),
            attributes: vec![differs(&format!("tags[\"{name}\"]"))],
            ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
        };
        for finding in [keyed, added, tagged] {
            let entry = NewAccept::of(&finding, "r".to_owned(), None, None).unwrap();
            assert!(entry.names_credential());
            let refused = with_accepted(None, &[entry]).unwrap_err().to_string();
            assert!(
                refused.contains("by hand, with `*`") && !refused.contains(key),
                "{refused}"
            );
        }
    }
    // A sealed key is the same in each scan.
    let sealed = Finding {
        address: Some("aws_instance.web".parse().unwrap()),
        attributes: vec![differs(
            "tags[\"(secret, fingerprint 0123456789abcdef01234567)\"]",
        )],
        ..Finding::new(Kind::Modified, Verdict::Drift, "aws_instance")
    };
    let entry = NewAccept::of(&sealed, "r".to_owned(), None, None).unwrap();
    let text = with_accepted(None, &[entry]).unwrap();
    assert!(
        Settings::parse(&text)
            .unwrap()
            .covers(&sealed, "2026-11-28"),
        "{text}"
    );
}

fn entry() -> impl Strategy<Value = NewAccept> {
    let text = || "[a-z:#'\"\\[\\]{}*&!|>%@`,~ \\\\\n-]{1,12}|\\PC{1,12}";
    (
        proptest::option::of(text()),
        proptest::collection::vec(text(), 0..3),
        text(),
        text(),
        proptest::option::of(text()),
        proptest::option::of("20[2-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|2[0-8])"),
    )
        .prop_map(
            |(address, attributes, id, reason, owner, until)| NewAccept {
                import_id: address.is_none().then_some(id),
                address,
                attributes,
                tf_type: None,
                reason,
                owner,
                until,
            },
        )
}

/// A file that can be edited, and what is taken out of it.
fn file() -> impl Strategy<Value = (String, &'static str)> {
    let heads = prop::sample::select(vec![
        "",
        "# head\n",
        "version: 1\n",
        "---\nversion: 1\n",
        "\u{feff}version: 1\n\n",
    ]);
    let lists = prop::sample::select(vec![
        ("", ""),
        ("accept:\n", ""),
        ("accept: # soon\n", ""),
        ("\"accept\": []\n", " []"),
        ("accept: null # none\n", " null"),
        ("accept:  [ ]\n", "  [ ]"),
        ("accept:\n- type: a\n  reason: \"x\n    y\"\n", ""),
        (
            "accept:\n  # first\n  - type: a\n    reason: x # why\n  # last\n",
            "",
        ),
        (
            "accept:\n    -   reason: >-\n          x\n\n          y\n        type: a\n",
            "",
        ),
        ("accept:\n  - type: a\n    reason: |+\n      x\n\n", ""),
        ("accept:\n  -\n    type: a\n    reason: x\n    owner:\n", ""),
        ("accept:\n  - {type: a, reason: x,\n     owner: é}\n", ""),
    ]);
    let tails = prop::sample::select(vec![
        "",
        "dashboard: false\n",
        "# end\n",
        "\n\nstacks:\n  - path: a\n",
        "checks: off  \n",
    ]);
    (heads, lists, tails, any::<bool>(), any::<bool>()).prop_map(
        |(head, (list, out), tail, crlf, ended)| {
            let mut text = format!("{head}{list}{tail}");
            if !ended {
                text.truncate(text.trim_end_matches('\n').len());
            }
            if crlf {
                text = text.replace('\n', "\r\n");
            }
            (text, out)
        },
    )
}

proptest! {
    #[test]
    fn a_file_keeps_its_bytes_and_gains_exactly_the_entries(
        (before, out) in file(),
        entries in proptest::collection::vec(entry(), 1..3),
    ) {
        let old = Settings::parse(&before).unwrap();
        let after = match with_accepted(Some(&before), &entries) {
            Ok(after) => after,
            Err(error) => panic!("{before:?}: {error}"),
        };
        let mut new = Settings::parse(&after).unwrap();
        let count: usize = entries.iter().map(|one| one.attributes.len().max(1)).sum();
        prop_assert_eq!(new.accept.len(), old.accept.len() + count);
        prop_assert_eq!(&new.accept[..old.accept.len()], &old.accept[..]);
        new.accept = old.accept.clone();
            prop_assert_eq!(new, old);
        let kept = before.replacen(out, "", 1);
        let start = kept.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
        let end = kept.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
        prop_assert!(start + end >= kept.len(), "{before:?} -> {after:?}");
        prop_assert_eq!(before.contains('\r'), after.contains('\r'));
    }
}
