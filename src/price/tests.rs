use super::*;
use crate::model::{Difference, Region, Value, Verdict};

fn finding(kind: Kind, tf_type: &str, before: Attributes, after: Attributes) -> Finding {
    let changed = before
        .iter()
        .filter(|(name, value)| after.get(name) != Some(value));
    let attributes = changed.map(|(name, value)| Difference {
        path: name.clone(),
        verdict: Verdict::Drift,
        declared: None,
        recorded: value.clone(),
        live: after.get(name).cloned().unwrap_or_default(),
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    });
    Finding {
        region: Region::new("us-east-1"),
        attributes: attributes.collect(),
        before,
        after,
        ..Finding::new(kind, Verdict::Drift, tf_type)
    }
}

fn priced(kind: Kind, tf_type: &str, before: Attributes, after: Attributes) -> Option<MonthlyCost> {
    let mut findings = [finding(kind, tf_type, before, after)];
    price(&mut findings, Book::embedded());
    findings[0].monthly_cost.clone()
}

fn delta(cost: Option<MonthlyCost>) -> String {
    cost.and_then(|cost| cost.delta())
        .map(|delta| delta.to_string())
        .unwrap_or_default()
}

fn of<const N: usize>(entries: [(&str, Value); N]) -> Attributes {
    entries
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[test]
fn every_file_of_charges_is_read() {
    assert_eq!(charge::load().unwrap().len(), 5);
}

#[test]
fn the_book_says_what_aws_asks() {
    for (table, thing, price) in [
        ("ec2", "t3.micro", "0.0104"),
        ("ec2", "m5.large", "0.096"),
        ("ec2", "c5.xlarge", "0.17"),
        ("ec2", "r5.large", "0.126"),
        ("rds", "db.t3.micro|single-az|mysql", "0.017"),
        ("rds", "db.t3.micro|multi-az|mysql", "0.034"),
        ("nat", "nat", "0.045"),
        ("ipv4", "address", "0.005"),
        ("ebs", "gp3|gb_month", "0.08"),
        ("ebs", "gp2|gb_month", "0.1"),
    ] {
        let found = Book::embedded().find(table, thing, "us-east-1");
        assert_eq!(
            found.map(|price| price.to_string()).as_deref(),
            Some(price),
            "{thing}"
        );
        assert!(Book::embedded().as_of(table, thing).is_some());
    }
}

#[test]
fn a_resized_instance_costs_the_difference_rounded_once() {
    let small = of([("instance_type", "t3.small".into())]);
    let large = of([("instance_type", "t3.xlarge".into())]);
    let cost = priced(Kind::Modified, "aws_instance", small, large).unwrap();
    let json = serde_json::to_value(&cost).unwrap();
    assert_eq!(
        json,
        serde_json::json!({"declared": "15.18", "live": "121.47", "delta": "106.29", "currency": "USD"})
    );
}

#[test]
fn a_disk_that_grew_costs_by_the_gigabyte_and_what_is_included_is_free() {
    let disk = |size: i64, iops: i64| {
        let block = Value::map([
            ("volume_type", "gp3".into()),
            ("volume_size", size.into()),
            ("iops", iops.into()),
            ("throughput", 125.into()),
        ]);
        of([
            ("instance_type", "t3.micro".into()),
            ("root_block_device", Value::List(vec![block])),
        ])
    };
    assert_eq!(
        delta(priced(
            Kind::Modified,
            "aws_instance",
            disk(10, 3000),
            disk(110, 3000)
        )),
        "8.00"
    );
    assert_eq!(
        delta(priced(
            Kind::Modified,
            "aws_instance",
            disk(10, 3000),
            disk(10, 4000)
        )),
        "5.00"
    );
}

#[test]
fn a_disk_that_asks_for_no_throughput_has_what_is_included() {
    let machine = |instance_type: &str| {
        let block = Value::map([
            ("volume_type", "gp3".into()),
            ("volume_size", 10.into()),
            ("iops", 3000.into()),
            ("throughput", Value::Null),
        ]);
        of([
            ("instance_type", instance_type.into()),
            ("root_block_device", Value::List(vec![block])),
        ])
    };
    let cost = priced(
        Kind::Modified,
        "aws_instance",
        machine("t3.micro"),
        machine("t3.small"),
    );
    assert_eq!(delta(cost), "7.59");
}

#[test]
fn a_database_in_two_zones_costs_twice() {
    let database = |multi_az: bool| {
        of([
            ("instance_class", "db.t3.micro".into()),
            ("engine", "mysql".into()),
            ("multi_az", multi_az.into()),
            ("storage_type", "gp2".into()),
            ("allocated_storage", 20.into()),
        ])
    };
    // 0.017 an hour and 0.115 a gigabyte, doubled.
    assert_eq!(
        delta(priced(
            Kind::Modified,
            "aws_db_instance",
            database(false),
            database(true)
        )),
        "14.71"
    );
}

#[test]
fn what_has_no_known_price_is_not_free() {
    let odd = |name: &str| of([("instance_type", name.into())]);
    let cost = priced(
        Kind::Modified,
        "aws_instance",
        odd("t3.small"),
        odd("t99.huge"),
    );
    assert_eq!(
        cost,
        Some(MonthlyCost::NotPriced(
            "the price book has no t99.huge in us-east-1".to_owned()
        ))
    );
    let mut findings = [finding(
        Kind::Modified,
        "aws_instance",
        odd("t3.small"),
        odd("t99.huge"),
    )];
    price(&mut findings, Book::embedded());
    let total = total(&findings);
    assert_eq!((total.amount, total.not_priced), (Money::ZERO, 1));
}

#[test]
fn what_is_gone_saves_and_what_nobody_declared_costs() {
    let micro = || of([("instance_type", "t3.micro".into())]);
    assert_eq!(
        delta(priced(
            Kind::Deleted,
            "aws_instance",
            micro(),
            Attributes::new()
        )),
        "-7.59"
    );
    assert_eq!(
        delta(priced(
            Kind::Unmanaged,
            "aws_instance",
            Attributes::new(),
            micro()
        )),
        "7.59"
    );
}

#[test]
fn a_tag_change_has_no_cost() {
    let tagged = |role: &str| {
        of([
            ("instance_type", "t3.micro".into()),
            ("tags", Value::map([("Role", role.into())])),
        ])
    };
    assert_eq!(
        priced(Kind::Modified, "aws_instance", tagged("web"), tagged("db")),
        None
    );
}

#[test]
fn a_type_that_is_not_billed_has_no_cost() {
    let role = of([("name", "shop-web".into())]);
    assert_eq!(
        priced(Kind::Deleted, "aws_iam_role", role, Attributes::new()),
        None
    );
}

#[test]
fn what_nobody_declared_costs_all_of_itself() {
    let volume = of([
        ("type", "gp3".into()),
        ("size", 100.into()),
        ("iops", 3000.into()),
        ("throughput", 125.into()),
    ]);
    let pool = of([("public_ipv4_pool", "amazon".into())]);
    for (tf_type, attributes, cost) in [
        ("aws_nat_gateway", of([]), "32.85"),
        ("aws_eip", pool, "3.65"),
        ("aws_ebs_volume", volume, "8.00"),
    ] {
        let none = Attributes::new();
        let found = priced(Kind::Unmanaged, tf_type, none, attributes);
        assert_eq!(delta(found), cost, "{tf_type}");
    }
    let own = of([("public_ipv4_pool", "ipv4pool-ec2-1".into())]);
    let found = priced(Kind::Unmanaged, "aws_eip", Attributes::new(), own);
    assert_eq!(delta(found), "0.00");
}
