//! `aws_iam_role`: an IAM role.

use super::authorizations::{DETAILS, LIST, NOT_FOUND, details, list};
use super::policy::{canonical, decoded};
use super::read::{resolve_tracked, unmanaged_resource};
use super::roles::{ATTACHMENT, INLINE, ROLES};
use super::shape::{attributes, created_by_aws, name_prefix, tags, texts, without};
use super::{ReadRequest, ReadResult, ResourceType, Scope, UnmanagedScope};
use crate::aws::Session;
use crate::model::{
    Attributes, Children, Owner, Reason, Resource, SharedItems, TypeRules, UnmanagedResource, Value,
};
use aws_sdk_iam::types::{Role, RoleDetail};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role",
    scope: Scope::Global,
    listed: true,
    rules: TypeRules {
        owners: &[
            owner("inline_policy", INLINE, "role", NAMED),
            owner("managed_policy_arns", ATTACHMENT, "role", ATTACHED),
            owner(
                "managed_policy_arns",
                "aws_iam_policy_attachment",
                "roles",
                ATTACHED,
            ),
        ],
        children: &[
            Children {
                path: "inline_policy",
                tf_type: INLINE,
            },
            Children {
                path: "managed_policy_arns",
                tf_type: ATTACHMENT,
            },
        ],
        never_read: &["force_detach_policies"],
        watched: &["inline_policy", "managed_policy_arns"],
        normalize: |path, value| match (path, &value) {
            ("assume_role_policy" | "inline_policy.policy", Value::String(text)) => {
                canonical(text).into()
            }
            _ => value,
        },
        ..TypeRules::NONE
    },
    actions: &[DETAILS, LIST, GET],
    read: |session, request| read(session, request).boxed(),
};

/// The IAM action that reads a single role.
const GET: &str = "iam:GetRole";

/// The paths of roles that AWS services and IAM Identity Center create.
const AWS_PATHS: &[&str] = &["/aws-service-role/", "/aws-reserved/"];
/// The name prefixes of roles that AWS's multi-account services create.
const SERVICE_NAME_PREFIXES: &[&str] = &[
    "AWSControlTower",
    "OrganizationAccountAccessRole",
    "stacksets-exec-",
];

/// Inline policies, by name.
const NAMED: SharedItems = SharedItems {
    set_by: |policy| {
        vec![Value::map(
            policy.get("name").map(|name| ("name", name.clone())),
        )]
    },
    without: |policies, others| {
        without(policies, others, |policy| {
            policy.get("name").as_str().map(str::to_owned)
        })
    },
};
/// Attached policies.
const ATTACHED: SharedItems = SharedItems {
    set_by: |attachment| attachment.get("policy_arn").cloned().into_iter().collect(),
    without: |policies, others| {
        without(policies, others, |policy| {
            policy.as_str().map(str::to_owned)
        })
    },
};

const fn owner(
    path: &'static str,
    tf_type: &'static str,
    parent: &'static str,
    items: SharedItems,
) -> Owner {
    Owner {
        path,
        tf_type,
        parent,
        key: "name",
        when: None,
        items: Some(items),
    }
}

async fn read<'a>(session: &'a Session, request: ReadRequest<'a>) -> ReadResult<'a> {
    if request.tracked.is_empty() && request.unmanaged_scope != UnmanagedScope::Account {
        return ReadResult::default();
    }
    let (details, list) = futures::join!(details(session), list(session));
    let (details, list) = match (details, list) {
        (Ok(details), Ok(list)) => (details, list),
        (Err(reason), _) | (_, Err(reason)) => return ReadResult::unknown(&request, &reason),
    };
    let found: BTreeMap<String, FoundRole> = details
        .roles
        .iter()
        .map(|(name, detail)| {
            (
                name.clone(),
                FoundRole::Listed(Box::new((detail.clone(), list.get(name).cloned()))),
            )
        })
        .collect();
    let get_by_id = |resource: &'a Resource| get_by_id(session, &resource.id).boxed();
    let mut answer = ReadResult {
        readings: resolve_tracked(
            &request.tracked,
            &found,
            |_, found| found.convert(),
            get_by_id,
        )
        .await,
        unmanaged: ROLES.below_tracked(session, &TYPE, &request, &details),
        ..ReadResult::default()
    };
    if request.unmanaged_scope == UnmanagedScope::Account {
        let own = found
            .iter()
            .filter(|(name, found)| found.is_user_created() && !is_caller(session, name));
        answer
            .unmanaged
            .extend(own.map(|(name, found)| UnmanagedResource {
                region: None,
                ..unmanaged_resource(session, TYPE.tf_type, name, found.convert())
            }));
    }
    answer
}

