//! The resources that one process of a provider reads.

use super::provider_access::ProviderAccess;
use super::through_provider::ProviderScan;
use crate::aws::Session;
use crate::model::{ProviderKey, ProviderTags, Reason, Resource, Schema};
use crate::plugin::{
    AwsTarget, Credentials, Deadline, Limits, Package, ProviderReading, Reader, Request, Target,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The readings of a group, and the schemas of its types.
pub(super) type GroupReadings<'a> = (
    Vec<(&'a Resource, ProviderReading)>,
    BTreeMap<String, Schema>,
);

/// What a provider is configured with.
#[derive(Clone)]
pub(super) enum Configured<'a> {
    /// AWS's, for an account and region, with these tags.
    Aws(&'a Session, Cow<'a, ProviderTags>),
    /// Another one, as the operator wrote; in the code it is this configuration.
    Other(&'a serde_json::Value, ProviderKey),
}

impl Configured<'_> {
    fn is_same(&self, other: &Configured<'_>) -> bool {
        match (self, other) {
            (Self::Aws(session, tags), Configured::Aws(other, others)) => {
                // As a rule the same ones, and those may be many.
                let has_same_tags = std::ptr::eq(&**tags, &**others) || tags == others;
                session.account() == other.account()
                    && session.region() == other.region()
                    && has_same_tags
            }
            (Self::Other(_, key), Configured::Other(_, other)) => key == other,
            _ => false,
        }
    }
}

/// The resources that one process reads.
pub(super) struct Group<'a> {
    package: Package,
    configured: Configured<'a>,
    requests: Vec<Request<'a>>,
}

impl<'a> Group<'a> {
    /// Adds a resource to those that the same process reads.
    pub(super) fn add(
        groups: &mut Vec<Self>,
        package: &Package,
        configured: Configured<'a>,
        request: Request<'a>,
    ) {
        let is_same =
            |group: &&mut Self| group.package == *package && group.configured.is_same(&configured);
        match groups.iter_mut().find(is_same) {
            Some(group) => group.requests.push(request),
            None => groups.push(Self {
                package: package.clone(),
                configured,
                requests: vec![request],
            }),
        }
    }

    /// Returns whether anything is to be read, and not only planned.
    pub(super) fn reads(&self) -> bool {
        let mut requests = self.requests.iter();
        requests.any(|request| request.native.is_none())
    }

    /// Reads the group in a process of its own.
    pub(super) async fn read(
        self,
        scan: &ProviderScan<'a>,
        deadline: Deadline,
    ) -> GroupReadings<'a> {
        let resources = self.requests.iter().map(|request| request.resource);
        match self.reader(scan, deadline).await {
            Ok((reader, _slot)) => {
                let found = reader.read(&self.requests).await;
                (resources.zip(found.readings).collect(), found.schemas)
            }
            Err(reason) => {
                let unknown = |resource| (resource, ProviderReading::unknown(reason.clone()));
                (resources.map(unknown).collect(), BTreeMap::new())
            }
        }
    }

    /// Waits for a process, and returns how it reads.
    async fn reader<'s>(
        &self,
        scan: &'s ProviderScan<'a>,
        deadline: Deadline,
    ) -> Result<(Reader<'s>, crate::plugin::Slot), Reason> {
        let access = &scan.access;
        let slot = access.folder.slot(access.installation);
        let slot = deadline.hold(slot).await.flatten().ok_or_else(no_slot)?;
        let (target, endpoint) = match &self.configured {
            Configured::Aws(session, tags) => {
                let target = Target::Aws(AwsTarget {
                    account: session.account().clone(),
                    region: session.region().clone(),
                    credentials: credentials(access, session).await?,
                    tags: tags.clone().into_owned(),
                });
                (target, session.endpoint())
            }
            Configured::Other(written, _) => (Target::Configured((*written).clone()), None),
        };
        let launch = access.folder.launch(&self.package, endpoint);
        let reader = Reader {
            launch: launch.map_err(|message| Reason::NoProvider { message })?,
            target,
            redactor: scan.redactor,
            schemas: access.folder.schemas().clone(),
            deadline,
            limits: Limits::default(),
        };
        Ok((reader, slot))
    }
}

/// Returns the credentials that AWS's provider gets.
async fn credentials(
    access: &ProviderAccess<'_>,
    session: &Session,
) -> Result<Credentials, Reason> {
    let found = match access.is_narrowed {
        true => {
            let secrets = access.folder.reads_secrets();
            session.narrowed_credentials(secrets).await?
        }
        false => session.credentials().await?,
    };
    Ok(Credentials {
        access_key: found.access_key,
        secret_key: found.secret_key,
        token: found.token,
    })
}

/// Returns the reason where all processes were taken for too long.
fn no_slot() -> Reason {
    Reason::Failed {
        message: "other scans held all processes that providers may have, for as long as this scan could wait: it is read \
                  with a later scan, or with a larger DRIFTGUARD_PROVIDER_PROCESSES"
            .to_owned(),
    }
}
