//! Narrows the credentials that a provider gets: they read configuration, and no data.

use super::budget::CallQueue;
use super::{Role, SESSION_NAME, SessionCredentials, reason, role_denied};
use crate::model::Reason;
use aws_config::SdkConfig;
use aws_sdk_sts::types::PolicyDescriptorType;
use secrecy::SecretString;
use std::sync::Arc;

/// How long the credentials are valid, in seconds: the least that AWS allows.
const LIFETIME: i32 = 900;
/// AWS's own policy, which allows what reads in any service. IAM has no pattern for that which a policy of our own could
/// hold: a session policy has 2,048 characters, and no wildcard in the name of a service.
const READ_ONLY: &str = ":iam::aws:policy/ReadOnlyAccess";
/// What `ReadOnlyAccess` allows, and no provider needs or should have: data of tables, queues, streams, logs, traces,
/// executions, objects, repositories and disks; credentials, and tokens that are exchanged for credentials.
const DATA: &[&str] = &[
    "appconfig:GetConfiguration",
    "appconfig:GetHosted*",
    "aps:QueryMetrics",
    "athena:GetQueryResults*",
    "bedrock-agentcore:*MemoryRecord*",
    "bedrock-mantle:*",
    "cassandra:Select",
    "cloudtrail:GetQuery*",
    "cloudtrail:LookupEvents",
    "codeartifact:GetAuth*",
    "codeartifact:GetPackageVersionA*",
    "codeartifact:ReadF*",
    "codecommit:GetBlob",
    "codecommit:GetFile",
    "codecommit:GitPull",
    "cognito-identity:GetCred*",
    "cognito-identity:GetOpenId*",
    "cognito-sync:QueryRecords",
    "connect:GetContactA*",
    "connect:GetFed*",
    "datapipeline:QueryObjects",
    "dax:*Item",
    "dax:Query",
    "dax:Scan",
    "dynamodb:BatchGet*",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQL*",
    "dynamodb:Query",
    "dynamodb:Read*",
    "dynamodb:Scan",
    "dynamodb:SearchVectors",
    "ec2:GetConsole*",
    "ec2:GetPasswordData",
    "ec2:GetVpn*",
    "ecr:BatchGetImage",
    "ecr:GetAuth*",
    "ecr:GetDownload*",
    "ecr-public:GetAuth*",
    "eks:AccessKubernetesApi",
    "es:ESHttp*",
    "glacier:GetJobOutput",
    "healthlake:ReadResource",
    "healthlake:Search*",
    "iot:GetRetained*",
    "iot:GetThingShadow",
    "iotanalytics:Sample*",
    "kendra:Query",
    "kinesis:GetRecords",
    "kinesisvideo:Get*",
    "kms:Decrypt",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "logs:StartLiveTail",
    "logs:StartQuery",
    "mediastore:GetObject",
    "qldb:GetBlock",
    "qldb:GetRevision",
    "rds:Download*",
    "rum:GetAppMonitorData",
    "redshift:GetClusterC*",
    "s3:GetDataAccess",
    "s3:GetObject*",
    "s3-object-lambda:*",
    "s3-outposts:GetObject*",
    "s3express:CreateSession",
    "s3tables:GetTableData",
    "s3vectors:GetVectors",
    "s3vectors:QueryVectors",
    "sdb:GetAttributes",
    "sdb:Select",
    "sqs:Receive*",
    "sso:GetRoleCredentials",
    "ssm:*Command*",
    "states:*Execution*",
    "storagegateway:*Chap*",
    "sts:Assume*",
    "sts:GetSessionToken",
    "xray:*Trace*",
];
/// What fetches a secret: denied, unless the operator allows the types that need it.
const SECRETS: &[&str] = &[
    "appsync:ListApiKeys",
    "secretsmanager:*GetSecretValue",
    "ssm:GetParameter*",
];
/// The keys of API Gateway's clients, which have no action of their own: denied as `SECRETS` is.
pub const API_KEYS: &[&str] = &[
    "arn:*:apigateway:*::/apikeys*",
    "arn:*:apigateway:*::/usageplans/*/keys*",
];
/// What those types need besides.
const DECRYPT: &str = "kms:Decrypt";

/// Where a session's credentials come from.
pub(super) struct AssumedFrom {
    /// The configuration with the credentials that assume the role.
    pub base: SdkConfig,
    pub role: Role,
    pub sts: Arc<CallQueue>,
}

/// Returns the inline session policy of a provider's credentials. It is read together with AWS's `ReadOnlyAccess`: what
/// either allows and neither denies is allowed, where the role's own policies allow it as well.
pub fn session_policy(with_secrets: bool) -> String {
    let denied = DATA.iter().copied();
    let denied: Vec<_> = match with_secrets {
        true => denied.filter(|action| *action != DECRYPT).collect(),
        false => denied.chain(SECRETS.iter().copied()).collect(),
    };
    let of_secrets = match with_secrets {
        true => statement("Allow", &[SECRETS, &[DECRYPT]].concat(), &["*"]),
        false => statement("Deny", &["apigateway:GET"], API_KEYS),
    };
    let statements = [statement("Deny", &denied, &["*"]), of_secrets];
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    )
}

