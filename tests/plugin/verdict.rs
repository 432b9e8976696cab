//! The proposed state and the verdict of a plan.

use driftguard::model::{
    DeclaredResource, Definition, Parts, PlannedChanges, Site, Source, Type, Value,
};
use driftguard::plugin::schema::{Attribute, Block, BlockNesting, NestedBlock};
use driftguard::plugin::{
    PlanInput, configuration, keep_ignored, lay_over, means_the_same, proposed,
};
use std::collections::BTreeMap;

fn attribute(optional: bool, computed: bool) -> Attribute {
    Attribute {
        ty: Type::String,
        required: !optional && !computed,
        optional,
        computed,
        sensitive: false,
        write_only: false,
    }
}

/// `name` is required, `note` optional, `zone` optional and computed, `arn` computed; `rule` is a set of blocks of the
/// same attributes.
fn block() -> Block {
    let attributes: BTreeMap<_, _> = [
        ("name", attribute(false, false)),
        ("note", attribute(true, false)),
        ("zone", attribute(true, true)),
        ("arn", attribute(false, true)),
    ]
    .map(|(name, attribute)| (name.to_owned(), attribute))
    .into();
    let rule = NestedBlock {
        nesting: BlockNesting::Set,
        block: Block {
            attributes: attributes.clone(),
            blocks: BTreeMap::new(),
        },
    };
    Block {
        attributes,
        blocks: [("rule".to_owned(), rule)].into(),
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn code(attributes: &[(&str, Value)]) -> DeclaredResource {
    let definition = |value: &Value| Definition {
        value: value.clone(),
        source: Source {
            file: "main.tf".to_owned(),
            line: 1,
            span: (0, 0),
        },
        site: Site::Literal,
        parts: Parts::Whole,
        alternatives: None,
    };
    let attributes = attributes.iter();
    let attributes = attributes.map(|(name, value)| ((*name).to_owned(), definition(value)));
    DeclaredResource {
        attributes: attributes.collect(),
        ..DeclaredResource::default()
    }
}

/// What a plan tells where the provider takes what is proposed.
fn changes(declared: Option<&DeclaredResource>, recorded: &str, live: &str) -> PlannedChanges {
    let (block, recorded, live) = (block(), value(recorded), value(live));
    let configuration = configuration(&block, declared, &recorded);
    let ignored = declared.map(|code| code.ignore_changes.clone());
    let input = PlanInput {
        block: &block,
        recorded: &recorded,
        live: &live,
        configuration: &configuration,
        ignore_changes: &ignored.unwrap_or_default(),
    };
    input.changes(&input.proposed())
}

fn names(names: &std::collections::BTreeSet<String>) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[test]
fn what_the_configuration_leaves_out_is_what_was_read_only_where_the_provider_sets_it() {
    let prior = value(
        r#"{"name": "a", "note": "x", "zone": "1a", "arn": "arn:1",
            "rule": [{"name": "r", "note": null, "zone": "1b", "arn": "arn:r"}]}"#,
    );
    let config = value(
        r#"{"name": "b", "note": null, "zone": null, "arn": null,
            "rule": [{"name": "r", "note": null, "zone": null, "arn": null},
                     {"name": "s", "note": null, "zone": null, "arn": null}]}"#,
    );
    let expected = value(
        r#"{"name": "b", "note": null, "zone": "1a", "arn": "arn:1",
            "rule": [{"name": "r", "note": null, "zone": "1b", "arn": "arn:r"},
                     {"name": "s", "note": null, "zone": null, "arn": null}]}"#,
    );
    assert_eq!(proposed(&block(), &prior, &config), expected);
}

