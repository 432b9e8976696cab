//! `aws_s3_bucket`: an S3 bucket.

use super::bucket_aspect::{ACL, acl};
use super::listing::{ById, Listing};
use super::read::{each, unmanaged_resource};
use super::shape::{attributes, name_prefix, tags, texts};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use super::{
    aws_s3_bucket_policy, aws_s3_bucket_server_side_encryption_configuration,
    aws_s3_bucket_versioning, bucket_blocks, bucket_website, policy,
};
use crate::aws::Session;
use crate::model::{
    Attributes, Children, Owner, Reading, Reason, Region, Resource, TypeRules, UnmanagedResource,
    Value,
};
use aws_sdk_s3::operation::list_buckets::ListBucketsOutput;
use aws_sdk_s3::types::{Bucket, Grant};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket",
    scope: Scope::Regional,
    listed: true,
    rules: TypeRules {
        owners: &[
            owner("grant", "aws_s3_bucket_acl"),
            owner(
                "acceleration_status",
                "aws_s3_bucket_accelerate_configuration",
            ),
            owner("cors_rule", "aws_s3_bucket_cors_configuration"),
            owner("lifecycle_rule", "aws_s3_bucket_lifecycle_configuration"),
            owner("logging", "aws_s3_bucket_logging"),
            owner(
                "object_lock_configuration",
                "aws_s3_bucket_object_lock_configuration",
            ),
            owner("policy", POLICY),
            owner(
                "replication_configuration",
                "aws_s3_bucket_replication_configuration",
            ),
            owner(
                "request_payer",
                "aws_s3_bucket_request_payment_configuration",
            ),
            owner(
                "server_side_encryption_configuration",
                "aws_s3_bucket_server_side_encryption_configuration",
            ),
            owner("versioning", "aws_s3_bucket_versioning"),
            owner("website", "aws_s3_bucket_website_configuration"),
        ],
        children: &[Children {
            path: "policy",
            tf_type: POLICY,
        }],
        never_read: &["acl", "force_destroy"],
        // Since version 4 of the provider these are copies of what resources of their own set.
        on_demand: &[
            "acceleration_status",
            "cors_rule",
            "lifecycle_rule",
            "logging",
            "object_lock_configuration",
            "object_lock_enabled",
            "policy",
            "replication_configuration",
            "request_payer",
            "server_side_encryption_configuration",
            "versioning",
            "website",
        ],
        watched: &["grant"],
        normalize: |path, value| match path {
            "policy" => policy::normalize(path, value),
            "website.routing_rules" => bucket_website::normalize(value),
            _ => value,
        },
        unseen: &["grant"],
        ..TypeRules::NONE
    },
    actions: &[
        LIST,
        HEAD,
        TAGS,
        ACL,
        bucket_blocks::ACCELERATION,
        bucket_blocks::CORS,
        bucket_blocks::LIFECYCLE,
        bucket_blocks::LOCK,
        bucket_blocks::LOGGING,
        bucket_blocks::PAYER,
        bucket_blocks::REPLICATION,
        bucket_blocks::WEBSITE,
        aws_s3_bucket_policy::GET,
        aws_s3_bucket_server_side_encryption_configuration::GET,
        aws_s3_bucket_versioning::GET,
    ],
    read: |session, request| read(session, request).boxed(),
};

/// Returns the resource type that owns an attribute, which names the bucket.
const fn owner(path: &'static str, tf_type: &'static str) -> Owner {
    Owner {
        path,
        tf_type,
        parent: "bucket",
        key: "id",
        when: None,
        items: None,
    }
}

const POLICY: &str = "aws_s3_bucket_policy";
const LIST: &str = "s3:ListAllMyBuckets";
/// The IAM action of `HeadBucket`.
const HEAD: &str = "s3:ListBucket";
const TAGS: &str = "s3:GetBucketTagging";
/// S3's error codes for a bucket that does not exist.
const NOT_FOUND: &[&str] = &["NoSuchBucket", "NotFound"];
/// The largest page that S3 returns. Only a paged call returns the regions of the buckets.
const PAGE_SIZE: i32 = 10_000;
/// The name prefixes of buckets that AWS services create.
const SERVICE_NAME_PREFIXES: &[&str] = &[
    "aws-cloudtrail-logs-",
    "aws-glue-assets-",
    "aws-athena-query-results-",
    "cf-templates-",
    "elasticbeanstalk-",
];

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    let all = request.unmanaged_scope == UnmanagedScope::Account;
    if request.tracked.is_empty() && !all {
        return ReadResult::default();
    }
    let listed = list(session).await;
    let read_request = &request;
    let read_bucket = |resource: &'a Resource| {
        let listed = listed.clone();
        async move {
            let known = listed
                .as_ref()
                .is_ok_and(|listed| listed.contains_key(&resource.id));
            let there = if known {
                Ok(true)
            } else {
                exists(session, &resource.id).await
            };
            let reading = match there {
                Ok(true) => {
                    let is_requested = |name: &str| read_request.includes(resource, name);
                    let older = bucket_blocks::read(session, &resource.id, is_requested);
                    match futures::try_join!(aspects(session, resource), older) {
                        Ok((mut attributes, older)) => {
                            attributes.extend(older);
                            Reading::Found(attributes)
                        }
                        Err(reason) => Reading::Unknown(reason),
                    }
                }
                Ok(false) => Reading::Absent,
                Err(reason) => Reading::Unknown(reason),
            };
            (resource, reading)
        }
    };
    let mut answer = ReadResult {
        readings: each(&request.tracked, |resource| read_bucket(resource)).await,
        ..ReadResult::default()
    };
    if request.unmanaged_scope != UnmanagedScope::Off {
        add_policies(session, &mut answer).await;
    }
    match listed {
        Err(reason) => answer.incomplete = Some(reason),
        Ok(listed) if all => {
            let own = listed.iter().filter(|(name, _)| {
                !SERVICE_NAME_PREFIXES
                    .iter()
                    .any(|start| name.starts_with(start))
            });
            let own = own.map(|(name, bucket)| unmanaged_bucket(session, name, bucket));
            answer.unmanaged.extend(own);
        }
        Ok(_) => {}
    }
    answer
}

