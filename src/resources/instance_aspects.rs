//! What EC2 answers of an instance only when asked for it alone, or of a few at once.
//!
//! The data that a launch template would be made of hold most of it in one answer. Where that is not answered, each aspect
//! is asked for by itself; so are user data that it leaves out, which may be more than a template takes.

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

/// What reading most aspects at once needs.
pub(super) const TEMPLATE: &str = "ec2:GetLaunchTemplateData";
/// What reading one aspect needs.
pub(super) const ATTRIBUTE: &str = "ec2:DescribeInstanceAttribute";
/// What reading credits needs.
pub(super) const CREDITS: &str = "ec2:DescribeInstanceCreditSpecifications";

/// The aspects that have no bulk form.
const ASKED: &[InstanceAttributeName] = &[
    InstanceAttributeName::UserData,
    InstanceAttributeName::DisableApiTermination,
    InstanceAttributeName::DisableApiStop,
    InstanceAttributeName::InstanceInitiatedShutdownBehavior,
];
/// How many instances are asked a scan: each costs a call or two. Of more, another part every hour.
const MOST: usize = 200;
/// How many instances one question after credits names.
const CREDITS_AT_ONCE: usize = 100;

/// The aspects of each tracked instance, by id. What fails is not read, and so raises nothing.
pub(super) async fn aspects(
    session: &Session,
    tracked: &[&Resource],
) -> BTreeMap<String, Vec<Aspect>> {
    let asked = turn(tracked).into_iter().map(|resource| async move {
        let id = resource.id.as_str();
        (id.to_owned(), of_one(session, id).await)
    });
    let mut found: BTreeMap<String, Vec<Aspect>> = join_all(asked).await.into_iter().collect();
    let burstable: Vec<_> = tracked
        .iter()
        .filter(|resource| is_burstable(resource))
        .collect();
    for some in burstable.chunks(CREDITS_AT_ONCE) {
        let ids = some.iter().map(|resource| resource.id.clone()).collect();
        let request = session.ec2().describe_instance_credit_specifications();
        let request = request.set_instance_ids(Some(ids)).send();
        let Ok(answer) = session.call(CREDITS, request).await else {
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

/// The aspects of one instance, in as few questions as it takes.
async fn of_one(session: &Session, id: &str) -> Vec<Aspect> {
    let request = session.ec2().get_launch_template_data().instance_id(id);
    let answer = session.call(TEMPLATE, request.send()).await;
    let data = answer
        .ok()
        .and_then(|answer| answer.launch_template_data().cloned());
    let Some(data) = data else {
        let asked = ASKED.iter().map(|name| one(session, id, name.clone()));
        let answers = join_all(asked).await;
        return answers
            .into_iter()
            .filter_map(|one| one.ok().flatten())
            .collect();
    };
    let flag = |name, flag: Option<bool>| flag.map(|flag| Aspect::Flag(name, flag));
    let shutdown = data.instance_initiated_shutdown_behavior();
    let user_data = match data.user_data().filter(|data| !data.is_empty()) {
        Some(data) => Some(Aspect::UserData(Some(data.to_owned()))),
        None => {
            let asked = one(session, id, InstanceAttributeName::UserData).await;
            asked.ok().flatten()
        }
    };
    let told = [
        user_data,
        flag("disable_api_termination", data.disable_api_termination()),
        flag("disable_api_stop", data.disable_api_stop()),
        shutdown.map(|behavior| Aspect::Shutdown(Some(behavior.as_str().to_owned()))),
    ];
    told.into_iter().flatten().collect()
}

async fn one(
    session: &Session,
    id: &str,
    name: InstanceAttributeName,
) -> Result<Option<Aspect>, Reason> {
    let request = session
        .ec2()
        .describe_instance_attribute()
        .instance_id(id)
        .attribute(name.clone());
    let answer = session.call(ATTRIBUTE, request.send()).await?;
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
