//! One account in one region.

use super::{Identity, reason};
use crate::model::{AccountId, Reason, Region};
use aws_config::SdkConfig;
use aws_sdk_sts::error::SdkError;
use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::service_config::ServiceConfigKey;
use std::error::Error;
use std::sync::Arc;

/// One account in one region: its clients, its budgets, and what was already read there.
#[derive(Clone)]
pub struct Session {
    identity: Arc<Identity>,
    region: Region,
    config: SdkConfig,
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

    /// The account that answers, as STS names it.
    pub fn account(&self) -> &AccountId {
        &self.identity.account
    }

    /// The ARN of the caller: a role or a user.
    pub fn caller(&self) -> &str {
        &self.identity.arn
    }

    /// The region that is asked.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The partition that ARNs of this region name: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        self.region.partition()
    }

    /// EC2's client.
    pub fn ec2(&self) -> aws_sdk_ec2::Client {
        let turns = &self.identity.budget.others;
        let config = aws_sdk_ec2::config::Builder::from(&self.config)
            .interceptor(turns.retries())
            .retry_partition(turns.retry_partition());
        aws_sdk_ec2::Client::from_conf(config.build())
    }

    /// IAM's client.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        let turns = &self.identity.budget.others;
        let config = aws_sdk_iam::config::Builder::from(&self.config)
            .interceptor(turns.retries())
            .retry_partition(turns.retry_partition());
        aws_sdk_iam::Client::from_conf(config.build())
    }

    /// RDS's client.
    pub fn rds(&self) -> aws_sdk_rds::Client {
        let turns = &self.identity.budget.others;
        let config = aws_sdk_rds::config::Builder::from(&self.config)
            .interceptor(turns.retries())
            .retry_partition(turns.retry_partition());
        aws_sdk_rds::Client::from_conf(config.build())
    }

    /// S3's client. An endpoint of one's own has no host for each bucket.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let turns = &self.identity.budget.s3;
        let own_endpoint = self.config.endpoint_url().is_some() || self.names_s3_endpoint();
        let config = aws_sdk_s3::config::Builder::from(&self.config)
            .interceptor(turns.retries())
            .retry_partition(turns.retry_partition())
            .force_path_style(own_endpoint);
        aws_sdk_s3::Client::from_conf(config.build())
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

    /// One call that needs this IAM action.
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
        let _turn = self.identity.budget.turn(action).await;
        request.await.map_err(|error| reason::of(action, error))
    }

    /// One call for one thing: none where the service answers with a code of `missing`, which say that it is not there,
    /// or without a code (as to HEAD) and with status 404.
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
        let _turn = self.identity.budget.turn(action).await;
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
                _ => Err(reason::of(action, error)),
            },
        }
    }

    /// All pages of a call that needs this IAM action.
    ///
    /// # Errors
    /// As `call`: a page that is missing makes the whole answer missing.
    pub async fn pages<T, E>(
        &self,
        action: &'static str,
        mut pages: PaginationStream<Result<T, SdkError<E>>>,
    ) -> Result<Vec<T>, Reason>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let mut all = Vec::new();
        loop {
            let _turn = self.identity.budget.turn(action).await;
            match pages.next().await {
                Some(Ok(page)) => all.push(page),
                Some(Err(error)) => return Err(reason::of(action, error)),
                None => return Ok(all),
            }
        }
    }

    /// What `ask` answers, asked once for this account and region however many types and stacks want it.
    ///
    /// # Errors
    /// Those of `ask`, which is not asked again: what AWS did not answer after the last retry stays unknown in this scan.
    pub async fn shared<T: Send + Sync + 'static>(
        &self,
        question: &str,
        ask: impl Future<Output = Result<T, Reason>>,
    ) -> Result<Arc<T>, Reason> {
        let question = format!("{}/{question}", self.region);
        self.identity.memo.once(question, ask).await
    }

    /// The same for what is global: asked once for the account.
    ///
    /// # Errors
    /// Those of `ask`.
    pub async fn shared_globally<T: Send + Sync + 'static>(
        &self,
        question: &str,
        ask: impl Future<Output = Result<T, Reason>>,
    ) -> Result<Arc<T>, Reason> {
        self.identity.memo.once(question.to_owned(), ask).await
    }
}