/// Gets one role that the list does not hold; none where AWS knows no such role.
async fn get_by_id(session: &Session, name: &str) -> Result<Option<FoundRole>, Reason> {
    let request = session.iam().get_role().role_name(name).send();
    let answer = session.find(GET, NOT_FOUND, request).await?;
    let role = answer.and_then(|answer| answer.role);
    Ok(role.map(Box::new).map(FoundRole::Single))
}

/// A role from the account's authorization details and the list of roles, or from a call of its own, whose answer lacks
/// the policies.
enum FoundRole {
    Listed(Box<(RoleDetail, Option<Role>)>),
    Single(Box<Role>),
}

impl FoundRole {
    fn convert(&self) -> Attributes {
        match self {
            Self::Listed(both) => {
                let (detail, role) = both.as_ref();
                let mut all = role.as_ref().map(of_role).unwrap_or_default();
                all.extend(of_detail(detail));
                all
            }
            Self::Single(role) => of_role(role),
        }
    }

    /// Returns false for roles that AWS created itself, and for DriftGuard's own.
    fn is_user_created(&self) -> bool {
        let Self::Listed(both) = self else {
            return false;
        };
        let (detail, _) = both.as_ref();
        let (path, name) = (
            detail.path().unwrap_or("/"),
            detail.role_name().unwrap_or_default(),
        );
        let by_service = SERVICE_NAME_PREFIXES
            .iter()
            .any(|start| name.starts_with(start));
        let of_aws = AWS_PATHS.iter().any(|start| path.starts_with(start));
        !of_aws && !by_service && !created_by_aws(detail.tags().iter().map(|tag| Some(tag.key())))
    }
}

/// Returns whether DriftGuard itself reads with this role.
fn is_caller(session: &Session, name: &str) -> bool {
    let assumed = session.caller().split_once(":assumed-role/");
    assumed.and_then(|(_, rest)| rest.split('/').next()) == Some(name)
}

/// Converts a role from the list of roles.
fn of_role(role: &Role) -> Attributes {
    let boundary = role
        .permissions_boundary()
        .and_then(|boundary| boundary.permissions_boundary_arn());
    attributes([
        ("arn", role.arn().into()),
        (
            "assume_role_policy",
            role.assume_role_policy_document().map(decoded).into(),
        ),
        ("description", role.description().into()),
        ("max_session_duration", role.max_session_duration().into()),
        ("name", role.role_name().into()),
        ("name_prefix", name_prefix(Some(role.role_name()))),
        ("path", role.path().into()),
        ("permissions_boundary", boundary.into()),
        ("unique_id", role.role_id().into()),
    ])
}

/// Converts a role from the account's authorization details.
fn of_detail(detail: &RoleDetail) -> Attributes {
    let boundary = detail
        .permissions_boundary()
        .and_then(|boundary| boundary.permissions_boundary_arn());
    let inline = detail.role_policy_list().iter().map(|policy| {
        Value::map([
            ("name", Value::from(policy.policy_name())),
            ("policy", policy.policy_document().map(decoded).into()),
        ])
    });
    let attached = detail
        .attached_managed_policies()
        .iter()
        .filter_map(|policy| policy.policy_arn());
    attributes([
        ("arn", detail.arn().into()),
        (
            "assume_role_policy",
            detail.assume_role_policy_document().map(decoded).into(),
        ),
        ("inline_policy", Value::List(inline.collect())),
        ("managed_policy_arns", texts(attached)),
        ("name", detail.role_name().into()),
        ("name_prefix", name_prefix(detail.role_name())),
        ("path", detail.path().into()),
        ("permissions_boundary", boundary.into()),
        (
            "tags_all",
            tags(
                detail
                    .tags()
                    .iter()
                    .map(|tag| (Some(tag.key()), Some(tag.value()))),
            ),
        ),
        ("unique_id", detail.role_id().into()),
    ])
}