fn statement(effect: &str, actions: &[&str], resources: &[&str]) -> String {
    let [actions, resources] = [actions, resources].map(|texts| texts.join(r#"",""#));
    format!(r#"{{"Effect":"{effect}","Action":["{actions}"],"Resource":["{resources}"]}}"#)
}

impl AssumedFrom {
    /// Assumes the role once more, with a session policy.
    pub(super) async fn narrowed(&self, with_secrets: bool) -> Result<SessionCredentials, Reason> {
        let role = &self.role;
        let partition = role.arn.split(":iam:").next().unwrap_or("arn:aws");
        let read_only = PolicyDescriptorType::builder().arn(format!("{partition}{READ_ONLY}"));
        let _permit = self.sts.acquire(1).await;
        let answer = aws_sdk_sts::Client::new(&self.base)
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name(SESSION_NAME)
            .set_external_id(role.external_id.clone())
            .duration_seconds(LIFETIME)
            .policy(session_policy(with_secrets))
            .policy_arns(read_only.build())
            .send()
            .await;
        let answer = answer
            .map_err(|error| role_denied(role, reason::from_error("sts:AssumeRole", error)))?;
        let credentials = answer.credentials().ok_or_else(|| Reason::Failed {
            message: "STS answered without credentials".to_owned(),
        })?;
        Ok(SessionCredentials {
            access_key: credentials.access_key_id().to_owned(),
            secret_key: SecretString::from(credentials.secret_access_key()),
            token: Some(SecretString::from(credentials.session_token())),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What AWS takes as a session policy.
    const MAX_LENGTH: usize = 2048;

    #[test]
    fn the_session_policy_fits_and_allows_a_secret_only_where_the_operator_does() {
        let usual = session_policy(false);
        let with_secrets = session_policy(true);
        assert!(usual.len() <= MAX_LENGTH, "{}", usual.len());
        assert!(with_secrets.len() <= MAX_LENGTH, "{}", with_secrets.len());
        let allowed = |policy: &str| policy.contains("\"Allow\"");
        assert!(!allowed(&usual) && allowed(&with_secrets));
        let (denied, rest) = with_secrets.split_once("\"Allow\"").unwrap();
        for action in [
            "secretsmanager:*GetSecretValue",
            "ssm:GetParameter*",
            "appsync:ListApiKeys",
            DECRYPT,
        ] {
            assert!(usual.contains(action), "{action}");
            assert!(
                !denied.contains(action) && rest.contains(action),
                "{action}"
            );
        }
        for key in API_KEYS {
            assert!(usual.contains(key) && !with_secrets.contains(key), "{key}");
        }
    }

    /// Returns whether a policy denies an action on every resource.
    fn denies(policy: &str, action: &str) -> bool {
        let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let denying = statements.filter(|statement| {
            statement["Effect"] == "Deny" && statement["Resource"] == serde_json::json!(["*"])
        });
        let mut patterns = denying.flat_map(|statement| statement["Action"].as_array().unwrap());
        patterns.any(|pattern| fits(pattern.as_str().unwrap(), action))
    }

    /// Returns whether a pattern with `*` matches a text.
    fn fits(pattern: &str, text: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == text,
            Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
                let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
                ends.any(|at| fits(rest, &text[at..]))
            }),
        }
    }

    #[test]
    fn what_returns_data_or_credentials_is_denied_and_what_types_are_read_by_is_not() {
        let policy = session_policy(false);
        for action in [
            "appconfig:GetHostedConfigurationVersion",
            "appsync:ListApiKeys",
            "cloudtrail:LookupEvents",
            "codeartifact:GetAuthorizationToken",
            "codecommit:GetFile",
            "cognito-identity:GetCredentialsForIdentity",
            "dynamodb:GetItem",
            "ec2:GetPasswordData",
            "ec2:GetVpnConnectionDeviceSampleConfiguration",
            "ecr:GetAuthorizationToken",
            "kinesis:GetRecords",
            "kinesisvideo:GetMedia",
            "redshift:GetClusterCredentialsWithIAM",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "secretsmanager:GetSecretValue",
            "sqs:ReceiveMessage",
            "ssm:GetCommandInvocation",
            "ssm:GetParametersByPath",
            "ssm:ListCommandInvocations",
            "states:GetExecutionHistory",
            "storagegateway:DescribeChapCredentials",
            "sts:AssumeRole",
            "xray:BatchGetTraces",
        ] {
            assert!(denies(&policy, action), "{action}");
        }
        for action in [
            "apigateway:GET",
            "appconfig:GetConfigurationProfile",
            "cloudtrail:GetTrailStatus",
            "codeartifact:GetDomainPermissionsPolicy",
            "codecommit:GetRepository",
            "cognito-idp:DescribeUserPoolClient",
            "dynamodb:DescribeTable",
            "ec2:DescribeVpnConnections",
            "ecr:GetLifecyclePolicy",
            "iot:GetTopicRule",
            "kinesisvideo:DescribeStream",
            "lambda:GetFunction",
            "s3:GetBucketPolicy",
            "secretsmanager:DescribeSecret",
            "ssm:GetDocument",
            "states:DescribeStateMachine",
            "xray:GetSamplingRules",
        ] {
            assert!(!denies(&policy, action), "{action}");
        }
    }
}