/// Adds the policies of the buckets that were found.
async fn add_policies(session: &Session, answer: &mut ReadResult<'_>) {
    let found = answer.readings.iter();
    let found = found.filter(|(_, reading)| matches!(reading, Reading::Found(_)));
    let found: Vec<_> = found.map(|(bucket, _)| *bucket).collect();
    for policy in each(&found, |bucket| policy_below(session, bucket)).await {
        match policy {
            Ok(policy) => answer.unmanaged.extend(policy),
            Err(reason) => answer.incomplete = Some(reason),
        }
    }
}

/// Reads the policy of a bucket as a resource of its own; `None` where it has none.
async fn policy_below(
    session: &Session,
    bucket: &Resource,
) -> Result<Option<UnmanagedResource>, Reason> {
    let policy = aws_s3_bucket_policy::policy_of(session, &bucket.id).await?;
    Ok(policy.map(|policy| {
        let all = aws_s3_bucket_policy::shape(&bucket.id, policy);
        UnmanagedResource {
            under: Some(bucket.address.clone()),
            path: TYPE.child_path(POLICY),
            ..unmanaged_resource(session, POLICY, &bucket.id, all)
        }
    }))
}

static LISTING: Listing<ListBucketsOutput, Bucket> = Listing {
    action: LIST,
    scope: Scope::Global,
    items: |page| page.buckets,
    id: Bucket::name,
};

/// Lists the account's buckets by name.
async fn list(session: &Session) -> Result<ById<Bucket>, Reason> {
    let request = session
        .s3()
        .list_buckets()
        .max_buckets(PAGE_SIZE)
        .into_paginator();
    LISTING.by_id(session, request.send()).await
}

/// Checks whether a bucket that the list lacks exists: another account's bucket answers "forbidden", not "not found".
async fn exists(session: &Session, bucket: &str) -> Result<bool, Reason> {
    let request = session.s3().head_bucket().bucket(bucket).send();
    Ok(session.find(HEAD, NOT_FOUND, request).await?.is_some())
}

/// Reads the settings of a bucket that no list has.
async fn aspects(session: &Session, resource: &Resource) -> Result<Attributes, Reason> {
    let (client, name) = (session.s3(), &resource.id);
    let tagging = session.find(
        TAGS,
        &["NoSuchTagSet"],
        client.get_bucket_tagging().bucket(name).send(),
    );
    let (tagging, acl) = futures::join!(tagging, acl(session, name));
    let (tagging, acl) = (tagging?, acl?);
    let pairs = tagging.map(|answer| answer.tag_set).unwrap_or_default();
    let owner = acl.as_ref().as_ref().and_then(|acl| acl.owner()?.id());
    let grants = acl.as_ref().as_ref().map(|acl| acl.grants());
    let grants = grants.unwrap_or_default();
    let mut all = attributes([
        (
            "arn",
            format!("arn:{}:s3:::{name}", session.partition()).into(),
        ),
        ("bucket", name.as_str().into()),
        ("bucket_prefix", name_prefix(Some(name))),
        (
            "bucket_domain_name",
            format!("{name}.s3.amazonaws.com").into(),
        ),
        (
            "tags_all",
            tags(pairs.iter().map(|tag| (Some(tag.key()), Some(tag.value())))),
        ),
    ]);
    // What every bucket grants, its owner, is not in states that an import or an older provider wrote.
    let only_owner = grants.iter().all(|grant| is_owners(grant, owner));
    if !(only_owner && resource.get("grant").is_empty()) {
        all.insert("grant".to_owned(), by_grantee(grants));
    }
    Ok(all)
}

fn is_owners(grant: &Grant, owner: Option<&str>) -> bool {
    grant
        .grantee()
        .is_some_and(|grantee| grantee.id().is_some() && grantee.id() == owner)
}

/// Groups grants by grantee, as the provider writes them.
fn by_grantee(grants: &[Grant]) -> Value {
    let mut blocks: BTreeMap<(String, String, String), Vec<&str>> = BTreeMap::new();
    for grant in grants {
        let Some(grantee) = grant.grantee() else {
            continue;
        };
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let key = (
            grantee.r#type().as_str().to_owned(),
            text(grantee.id()),
            text(grantee.uri()),
        );
        let permission = grant.permission().map(|permission| permission.as_str());
        blocks.entry(key).or_default().extend(permission);
    }
    let block = |((kind, id, uri), permissions): ((String, String, String), Vec<&str>)| {
        Value::map([
            ("id", Value::from(id)),
            ("permissions", texts(permissions)),
            ("type", kind.into()),
            ("uri", uri.into()),
        ])
    };
    Value::List(blocks.into_iter().map(block).collect())
}

/// Returns a bucket as an unmanaged resource, in the region that the list names.
fn unmanaged_bucket(session: &Session, name: &str, bucket: &Bucket) -> UnmanagedResource {
    let all = attributes([
        ("bucket", name.into()),
        ("id", name.into()),
        ("region", bucket.bucket_region().into()),
    ]);
    UnmanagedResource {
        region: bucket.bucket_region().and_then(Region::new),
        ..unmanaged_resource(session, TYPE.tf_type, name, all)
    }
}
