//! `aws_iam_role`: who may act as what.

use super::ask::{match_up, unclaimed};
use super::authorizations::{DETAILS, LIST, MISSING, details, list};
use super::policy::{canonical, decoded};
use super::roles::ROLES;
use super::shape::{attributes, made_by_aws, name_prefix, tags, texts};
use super::{Answer, Ask, Look, ResourceType, Scope};
use crate::aws::Session;
use crate::model::{Address, Attributes, Children, Extra, Owner, Resource, Unclaimed, Value};
use aws_sdk_iam::types::{Role, RoleDetail};
use futures::FutureExt;
use std::collections::BTreeMap;

pub(super) static TYPE: ResourceType = ResourceType {
    tf_type: "aws_iam_role",
    scope: Scope::Global,
    listed: true,
    extra: Extra {
        owners: &[
            owner("inline_policy", INLINE),
            owner("managed_policy_arns", ATTACHMENT),
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
        form: |path, value| match (path, &value) {
            ("assume_role_policy" | "inline_policy.policy", Value::String(text)) => {
                canonical(text).into()
            }
            _ => value,
        },
        ..Extra::NONE
    },
    actions: &[DETAILS, LIST, ONE],
    read: |session, ask| read(session, ask).boxed(),
};

/// What a second look at one role needs.
const ONE: &str = "iam:GetRole";
const INLINE: &str = "aws_iam_role_policy";
const ATTACHMENT: &str = "aws_iam_role_policy_attachment";

/// Where AWS's own services and its single sign-on keep their roles.
const PATHS_OF_AWS: &[&str] = &["/aws-service-role/", "/aws-reserved/"];
/// How the names of roles begin that AWS's multi-account services make.
const MADE_BY_SERVICES: &[&str] = &[
    "AWSControlTower",
    "OrganizationAccountAccessRole",
    "stacksets-exec-",
];

const fn owner(path: &'static str, tf_type: &'static str) -> Owner {
    Owner {
        path,
        tf_type,
        parent: "role",
        key: "name",
        when: None,
    }
}

async fn read<'a>(session: &'a Session, ask: Ask<'a>) -> Answer<'a> {
    if ask.tracked.is_empty() && ask.look != Look::Account {
        return Answer::default();
    }
    let (details, list) = futures::join!(details(session), list(session));
    let (details, list) = match (details, list) {
        (Ok(details), Ok(list)) => (details, list),
        (Err(reason), _) | (_, Err(reason)) => return Answer::unknown(&ask, &reason),
    };
    let both: BTreeMap<String, Found> = details
        .roles
        .iter()
        .map(|(name, detail)| {
            (
                name.clone(),
                Found::Whole(Box::new((detail.clone(), list.get(name).cloned()))),
            )
        })
        .collect();
    let confirm = |resource: &'a Resource| {
        async move {
            let request = session.iam().get_role().role_name(&resource.id).send();
            let answer = session.find(ONE, MISSING, request).await?;
            Ok(answer
                .and_then(|answer| answer.role)
                .map(Box::new)
                .map(Found::Alone))
        }
        .boxed()
    };
    let mut answer = Answer {
        readings: match_up(&ask.tracked, &both, |_, found| found.convert(), confirm).await,
        ..Answer::default()
    };
    if ask.look != Look::Off {
        for resource in &ask.tracked {
            let detail = details.roles.get(&resource.id);
            answer.unclaimed.extend(
                detail
                    .into_iter()
                    .flat_map(|detail| parts(session, &resource.address, detail)),
            );
        }
    }
    if ask.look == Look::Account {
        let own = both
            .iter()
            .filter(|(name, found)| found.is_somebodys() && !is_caller(session, name));
        answer.unclaimed.extend(own.map(|(name, found)| Unclaimed {
            region: None,
            ..unclaimed(session, TYPE.tf_type, name, found.convert())
        }));
    }
    answer
}

/// A role as the bulk answers have it, or as it answers when asked for alone: then without its policies.
enum Found {
    Whole(Box<(RoleDetail, Option<Role>)>),
    Alone(Box<Role>),
}

impl Found {
    fn convert(&self) -> Attributes {
        match self {
            Self::Whole(both) => {
                let (detail, role) = both.as_ref();
                let mut all = role.as_ref().map(of_role).unwrap_or_default();
                all.extend(of_detail(detail));
                all
            }
            Self::Alone(role) => of_role(role),
        }
    }

    /// Whether a person or a program of theirs made it.
    fn is_somebodys(&self) -> bool {
        let Self::Whole(both) = self else {
            return false;
        };
        let (detail, _) = both.as_ref();
        let (path, name) = (
            detail.path().unwrap_or("/"),
            detail.role_name().unwrap_or_default(),
        );
        let by_service = MADE_BY_SERVICES.iter().any(|start| name.starts_with(start));
        let of_aws = PATHS_OF_AWS.iter().any(|start| path.starts_with(start));
        !of_aws && !by_service && !made_by_aws(detail.tags().iter().map(|tag| Some(tag.key())))
    }
}

/// Whether this is the role that DriftGuard itself reads with.
fn is_caller(session: &Session, name: &str) -> bool {
    let assumed = session.caller().split_once(":assumed-role/");
    assumed.and_then(|(_, rest)| rest.split('/').next()) == Some(name)
}

/// What only the list of roles says, and what it says as well.
fn of_role(role: &Role) -> Attributes {
    let boundary = role
        .permissions_boundary()
        .and_then(|one| one.permissions_boundary_arn());
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

/// What the account's details say of a role.
fn of_detail(detail: &RoleDetail) -> Attributes {
    let boundary = detail
        .permissions_boundary()
        .and_then(|one| one.permissions_boundary_arn());
    let inline = detail.role_policy_list().iter().map(|one| {
        Value::map([
            ("name", Value::from(one.policy_name())),
            ("policy", one.policy_document().map(decoded).into()),
        ])
    });
    let attached = detail
        .attached_managed_policies()
        .iter()
        .filter_map(|one| one.policy_arn());
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

/// Each policy of a role, below it.
fn parts(session: &Session, parent: &Address, detail: &RoleDetail) -> Vec<Unclaimed> {
    let held = (
        detail.role_name().unwrap_or_default(),
        detail.role_policy_list(),
        detail.attached_managed_policies(),
    );
    ROLES.parts(held, (INLINE, ATTACHMENT), |tf_type, id, all| Unclaimed {
        under: Some(parent.clone()),
        path: TYPE.part(tf_type),
        region: None,
        ..unclaimed(session, tf_type, id, all)
    })
}
