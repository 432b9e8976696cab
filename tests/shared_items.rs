//! A parent that lists items itself, beside resources that are items of it as well: each answers for its own.

use driftguard::code::{self, Options};
use driftguard::diff::{self, Differences, Ownership, ReadResource};
use driftguard::model::{
    AccountId, Attributes, AwsLocation, Finding, Interrupt, ProviderKey, Reading, Resource, Tree,
    UnmanagedResource,
};
use driftguard::resources;

fn attributes(json: &str) -> Attributes {
    serde_json::from_str(json).unwrap()
}

fn resource(address: &str, id: &str, json: &str) -> Resource {
    Resource {
        address: address.parse().unwrap(),
        provider: ProviderKey {
            module: String::new(),
            name: "aws".to_owned(),
            alias: None,
        },
        id: id.to_owned(),
        attributes: attributes(json),
    }
}

/// A parent: its code, its state, the resources beside it, and its children in AWS by attribute, type and id.
struct Parent {
    code: &'static str,
    address: &'static str,
    recorded: &'static str,
    others: Vec<Resource>,
    children: Vec<[&'static str; 4]>,
}

impl Parent {
    /// What is found where AWS has this of it: the paths of the differences, and the ids of what is unmanaged.
    fn found(&self, live: &str) -> Vec<String> {
        let told = |finding: &Finding| match &finding.import_id {
            Some(id) if finding.attributes.is_empty() => vec![id.clone()],
            _ => {
                let paths = finding.attributes.iter();
                paths.map(|difference| difference.path.clone()).collect()
            }
        };
        self.compared(live).findings.iter().flat_map(told).collect()
    }

    fn compared(&self, live: &str) -> Differences {
        let catalog = resources::catalog();
        let tree: Tree = [("main.tf", self.code)].into_iter().collect();
        let evaluated = code::evaluate(&tree, "", &Options::default());
        let parent = resource(self.address, "parent", self.recorded);
        let resources = [ReadResource {
            resource: &parent,
            location: AwsLocation::default(),
            reading: Reading::Found(attributes(live)),
            planned: None,
        }];
        let children = self
            .children
            .iter()
            .map(|[path, tf_type, id, json]| UnmanagedResource {
                tf_type: (*tf_type).to_owned(),
                import_id: (*id).to_owned(),
                under: Some(self.address.parse().unwrap()),
                path: Some(path),
                account: AccountId::new("123456789012").unwrap(),
                region: None,
                attributes: attributes(json),
            });
        let children: Vec<_> = children.collect();
        let interrupt = Interrupt::default();
        let stack = diff::Stack {
            declared: &evaluated.declared,
            provider_tags: &|_| None,
            pending_removal: &|_| None,
            resources: &resources,
            unmanaged: &children,
            interrupt: &interrupt,
        };
        let states = self.others.iter().chain([&parent]);
        diff::compare(&stack, &Ownership::new(states, &catalog), &catalog)
    }
}

const ALLOWED: &str = r#"{\"Version\": \"2012-10-17\", \"Statement\": []}"#;

fn role() -> Parent {
    Parent {
        code: r#"
resource "aws_iam_role" "app" {
  name = "app"
  inline_policy {
    name   = "own"
    policy = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
  }
  managed_policy_arns = ["arn:own"]
}
"#,
        address: "aws_iam_role.app",
        recorded: r#"{"name": "app", "managed_policy_arns": ["arn:own"],
            "inline_policy": [{"name": "own", "policy": "{\"Version\": \"2012-10-17\", \"Statement\": []}"}]}"#,
        others: vec![
            resource(
                "aws_iam_role_policy.apart",
                "app:apart",
                r#"{"role": "app", "name": "apart"}"#,
            ),
            resource(
                "aws_iam_role_policy_attachment.apart",
                "app-1",
                r#"{"role": "app", "policy_arn": "arn:apart"}"#,
            ),
            resource(
                "aws_iam_policy_attachment.many",
                "many",
                r#"{"roles": ["other", "app"], "policy_arn": "arn:many"}"#,
            ),
        ],
        children: vec![
            [
                "inline_policy",
                "aws_iam_role_policy",
                "app:own",
                r#"{"role": "app", "name": "own"}"#,
            ],
            [
                "inline_policy",
                "aws_iam_role_policy",
                "app:apart",
                r#"{"role": "app", "name": "apart"}"#,
            ],
            [
                "managed_policy_arns",
                "aws_iam_role_policy_attachment",
                "app/arn:own",
                r#"{"role": "app", "policy_arn": "arn:own"}"#,
            ],
        ],
    }
}

