//! Reads one account in one region.

use super::{Identity, reason};
use crate::model::{AccountId, Reason, Region};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::error::SdkError;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::service_config::ServiceConfigKey;
use secrecy::SecretString;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The pages of a list call, read as they are needed.
pub type Pages<T, E> = PaginationStream<Result<T, SdkError<E>>>;

/// The credentials of a session.
#[derive(Debug, Clone)]
pub struct SessionCredentials {
    /// The id of the key.
    pub access_key: String,
    /// The key.
    pub secret_key: SecretString,
    /// The token, where the credentials are temporary.
    pub token: Option<SecretString>,
}

/// A session in one account and region: its clients, its budget, and what was read already.
#[derive(Clone)]
pub struct Session {
    pub(super) identity: Arc<Identity>,
    region: Region,
    pub(super) config: SdkConfig,
}

impl Session {
    pub(super) fn new(identity: Arc<Identity>, region: Region) -> Self {
        let named = aws_config::Region::new(region.to_string());
        let config = identity.config.to_builder().region(named).build();
        Self {
            identity,
            region,
            config,
        }
    }

    /// Returns the account, as STS names it.
    pub fn account(&self) -> &AccountId {
        &self.identity.account
    }

    /// Returns the ARN of the caller: a role or a user.
    pub fn caller(&self) -> &str {
        &self.identity.arn
    }

    /// Returns the region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Returns the partition of the region's ARNs: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        self.region.partition()
    }

    /// Creates the EC2 client.
    pub fn ec2(&self) -> aws_sdk_ec2::Client {
        let turns = &self.identity.budget.others;
        let config = aws_sdk_ec2::config::Builder::from(&self.config)
            .interceptor(turns.retry_interceptor())
            .retry_partition(turns.retry_partition());
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// Creates the IAM client.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        let turns = &self.identity.budget.others;
        let config = aws_sdk_iam::config::Builder::from(&self.config)
            .interceptor(turns.retry_interceptor())
            .retry_partition(turns.retry_partition());
        aws_sdk_iam::Client::from_conf(config.build())
    }

    /// Creates the RDS client.
    pub fn rds(&self) -> aws_sdk_rds::Client {
        let turns = &self.identity.budget.others;
        let config = aws_sdk_rds::config::Builder::from(&self.config)
            .interceptor(turns.retry_interceptor())
            .retry_partition(turns.retry_partition());
        aws_sdk_rds::Client::from_conf(config.build())
    }

    /// Creates the S3 client. With a custom endpoint it addresses buckets by path.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let turns = &self.identity.budget.s3;
        let own_endpoint = self.config.endpoint_url().is_some() || self.names_s3_endpoint();
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .interceptor(turns.retry_interceptor())
            .retry_partition(turns.retry_partition())
            .force_path_style(own_endpoint);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// Returns the credentials of the session, for a program that reads AWS in its place.
    ///
    /// # Errors
    /// When there are none, or they cannot be renewed.
    pub async fn credentials(&self) -> Result<SessionCredentials, Reason> {
        let missing = || Reason::Failed {
            message: "the credentials of this account cannot be handed to a provider".to_owned(),
        };
        let provider = self.config.credentials_provider().ok_or_else(missing)?;
        let found = provider.provide_credentials().await;
        let found = found.map_err(|_| missing())?;
        Ok(SessionCredentials {
            access_key: found.access_key_id().to_owned(),
            secret_key: found.secret_access_key().into(),
            token: found.session_token().map(Into::into),
        })
    }

    /// Returns credentials of the session's role that only read, and read no data, for a program that reads AWS in its
    /// place: see `session_policy`.
    ///
    /// # Errors
    /// When the credentials are no role's, or the role is not assumed once more.
    pub async fn narrowed_credentials(
        &self,
        with_secrets: bool,
    ) -> Result<SessionCredentials, Reason> {
        match &self.identity.assumed_from {
            Some(from) => from.narrowed(with_secrets).await,
            None => Err(Reason::NoProvider {
                message: "no provider gets the server's own credentials, which cannot be narrowed: name a role, in `aws` of \
                          .driftguard.yml or as the `role_arn` of the workspace"
                    .to_owned(),
            }),
        }
    }

    /// Returns the endpoint that the process's own configuration names for all services.
    pub fn endpoint(&self) -> Option<&str> {
        self.config.endpoint_url()
    }

    fn names_s3_endpoint(&self) -> bool {
        let key = ServiceConfigKey::builder()
            .service_id("S3")
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build();
        let named = key.ok().zip(self.config.service_config());
        named.is_some_and(|(key, config)| config.load_config(key).is_some())
    }

    /// Makes a call that needs this IAM action.
    ///
    /// # Errors
    /// The reason why there is no answer, after the last retry.
    pub async fn call<T, E>(
        &self,
        action: &'static str,
        request: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, Reason>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let _permit = self.identity.budget.acquire(action).await;
        self.count();
        request
            .await
            .map_err(|error| reason::from_error(action, error))
    }

    /// Counts a call.
    pub(super) fn count(&self) {
        self.identity.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads a single resource. Returns `None` where the service answers with one of the `missing` error codes, or with
    /// status 404 and no code, as to HEAD.
    ///
    /// # Errors
    /// As `call`.
    pub async fn find<T, E>(
        &self,
        action: &'static str,
        missing: &[&str],
        request: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<Option<T>, Reason>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let _permit = self.identity.budget.acquire(action).await;
        self.count();
        match request.await {
            Ok(found) => Ok(Some(found)),
            Err(error) => match error.code() {
                Some(code) if missing.contains(&code) => Ok(None),
                None if error
                    .raw_response()
                    .is_some_and(|a| a.status().as_u16() == 404) =>
                {
                    Ok(None)
                }
                _ => Err(reason::from_error(action, error)),
            },
        }
    }

    /// Reads all pages of a call that needs this IAM action.
    ///
    /// # Errors
    /// As `call`: a page that is missing makes the whole answer missing.
    pub async fn pages<T, E>(
        &self,
        action: &'static str,
        mut pages: Pages<T, E>,
    ) -> Result<Vec<T>, Reason>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut all = Vec::new();
        loop {
            let _permit = self.identity.budget.acquire(action).await;
            let Some(page) = pages.next().await else {
                return Ok(all);
            };
            self.count();
            all.push(page.map_err(|error| reason::from_error(action, error))?);
        }
    }

    /// Returns what `fetch` reads, once for this account and region however many types and stacks need it.
    ///
    /// # Errors
    /// Those of `fetch`, which is not asked again: what AWS did not answer after the last retry stays unknown in this
    /// scan.
    pub async fn shared<T: Send + Sync + 'static>(
        &self,
        key: &str,
        fetch: impl Future<Output = Result<T, Reason>>,
    ) -> Result<Arc<T>, Reason> {
        let key = format!("{}/{key}", self.region);
        self.identity.memo.get_or_fetch(key, fetch).await
    }

    /// Returns what `fetch` reads of a global service, once for this account.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub async fn shared_globally<T: Send + Sync + 'static>(
        &self,
        key: &str,
        fetch: impl Future<Output = Result<T, Reason>>,
    ) -> Result<Arc<T>, Reason> {
        self.identity.memo.get_or_fetch(key.to_owned(), fetch).await
    }
}