#[test]
fn elements_of_sets_belong_together_whatever_the_order_of_the_sets_in_them() {
    let mut block = block();
    let rule = block.blocks.get_mut("rule").unwrap();
    let inner = rule.clone();
    let methods = Attribute {
        ty: Type::Set(Box::new(Type::String)),
        ..attribute(true, false)
    };
    rule.block.attributes.insert("methods".to_owned(), methods);
    rule.block.blocks.insert("inner".to_owned(), inner);
    let own_zone = |prior: &str, config: &str| {
        let of = |rule: &str| value(&format!(r#"{{"rule": [{rule}]}}"#));
        let planned = proposed(&block, &of(prior), &of(config));
        planned.get("rule").as_list().unwrap()[0]
            .get("zone")
            .clone()
    };
    let prior = r#"{"name": "r", "zone": "1b", "methods": ["GET", "PUT"]}"#;
    let config = r#"{"name": "r", "methods": ["PUT", "GET"]}"#;
    assert_eq!(own_zone(prior, config), "1b".into());
    let other = r#"{"name": "r", "methods": ["PUT"]}"#;
    assert_eq!(own_zone(prior, other), Value::Null, "another element");
    // Terraform correlates no elements of a set within an element of a set.
    let prior = r#"{"name": "r", "zone": "1b", "inner": [{"name": "i", "zone": "1c"}]}"#;
    let config = r#"{"name": "r", "inner": [{"name": "i"}]}"#;
    assert_eq!(own_zone(prior, config), Value::Null);
}

#[test]
fn drift_is_what_aws_changed_and_not_applied_what_the_code_changed() {
    let recorded = r#"{"name": "a", "note": "x", "zone": "1a", "arn": "arn:1", "rule": []}"#;
    let live = r#"{"name": "a", "note": "y", "zone": "1b", "arn": "arn:2", "rule": []}"#;
    let same = code(&[("name", "a".into()), ("note", "x".into())]);
    let found = changes(Some(&same), recorded, live);
    assert_eq!(
        names(&found.drift),
        ["note"],
        "the rest is the provider's to set"
    );
    let edited = code(&[("name", "b".into()), ("note", "y".into())]);
    let found = changes(Some(&edited), recorded, live);
    assert_eq!(
        names(&found.drift),
        [""; 0],
        "code and AWS agree about the note"
    );
    assert_eq!(names(&found.not_applied), ["name"]);
}

#[test]
fn a_plan_names_the_part_of_an_ordered_block_and_the_entry_of_a_map_that_it_changes() {
    let mut block = block();
    let labels = Attribute {
        ty: Type::Map(Box::new(Type::String)),
        ..attribute(true, false)
    };
    block.attributes.insert("labels".to_owned(), labels);
    block.blocks.get_mut("rule").unwrap().nesting = BlockNesting::List;
    let state = |note: &str| {
        let rules = format!(r#"[{{"name": "r", "note": "{note}"}}, {{"name": "s"}}]"#);
        let labels = format!(r#"{{"pool": "{note}", "zone": "a"}}"#);
        value(&format!(
            r#"{{"name": "a", "rule": {rules}, "labels": {labels}}}"#
        ))
    };
    let (recorded, live) = (state("x"), state("y"));
    let rule = Value::map([("name", "r".into()), ("note", "x".into())]);
    let other = Value::map([("name", "s".into())]);
    let declared = code(&[
        ("name", "a".into()),
        ("labels", recorded.get("labels").clone()),
        ("rule", Value::List(vec![rule, other])),
    ]);
    let configuration = configuration(&block, Some(&declared), &recorded);
    let input = PlanInput {
        block: &block,
        recorded: &recorded,
        live: &live,
        configuration: &configuration,
        ignore_changes: &[],
    };
    let found = input.changes(&input.proposed());
    assert_eq!(names(&found.all), [r#"labels["pool"]"#, "rule[0].note"]);
    assert_eq!(names(&found.drift), ["labels", "rule"]);
}

#[test]
fn what_a_native_reader_read_lies_over_the_recorded_state() {
    let mut block = block();
    let number = Attribute {
        ty: Type::Number,
        ..attribute(true, false)
    };
    block.attributes.insert("size".to_owned(), number);
    let mut ordered = block.blocks["rule"].clone();
    ordered.nesting = BlockNesting::List;
    block.blocks.insert("step".to_owned(), ordered);
    let recorded = value(
        r#"{"name": "a", "note": "x", "zone": "1a", "size": 1, "rule": [{"name": "r"}],
            "step": [{"name": "s", "note": "x", "arn": "arn:1"}]}"#,
    );
    let read =
        |json: &str| -> driftguard::model::Attributes { serde_json::from_str(json).unwrap() };
    let native = read(
        r#"{"note": "y", "size": "2", "rule": [{"name": "q"}], "step": [{"name": "s", "note": "y"}], "unknown": 1}"#,
    );
    let state = lay_over(&block, &recorded, &native);
    let expected = value(
        r#"{"name": "a", "note": "y", "zone": "1a", "size": 2, "rule": [{"name": "r"}],
            "step": [{"name": "s", "note": "y", "arn": "arn:1"}]}"#,
    );
    assert_eq!(state.value, expected);
    assert!(state.misfits.is_empty());
    let state = lay_over(&block, &recorded, &read(r#"{"size": "large"}"#));
    assert_eq!(state.value, recorded);
    assert!(state.misfits.contains("size"));
}

#[test]
fn of_what_the_code_does_not_determine_only_what_aws_changed_is_drift() {
    let unknown = code(&[("name", Value::Unknown), ("note", Value::Unknown)]);
    let recorded = r#"{"name": "a", "note": "", "zone": "1a", "arn": "arn:1", "rule": []}"#;
    let live = r#"{"name": "b", "note": null, "zone": "1a", "arn": "arn:1", "rule": []}"#;
    let found = changes(Some(&unknown), recorded, live);
    assert_eq!(names(&found.drift), ["name"], "an empty note is none");
    assert_eq!(names(&found.not_applied), [""; 0]);
    let without = changes(None, recorded, live);
    assert_eq!(names(&without.drift), ["name"]);
    let zone = r#"{"name": "a", "note": "", "zone": "1b", "arn": "arn:1", "rule": []}"#;
    assert_eq!(changes(None, recorded, zone), PlannedChanges::default());
}

#[test]
fn what_is_ignored_is_no_drift_and_is_told() {
    let mut declared = code(&[("name", "a".into()), ("note", "x".into())]);
    declared.ignore_changes = vec!["note".to_owned()];
    let recorded = r#"{"name": "a", "note": "x", "zone": null, "arn": null, "rule": []}"#;
    let live = r#"{"name": "a", "note": "y", "zone": null, "arn": null, "rule": []}"#;
    let found = changes(Some(&declared), recorded, live);
    assert_eq!(names(&found.drift), [""; 0]);
    assert_eq!(names(&found.ignored), ["note"]);
    declared.ignore_changes = vec!["all".to_owned()];
    let found = changes(Some(&declared), recorded, live);
    assert_eq!(
        (names(&found.drift), names(&found.ignored)),
        (vec![], vec!["note"])
    );
}

#[test]
fn a_path_that_is_ignored_keeps_what_was_read_there_alone() {
    let planned = value(r#"{"tags": {"a": "1", "b": "2"}, "rule": [{"note": "x", "zone": "1"}]}"#);
    let prior = value(r#"{"tags": {"a": "9", "c": "3"}, "rule": [{"note": "y", "zone": "2"}]}"#);
    let keep = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        keep_ignored(&planned, &prior, &paths)
    };
    let kept = keep(&[r#"tags["a"]"#, r#"tags["b"]"#, r#"tags["c"]"#]);
    assert_eq!(kept.get("tags"), prior.get("tags"));
    let kept = keep(&["rule[0].note"]);
    assert_eq!(kept.get("rule"), &value(r#"[{"note": "y", "zone": "1"}]"#));
    assert_eq!(keep(&["rule[7].note", "none", "tags[", ""]), planned);
}

#[test]
fn json_texts_are_equal_by_meaning_and_nothing_else_is() {
    let same = |left: &str, right: &str| means_the_same(&left.into(), &right.into());
    assert!(same(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#));
    assert!(!same(r#"{"a": 1}"#, r#"{"a": 2}"#));
    assert!(!same("[a", "[ a"));
    assert!(means_the_same(&Value::Null, &false.into()));
    assert!(means_the_same(&0.into(), &Value::List(Vec::new())));
    assert!(!means_the_same(&0.into(), &1.into()));
    assert!(!means_the_same(&true.into(), &Value::Null));
}

#[test]
fn a_text_of_json_that_is_only_spelled_in_another_way_is_told_apart() {
    let with = |note: &str| {
        format!(r#"{{"name": "q", "note": {note}, "zone": null, "arn": "a", "rule": []}}"#)
    };
    let live = with(r#""{ \"wait\": 45, \"then\": [1] }""#);
    let recorded = with(r#""{ \"wait\": 30, \"then\": [1] }""#);
    let declared = |note: &str| code(&[("name", "q".into()), ("note", note.into())]);
    let spelled = changes(
        Some(&declared(r#"{"then":[1],"wait":45}"#)),
        &recorded,
        &live,
    );
    assert_eq!(
        (names(&spelled.all), names(&spelled.respelled)),
        (vec!["note"], vec!["note"])
    );
    let other = changes(
        Some(&declared(r#"{"then":[1],"wait":30}"#)),
        &recorded,
        &live,
    );
    assert_eq!(
        (names(&other.all), names(&other.respelled)),
        (vec!["note"], vec![])
    );
}