fn policies(named: &[(&str, &str)], attached: &[&str]) -> String {
    let inline = named
        .iter()
        .map(|(name, policy)| format!(r#"{{"name": "{name}", "policy": "{policy}"}}"#));
    let inline = inline.collect::<Vec<_>>().join(", ");
    format!(
        r#"{{"name": "app", "inline_policy": [{inline}], "managed_policy_arns": {attached:?}}}"#
    )
}

#[test]
fn a_roles_own_policies_and_those_beside_it_are_each_told_once() {
    let role = role();
    let both = [("apart", "{}"), ("own", ALLOWED)];
    let attached = ["arn:own", "arn:apart", "arn:many"];
    assert_eq!(role.found(&policies(&both, &attached)), [""; 0]);
    // A refreshed state has all of them.
    let refreshed = Parent {
        recorded: Box::leak(policies(&both, &attached).into_boxed_str()),
        ..self::role()
    };
    assert_eq!(refreshed.found(&policies(&both, &attached)), [""; 0]);
    assert_eq!(
        refreshed.compared(&policies(&both, &attached)),
        Differences::default()
    );
    // What changed of its own is told of the role, and what nobody lists as well.
    let changed = r#"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"*\", \"Resource\": \"*\"}]}"#;
    for role in [&role, &refreshed] {
        let own = [("apart", "{}"), ("own", changed)];
        assert_eq!(role.found(&policies(&own, &attached)), ["inline_policy"]);
        assert_eq!(
            role.found(&policies(&both[..1], &attached)),
            ["inline_policy"]
        );
        let third = [both[0], both[1], ("console", "{}")];
        assert_eq!(role.found(&policies(&third, &attached)), ["inline_policy"]);
        let more = ["arn:own", "arn:apart", "arn:many", "arn:console"];
        assert_eq!(role.found(&policies(&both, &more)), ["managed_policy_arns"]);
        assert_eq!(
            role.found(&policies(&both, &more[1..3])),
            ["managed_policy_arns"]
        );
    }
    // A policy beside it that changed is its own finding, not the role's.
    let apart = [("apart", changed), ("own", ALLOWED)];
    assert_eq!(role.found(&policies(&apart, &attached)), [""; 0]);
}

const GROUP: &str = r#"
resource "aws_security_group" "app" {
  ingress {
    from_port   = 80
    to_port     = 80
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/8", "172.16.0.0/12"]
  }
}
"#;

fn rules(sources: &[&str], further: &str) -> String {
    format!(
        r#"{{"id": "sg-1", "ingress": [{{"from_port": 80, "to_port": 80, "protocol": "tcp", "self": false,
        "description": "", "cidr_blocks": {sources:?}, "security_groups": []}}{further}]}}"#
    )
}

#[test]
fn a_groups_own_rules_and_those_beside_it_are_each_told_once() {
    let single = r#"{"security_group_id": "sg-1", "from_port": 443, "to_port": 443, "ip_protocol": "tcp",
        "cidr_ipv4": "192.168.0.0/16", "id": "sgr-2"}"#;
    let own = r#"{"security_group_id": "sg-1", "from_port": 80, "to_port": 80, "ip_protocol": "tcp",
        "cidr_ipv4": "10.0.0.0/8", "id": "sgr-1"}"#;
    let group = Parent {
        code: GROUP,
        address: "aws_security_group.app",
        recorded: r#"{"id": "sg-1", "ingress": [{"from_port": 80, "to_port": 80, "protocol": "tcp", "self": false,
            "description": "", "cidr_blocks": ["10.0.0.0/8", "172.16.0.0/12"], "security_groups": []}]}"#,
        others: vec![
            resource(
                "aws_security_group_rule.same",
                "sgrule-1",
                r#"{"security_group_id": "sg-1", "type": "ingress", "from_port": 80, "to_port": 80,
                    "protocol": "tcp", "cidr_blocks": ["192.168.0.0/16"]}"#,
            ),
            resource("aws_vpc_security_group_ingress_rule.other", "sgr-2", single),
        ],
        children: vec![
            [
                "ingress",
                "aws_vpc_security_group_ingress_rule",
                "sgr-1",
                own,
            ],
            [
                "ingress",
                "aws_vpc_security_group_ingress_rule",
                "sgr-2",
                single,
            ],
        ],
    };
    // AWS has rules of one protocol, ports and description together, whoever wrote them.
    let other = |source: &str| {
        format!(
            r#", {{"from_port": 443, "to_port": 443, "protocol": "tcp", "self": false, "description": "",
            "cidr_blocks": ["{source}"], "security_groups": []}}"#
        )
    };
    let all = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    let there = other("192.168.0.0/16");
    assert_eq!(group.found(&rules(&all, &there)), [""; 0]);
    assert_eq!(group.found(&rules(&all[1..], &there)), ["ingress"]);
    let opened = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "0.0.0.0/0"];
    assert_eq!(group.found(&rules(&opened, &there)), ["ingress"]);
    let found = group.compared(&rules(&opened, &there));
    let [difference] = found.findings[0].attributes.as_slice() else {
        panic!("{found:?}")
    };
    // The live value is the group's own alone: it is what a fix writes.
    let live = difference.live.as_list().unwrap();
    assert_eq!(live.len(), 1, "{live:?}");
    let sources: Vec<_> = live[0].get("cidr_blocks").texts().collect();
    assert_eq!(sources, ["10.0.0.0/8", "172.16.0.0/12", "0.0.0.0/0"]);
    assert_eq!(group.found(&rules(&all, &other("0.0.0.0/0"))), ["ingress"]);
}

