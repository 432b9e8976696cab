//! Reads the attributes of instances that no list has.
//!
//! Launch template data hold most of them in one call. Where that call is not allowed, each attribute takes a call of
//! its own; so does user data, which may be longer than a template allows.

use crate::aws::Session;
use crate::model::{Reason, Resource};
use aws_sdk_ec2::types::InstanceAttributeName;
use futures::future::join_all;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// An attribute of an instance that no list has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aspect {
    /// User data, in Base64.
    UserData(Option<String>),
    /// A protection flag, by the provider's name.
    Flag(&'static str, bool),
    /// The shutdown behavior.
    Shutdown(Option<String>),
    /// The CPU credit mode of a burstable instance.
    Credits(Option<String>),
}

/// The IAM action that reads most attributes at once.
pub(super) const TEMPLATE: &str = "ec2:GetLaunchTemplateData";
/// The IAM action that reads one attribute.
pub(super) const ATTRIBUTE: &str = "ec2:DescribeInstanceAttribute";
/// The IAM action that reads CPU credit modes.
pub(super) const CREDITS: &str = "ec2:DescribeInstanceCreditSpecifications";

/// The attributes that take a call each.
const SINGLE_CALL_ATTRIBUTES: &[InstanceAttributeName] = &[
    InstanceAttributeName::UserData,
    InstanceAttributeName::DisableApiTermination,
    InstanceAttributeName::DisableApiStop,
    InstanceAttributeName::InstanceInitiatedShutdownBehavior,
];
/// How many instances a scan reads: each takes a call or two. Of more instances, another part is read every hour.
const MAX_INSTANCES: usize = 200;
/// How many instances one call for CPU credit modes names.
const CREDITS_PER_CALL: usize = 100;

/// Reads the attributes of each tracked instance, by id. What cannot be read is left out, and so causes no finding.
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
    for some in burstable.chunks(CREDITS_PER_CALL) {
        let ids = some.iter().map(|resource| resource.id.clone()).collect();
        let request = session.ec2().describe_instance_credit_specifications();
        let request = request.set_instance_ids(Some(ids)).send();
        let Ok(answer) = session.call(CREDITS, request).await else {
            continue;
        };
        for specification in answer.instance_credit_specifications() {
            let id = specification.instance_id().unwrap_or_default().to_owned();
            let aspect = Aspect::Credits(specification.cpu_credits().map(str::to_owned));
            found.entry(id).or_default().push(aspect);
        }
    }
    found
}

/// Reads the attributes of one instance, in as few calls as possible.
async fn of_one(session: &Session, id: &str) -> Vec<Aspect> {
    let request = session.ec2().get_launch_template_data().instance_id(id);
    let answer = session.call(TEMPLATE, request.send()).await;
    let data = answer
        .ok()
        .and_then(|answer| answer.launch_template_data().cloned());
    let Some(data) = data else {
        let asked = SINGLE_CALL_ATTRIBUTES
            .iter()
            .map(|name| read_attribute(session, id, name.clone()));
        let answers = join_all(asked).await;
        return answers
            .into_iter()
            .filter_map(|answer| answer.ok().flatten())
            .collect();
    };
    let flag = |name, flag: Option<bool>| flag.map(|flag| Aspect::Flag(name, flag));
    let shutdown = data.instance_initiated_shutdown_behavior();
    let user_data = match data.user_data().filter(|data| !data.is_empty()) {
        Some(data) => Some(Aspect::UserData(Some(data.to_owned()))),
        None => {
            let asked = read_attribute(session, id, InstanceAttributeName::UserData).await;
            asked.ok().flatten()
        }
    };
    let aspects = [
        user_data,
        flag("disable_api_termination", data.disable_api_termination()),
        flag("disable_api_stop", data.disable_api_stop()),
        shutdown.map(|behavior| Aspect::Shutdown(Some(behavior.as_str().to_owned()))),
    ];
    aspects.into_iter().flatten().collect()
}

async fn read_attribute(
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

/// Returns the instances to read in this hour.
fn turn<'a>(tracked: &[&'a Resource]) -> Vec<&'a Resource> {
    if tracked.len() <= MAX_INSTANCES {
        return tracked.to_vec();
    }
    let hours = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 3600);
    let start = usize::try_from(hours)
        .unwrap_or_default()
        .wrapping_mul(MAX_INSTANCES)
        % tracked.len();
    tracked
        .iter()
        .copied()
        .cycle()
        .skip(start)
        .take(MAX_INSTANCES)
        .collect()
}

/// Returns whether an instance uses CPU credits: the T families.
fn is_burstable(resource: &Resource) -> bool {
    let family = resource.text("instance_type").unwrap_or_default();
    family.starts_with('t') && family[1..].starts_with(|c: char| c.is_ascii_digit())
}
