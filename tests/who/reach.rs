//! A call that only uses a resource is no cause of its change, though CloudTrail lists the resource among the call's.

use super::calls::{call, iam_user};
use driftguard::model::{Actor, Difference, Finding, Kind, Redactor, Value, Verdict};
use driftguard::who::Suspects;
use serde_json::Value as Json;

fn finding(kind: Kind, tf_type: &str, changed: &[&str]) -> Finding {
    let change = |path: &&str| Difference {
        path: (*path).to_owned(),
        verdict: Verdict::Drift,
        declared: None,
        recorded: Value::Null,
        live: Value::Null,
        added: Vec::new(),
        removed: Vec::new(),
        defined_in: None,
    };
    Finding {
        attributes: changed.iter().map(change).collect(),
        ..Finding::new(kind, Verdict::Drift, tf_type)
    }
}

fn at(minute: usize) -> String {
    format!("2026-11-23T12:{minute:02}:00Z")
}

fn suspects(calls: &[Json]) -> Suspects {
    let mut suspects = Suspects::default();
    for call in calls {
        suspects.add(&call.to_string(), &[]);
    }
    suspects
}

fn actor(finding: &Finding, calls: &[Json]) -> Option<Actor> {
    suspects(calls).actor(finding, &Redactor::new(b"key"))
}

/// Whether a call may be the cause of a finding, alone.
fn counts(action: &str, finding: &Finding) -> bool {
    let call = call(action, &at(0), iam_user("bystander"));
    actor(finding, &[call]).is_some()
}

#[test]
fn whoever_only_uses_a_resource_is_not_named() {
    let modified = |tf_type: &str| finding(Kind::Modified, tf_type, &[]);
    for (tf_type, action) in [
        ("aws_security_group", "RunInstances"),
        ("aws_security_group", "CreateNetworkInterface"),
        ("aws_security_group", "CreateLoadBalancer"),
        ("aws_security_group", "CreateDBInstance"),
        ("aws_security_group", "CreateFunction20150331"),
        ("aws_security_group", "CreateVpcEndpoint"),
        ("aws_security_group", "ModifyInstanceAttribute"),
        ("aws_security_group", "ModifyDBInstance"),
        (
            "aws_security_group",
            "UpdateFunctionConfiguration20150331v2",
        ),
        ("aws_security_group", "SetSecurityGroups"),
        ("aws_security_group", "ApplySecurityGroupsToLoadBalancer"),
        ("aws_vpc_security_group_ingress_rule", "RunInstances"),
        ("aws_subnet", "RunInstances"),
        ("aws_subnet", "CreateNatGateway"),
        ("aws_subnet", "CreateAutoScalingGroup"),
        ("aws_subnet", "UpdateAutoScalingGroup"),
        ("aws_security_group", "ModifyReplicationGroup"),
        ("aws_vpc", "CreateSubnet"),
        ("aws_vpc", "CreateSecurityGroup"),
        ("aws_vpc", "CreateVpcEndpoint"),
        ("aws_iam_role", "CreateFunction20150331"),
        ("aws_iam_role", "AddRoleToInstanceProfile"),
        ("aws_iam_role", "RegisterTaskDefinition"),
        ("aws_iam_role", "CreateStack"),
        ("aws_iam_policy", "AttachRolePolicy"),
        ("aws_iam_policy", "DetachUserPolicy"),
        ("aws_iam_user", "CreateAccessKey"),
        ("aws_kms_key", "CreateGrant"),
        ("aws_kms_key", "RetireGrant"),
        ("aws_instance", "CreateImage"),
        ("aws_instance", "StartSession"),
        ("aws_instance", "SendCommand"),
        ("aws_ebs_volume", "CreateSnapshot"),
        ("aws_db_instance", "CreateDBSnapshot"),
        ("aws_db_instance", "CreateDBInstanceReadReplica"),
        ("aws_db_subnet_group", "RestoreDBInstanceFromDBSnapshot"),
        ("aws_s3_bucket", "CreateAccessPoint"),
    ] {
        assert!(!counts(action, &modified(tf_type)), "{action}: {tf_type}");
    }
}