#[test]
fn volumes_and_routes_of_their_own_are_no_change_of_their_parents() {
    let instance = Parent {
        code: r#"
resource "aws_instance" "app" {
  ami = "ami-1"
  ebs_block_device {
    device_name = "/dev/sdf"
    volume_size = 8
  }
}
"#,
        address: "aws_instance.app",
        recorded: r#"{"id": "i-1", "ebs_block_device": [{"device_name": "/dev/sdf", "volume_id": "vol-1", "volume_size": 8}]}"#,
        others: vec![resource(
            "aws_volume_attachment.data",
            "vai-1",
            r#"{"instance_id": "i-1", "volume_id": "vol-2", "device_name": "/dev/sdg"}"#,
        )],
        children: vec![],
    };
    let disks = |ids: &[(&str, &str)]| {
        let disks = ids.iter().map(|(device, id)| {
            format!(r#"{{"device_name": "{device}", "volume_id": "{id}", "volume_size": 8}}"#)
        });
        let disks = disks.collect::<Vec<_>>().join(", ");
        format!(r#"{{"id": "i-1", "ebs_block_device": [{disks}]}}"#)
    };
    let both = [
        ("/dev/sdf", "vol-1"),
        ("/dev/sdg", "vol-2"),
        ("/dev/sdh", "vol-3"),
    ];
    assert_eq!(instance.found(&disks(&both[..2])), [""; 0]);
    assert_eq!(instance.found(&disks(&both)), ["ebs_block_device"]);
    assert_eq!(instance.found(&disks(&both[1..2])), ["ebs_block_device"]);

    let table = Parent {
        code: r#"
resource "aws_route_table" "app" {
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = "igw-1"
  }
}
"#,
        address: "aws_route_table.app",
        recorded: r#"{"id": "rtb-1", "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}]}"#,
        others: vec![resource(
            "aws_route.apart",
            "r-1",
            r#"{"route_table_id": "rtb-1", "destination_cidr_block": "192.168.0.0/16", "gateway_id": "igw-1"}"#,
        )],
        children: vec![[
            "route",
            "aws_route",
            "rtb-1_0.0.0.0/0",
            r#"{"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}"#,
        ]],
    };
    let routes = |all: &[(&str, &str)]| {
        let routes = all
            .iter()
            .map(|(to, through)| format!(r#"{{"cidr_block": "{to}", "gateway_id": "{through}"}}"#));
        let routes = routes.collect::<Vec<_>>().join(", ");
        format!(r#"{{"id": "rtb-1", "route": [{routes}]}}"#)
    };
    let both = [
        ("0.0.0.0/0", "igw-1"),
        ("192.168.0.0/16", "igw-1"),
        ("10.9.0.0/16", "igw-1"),
    ];
    assert_eq!(table.found(&routes(&both[..2])), [""; 0]);
    assert_eq!(table.found(&routes(&both)), ["route"]);
    assert_eq!(
        table.found(&routes(&[("0.0.0.0/0", "igw-2"), both[1]])),
        ["route"]
    );
}
