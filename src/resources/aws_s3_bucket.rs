//! `aws_s3_bucket`: an object store.

use super::ask::unclaimed;
use super::bucket_aspect::{ACL, acl};
use super::shape::{attributes, tags, texts};
use super::{Answer, Ask, Look, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Attributes, Extra, Owner, Reading, Reason, Region, Resource, Unclaimed, Value};
use aws_sdk_s3::types::{Bucket, Grant};
use futures::FutureExt;
use futures::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_s3_bucket",
    scope: Scope::Regional,
    listed: true,
    extra: Extra {
        owners: &[Owner {
            path: "grant",
            tf_type: "aws_s3_bucket_acl",
            parent: "bucket",
            key: "id",
            when: None,
        }],
        // Since version 4 of the provider these are copies of what resources of their own set.
        never_read: &[
            "acceleration_status",
            "acl",
            "bucket_prefix",
            "cors_rule",
            "force_destroy",
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
        ..Extra::NONE
    },
    actions: &[LIST, HEAD, TAGS, ACL],
    read: |session, ask| read(session, ask).boxed(),
};

const LIST: &str = "s3:ListAllMyBuckets";
/// What `HeadBucket` needs.
const HEAD: &str = "s3:ListBucket";
const TAGS: &str = "s3:GetBucketTagging";
/// How S3 says that a bucket is not there.
const MISSING: &[&str] = &["NoSuchBucket", "NotFound"];
/// S3's longest page; only pages name the buckets' regions.
const PAGE: i32 = 10_000;
/// How the names of buckets begin that AWS's own services make.
const MADE_BY_SERVICES: &[&str] = &[
    "aws-cloudtrail-logs-",
    "aws-glue-assets-",
    "aws-athena-query-results-",
    "cf-templates-",
    "elasticbeanstalk-",
];

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    let all = ask.look == Look::Account;
    if ask.tracked.is_empty() && !all {
        return Answer::default();
    }
    let listed = list(session).await;
    let one = |resource: &'a Resource| {
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
                Ok(true) => match aspects(session, resource).await {
                    Ok(attributes) => Reading::Found(attributes),
                    Err(reason) => Reading::Unknown(reason),
                },
                Ok(false) => Reading::Absent,
                Err(reason) => Reading::Unknown(reason),
            };
            (resource, reading)
        }
    };
    let mut answer = Answer {
        readings: join_all(ask.tracked.iter().copied().map(one)).await,
        ..Answer::default()
    };
    match listed {
        Err(reason) => answer.gap = Some(reason),
        Ok(listed) if all => {
            let own = listed
                .iter()
                .filter(|(name, _)| !MADE_BY_SERVICES.iter().any(|start| name.starts_with(start)));
            answer.unclaimed = own
                .map(|(name, bucket)| stranger(session, name, bucket))
                .collect();
        }
        Ok(_) => {}
    }
    answer
}

/// Each bucket of the account, by name, asked once.
async fn list(session: &Session) -> Result<Arc<BTreeMap<String, Bucket>>, Reason> {
    let ask = async {
        let request = session
            .s3()
            .list_buckets()
            .max_buckets(PAGE)
            .into_paginator();
        let pages = session.pages(LIST, request.send()).await?;
        let buckets = pages
            .into_iter()
            .flat_map(|page| page.buckets.unwrap_or_default());
        Ok(buckets
            .filter_map(|one| Some((one.name()?.to_owned(), one)))
            .collect())
    };
    session.shared_globally("buckets", ask).await
}

/// A second look at a bucket that the list lacks: another account's answers with "forbidden", not with "not found".
async fn exists(session: &Session, bucket: &str) -> Result<bool, Reason> {
    let request = session.s3().head_bucket().bucket(bucket).send();
    Ok(session.find(HEAD, MISSING, request).await?.is_some())
}

/// What has no bulk form, of a bucket that is there.
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

/// Grants as the provider writes them: one block for each grantee.
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

/// A bucket that may be nobody's. Without a region in the answer it is nobody's in particular.
fn stranger(session: &Session, name: &str, bucket: &Bucket) -> Unclaimed {
    let all = attributes([
        ("bucket", name.into()),
        ("id", name.into()),
        ("region", bucket.bucket_region().into()),
    ]);
    Unclaimed {
        region: bucket.bucket_region().and_then(Region::new),
        ..unclaimed(session, TYPE.tf_type, name, all)
    }
}