#[test]
fn whoever_may_have_changed_it_is_named() {
    let of = |kind| move |tf_type: &str| finding(kind, tf_type, &[]);
    for (tf_type, action) in [
        ("aws_security_group", "AuthorizeSecurityGroupIngress"),
        ("aws_security_group", "RevokeSecurityGroupEgress"),
        ("aws_security_group", "ModifySecurityGroupRules"),
        ("aws_security_group", "CreateSecurityGroup"),
        ("aws_security_group", "CreateTags"),
        (
            "aws_vpc_security_group_ingress_rule",
            "ModifySecurityGroupRules",
        ),
        ("aws_subnet", "ModifySubnetAttribute"),
        ("aws_vpc", "ModifyVpcAttribute"),
        ("aws_route_table", "CreateRoute"),
        ("aws_route_table", "ReplaceRoute"),
        ("aws_network_acl", "CreateNetworkAclEntry"),
        ("aws_internet_gateway", "AttachInternetGateway"),
        ("aws_eip", "AssociateAddress"),
        ("aws_eip", "ModifyAddressAttribute"),
        ("aws_nat_gateway", "AssignPrivateNatGatewayAddress"),
        ("aws_iam_role", "UpdateAssumeRolePolicy"),
        ("aws_iam_role", "PutRolePermissionsBoundary"),
        ("aws_iam_role", "AttachRolePolicy"),
        ("aws_iam_role", "TagRole"),
        ("aws_iam_policy", "CreatePolicyVersion"),
        ("aws_iam_policy", "SetDefaultPolicyVersion"),
        ("aws_iam_instance_profile", "AddRoleToInstanceProfile"),
        ("aws_iam_user", "PutUserPermissionsBoundary"),
        ("aws_kms_key", "PutKeyPolicy"),
        ("aws_kms_key", "DisableKeyRotation"),
        ("aws_instance", "ModifyInstanceAttribute"),
        ("aws_instance", "ModifyInstanceMetadataOptions"),
        ("aws_instance", "StopInstances"),
        ("aws_instance", "AttachVolume"),
        ("aws_instance", "AssociateIamInstanceProfile"),
        ("aws_ebs_volume", "ModifyVolume"),
        ("aws_db_instance", "ModifyDBInstance"),
        ("aws_db_instance", "AddRoleToDBInstance"),
        ("aws_rds_cluster", "ModifyDBCluster"),
        ("aws_db_subnet_group", "ModifyDBSubnetGroup"),
        ("aws_redshift_subnet_group", "ModifyClusterSubnetGroup"),
        ("aws_lb", "SetSubnets"),
        ("aws_lb", "ModifyLoadBalancerAttributes"),
        ("aws_elb", "RegisterInstancesWithLoadBalancer"),
        ("aws_elb", "EnableAvailabilityZonesForLoadBalancer"),
        ("aws_lambda_function", "UpdateFunctionCode20150331v2"),
        (
            "aws_autoscaling_group",
            "TerminateInstanceInAutoScalingGroup",
        ),
        ("aws_autoscaling_group", "CreateOrUpdateTags"),
        ("aws_cloudtrail", "StopLogging"),
        ("aws_s3_bucket", "PutBucketTagging"),
        ("aws_s3_bucket_policy", "DeleteBucketPolicy"),
        ("aws_cloudwatch_log_group", "PutRetentionPolicy"),
    ] {
        assert!(
            counts(action, &of(Kind::Modified)(tf_type)),
            "{action}: {tf_type}"
        );
    }
    for (tf_type, action) in [
        ("aws_security_group", "CreateSecurityGroup"),
        ("aws_instance", "RunInstances"),
        ("aws_eip", "AllocateAddress"),
        ("aws_lb", "CreateLoadBalancer"),
        ("aws_db_instance", "CreateDBInstanceReadReplica"),
        ("aws_db_instance", "RestoreDBInstanceToPointInTime"),
        ("aws_iam_role", "CreateRole"),
        ("aws_iam_role_policy", "PutRolePolicy"),
        ("aws_iam_role_policy_attachment", "AttachRolePolicy"),
        (
            "aws_vpc_security_group_ingress_rule",
            "AuthorizeSecurityGroupIngress",
        ),
        ("aws_route", "CreateRoute"),
        ("aws_ebs_volume", "CreateVolume"),
        ("aws_nat_gateway", "CreateNatGateway"),
        ("aws_s3_bucket", "CreateBucket"),
    ] {
        assert!(
            counts(action, &of(Kind::Unmanaged)(tf_type)),
            "{action}: {tf_type}"
        );
    }
    let made = call("CreateSecurityGroup", &at(1), iam_user("maker"));
    let used = call("RunInstances", &at(2), iam_user("bystander"));
    let found = actor(&of(Kind::Unmanaged)("aws_security_group"), &[made, used]);
    assert!(found.unwrap().principal.ends_with("/maker"));
}

#[test]
fn who_sets_tags_changed_tags_and_nothing_else() {
    let tags = || call("CreateTags", &at(1), iam_user("tagger"));
    let other = || call("AuthorizeSecurityGroupIngress", &at(2), iam_user("opener"));
    let group = |changed: &[&str]| finding(Kind::Modified, "aws_security_group", changed);
    let named = |changed: &[&str]| {
        let found = actor(&group(changed), &[tags(), other()]).unwrap();
        let all: Vec<_> = found.candidates().map(|it| it.event.clone()).collect();
        all
    };
    assert_eq!(named(&["tags[\"Role\"]", "tags_all"]), ["CreateTags"]);
    assert_eq!(named(&["ingress"]), ["AuthorizeSecurityGroupIngress"]);
    assert_eq!(named(&["ingress", "tags"]).len(), 2);
    assert_eq!(actor(&group(&["ingress"]), &[tags()]), None);
    // A name that speaks of tags is none.
    let snapshots = finding(
        Kind::Modified,
        "aws_db_instance",
        &["copy_tags_to_snapshot"],
    );
    assert!(!counts("AddTagsToResource", &snapshots) && counts("ModifyDBInstance", &snapshots));
    // Whoever sets a tag neither made nor ended it.
    for kind in [Kind::Deleted, Kind::Unmanaged] {
        let group = finding(kind, "aws_security_group", &[]);
        assert_eq!(actor(&group, &[tags()]), None);
    }
    let ended = finding(Kind::Deleted, "aws_instance", &[]);
    assert!(!counts("RunInstances", &ended), "that made it");
}

#[test]
fn the_same_call_again_fills_no_place() {
    let role = |minute| call("StopInstances", &at(minute), iam_user("scaling"));
    let calls: Vec<_> = (0..50).map(role).collect();
    let instance = finding(Kind::Modified, "aws_instance", &[]);
    assert!(
        !suspects(&calls).is_enough(&instance),
        "one caller, one action"
    );
    let several: Vec<_> = (0..6)
        .map(|number| {
            call(
                "StopInstances",
                &at(number),
                iam_user(&format!("user-{number}")),
            )
        })
        .collect();
    assert!(suspects(&several).is_enough(&instance));
    let group = finding(Kind::Modified, "aws_security_group", &[]);
    let used: Vec<_> = (0..6)
        .map(|number| {
            call(
                "RunInstances",
                &at(number),
                iam_user(&format!("user-{number}")),
            )
        })
        .collect();
    assert!(
        !suspects(&used).is_enough(&group),
        "none of them changed it"
    );
}
