//! What EC2 answers of an instance only when asked for it alone, or of a few at once.

use crate::aws::Session;
use crate::model::{Reason, Resource};
use aws_sdk_ec2::types::InstanceAttributeName;
use futures::future::join_all;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// One aspect of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aspect {
    /// In Base64.
    UserData(Option<String>),
    /// A protection, by the provider's name.
    Flag(&'static str, bool),
    /// What a shutdown from inside does.
    Shutdown(Option<String>),
    /// How a burstable instance pays for its bursts.
    Credits(Option<String>),
}

/// The aspects that have no bulk form.
const ASKED: &[InstanceAttributeName] = &[
    InstanceAttributeName::UserData,
    InstanceAttributeName::DisableApiTermination,
    InstanceAttributeName::DisableApiStop,
    InstanceAttributeName::InstanceInitiatedShutdownBehavior,
];
/// How many instances are asked a scan: each costs a call an aspect. Of more, another part every hour.
const MOST: usize = 200;
/// How many instances one question after credits names.
const CREDITS_AT_ONCE: usize = 100;

/// The aspects of each tracked instance, by id. What fails is not read, and so raises nothing.
pub(super) async fn aspects(
    session: &Session,
    tracked: &[&Resource],
    attribute: &'static str,
    credits: &'static str,
) -> BTreeMap<String, Vec<Aspect>> {
    let mut found: BTreeMap<String, Vec<Aspect>> = BTreeMap::new();
    let asked = turn(tracked).into_iter().flat_map(|resource| {
        ASKED.iter().map(move |name| async move {
            (
                resource.id.clone(),
                one(session, &resource.id, name.clone(), attribute).await,
            )
        })
    });
    for (id, aspect) in join_all(asked).await {
        if let Ok(Some(aspect)) = aspect {
            found.entry(id).or_default().push(aspect);
        }
    }
    let burstable: Vec<_> = tracked
        .iter()
        .filter(|resource| is_burstable(resource))
        .collect();
    for some in burstable.chunks(CREDITS_AT_ONCE) {
        let ids = some.iter().map(|resource| resource.id.clone()).collect();
        let request = session.ec2().describe_instance_credit_specifications();
        let request = request.set_instance_ids(Some(ids)).send();
        let Ok(answer) = session.call(credits, request).await else {
            continue;
        };
        for one in answer.instance_credit_specifications() {
            let id = one.instance_id().unwrap_or_default().to_owned();
            let aspect = Aspect::Credits(one.cpu_credits().map(str::to_owned));
            found.entry(id).or_default().push(aspect);
        }
    }
    found
}

async fn one(
    session: &Session,
    id: &str,
    name: InstanceAttributeName,
    action: &'static str,
) -> Result<Option<Aspect>, Reason> {
    let request = session
        .ec2()
        .describe_instance_attribute()
        .instance_id(id)
        .attribute(name.clone());
    let answer = session.call(action, request.send()).await?;
    let text = |value: Option<&aws_sdk_ec2::types::AttributeValue>| {
        value.and_then(|value| value.value()).map(str::to_owned)
    };
    let flag = |value: Option<&aws_sdk_ec2::types::AttributeBooleanValue>| {
        value.and_then(|value| value.value())
    };
    Ok(match name {
        InstanceAttributeName::UserData => Some(Aspect::UserData(text(answer.user_data()))),
        InstanceAttributeName::DisableApiTermination => flag(answer.disable_api_termination())
            .map(|flag| Aspect::Flag("disable_api_termination", flag)),
        InstanceAttributeName::DisableApiStop => {
            flag(answer.disable_api_stop()).map(|flag| Aspect::Flag("disable_api_stop", flag))
        }
        _ => Some(Aspect::Shutdown(text(
            answer.instance_initiated_shutdown_behavior(),
        ))),
    })
}

/// The instances whose turn it is: all, or another part of them every hour.
fn turn<'a>(tracked: &[&'a Resource]) -> Vec<&'a Resource> {
    if tracked.len() <= MOST {
        return tracked.to_vec();
    }
    let hours = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 3600);
    let start = usize::try_from(hours)
        .unwrap_or_default()
        .wrapping_mul(MOST)
        % tracked.len();
    tracked
        .iter()
        .copied()
        .cycle()
        .skip(start)
        .take(MOST)
        .collect()
}

/// Whether an instance is of a family that pays for bursts by credits: the T families.
fn is_burstable(resource: &Resource) -> bool {
    let family = resource.text("instance_type").unwrap_or_default();
    family.starts_with('t') && family[1..].starts_with(|c: char| c.is_ascii_digit())
}
