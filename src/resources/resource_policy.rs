//! Says what the provider's schema leaves out of types that hold a policy about who may use them, or the rules of a network
//! ACL, and are read through the provider: code may leave these to another resource, or to AWS, and then no plan shows a
//! change.

use super::{acl_rules, policy};
use crate::model::{Owner, TypeRules};

/// Returns the rules of such a type.
pub(super) fn of(tf_type: &str) -> Option<&'static TypeRules> {
    let mut found = TYPES.iter();
    found
        .find(|(name, _)| *name == tf_type)
        .map(|(_, rules)| *rules)
}

static TYPES: &[(&str, &TypeRules)] = &[
    ("aws_api_gateway_rest_api", &REST_API),
    ("aws_default_network_acl", &ACL),
    ("aws_elasticsearch_domain", &ELASTICSEARCH),
    ("aws_kms_key", &KEY),
    ("aws_network_acl", &ACL),
    ("aws_opensearch_domain", &OPENSEARCH),
    ("aws_secretsmanager_secret", &SECRET),
    ("aws_sns_topic", &TOPIC),
    ("aws_sqs_queue", &QUEUE),
    ("aws_vpc_endpoint", &ENDPOINT),
];

/// Returns the rules of a type whose policy another resource may set.
const fn held(owners: &'static [Owner]) -> TypeRules {
    TypeRules {
        owners,
        watched: &["policy", "access_policies"],
        normalize: policy::normalize_any,
        ..TypeRules::NONE
    }
}

static REST_API: TypeRules = held(&[owner(
    "policy",
    "aws_api_gateway_rest_api_policy",
    ("rest_api_id", "id"),
)]);
static ELASTICSEARCH: TypeRules = held(&[owner(
    "access_policies",
    "aws_elasticsearch_domain_policy",
    ("domain_name", "domain_name"),
)]);
static OPENSEARCH: TypeRules = held(&[owner(
    "access_policies",
    "aws_opensearch_domain_policy",
    ("domain_name", "domain_name"),
)]);
static KEY: TypeRules = held(&[
    owner("policy", "aws_kms_key_policy", ("key_id", "id")),
    owner("policy", "aws_kms_key_policy", ("key_id", "arn")),
]);
static SECRET: TypeRules = held(&[
    owner(
        "policy",
        "aws_secretsmanager_secret_policy",
        ("secret_arn", "arn"),
    ),
    owner(
        "policy",
        "aws_secretsmanager_secret_policy",
        ("secret_arn", "name"),
    ),
]);
static TOPIC: TypeRules = held(&[owner("policy", "aws_sns_topic_policy", ("arn", "arn"))]);
static QUEUE: TypeRules = held(&[owner("policy", "aws_sqs_queue_policy", ("queue_url", "id"))]);
static ENDPOINT: TypeRules = held(&[owner(
    "policy",
    "aws_vpc_endpoint_policy",
    ("vpc_endpoint_id", "id"),
)]);

static ACL: TypeRules = TypeRules {
    owners: &[
        owner("ingress", "aws_network_acl_rule", ("network_acl_id", "id")),
        owner("egress", "aws_network_acl_rule", ("network_acl_id", "id")),
    ],
    watched: &["ingress", "egress"],
    normalize: acl_rules::normalize,
    ..TypeRules::NONE
};

const fn owner(
    path: &'static str,
    tf_type: &'static str,
    (parent, key): (&'static str, &'static str),
) -> Owner {
    Owner {
        path,
        tf_type,
        parent,
        key,
        when: None,
        items: None,
    }
}
