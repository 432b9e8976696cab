//! Writes what people decide into the audit log.

use crate::commands::Effect;
use crate::jobs::context::RepositoryContext;
use crate::model::{ApiKeyUse, AuditEntry, AuditVia, Choice, Decision};
use crate::queue::job::OrderOrigin;
use crate::queue::now;
use crate::report::minute;

/// Who asks for effects, and where.
#[derive(Debug, Clone)]
pub(in crate::jobs) struct EffectSource<'a> {
    /// The issue or pull request that the commands are on; `None` where they are on none.
    pub issue: Option<u64>,
    /// The login of the person.
    pub person: &'a str,
    /// When the person asked, in epoch milliseconds.
    pub at: i64,
    /// Where the person asked.
    pub via: AuditVia,
    /// What tells it from everything else that is asked for in the repository.
    pub key: String,
    /// The key of the API that it came with.
    pub api_key: Option<&'a ApiKeyUse>,
}

impl<'a> EffectSource<'a> {
    /// Returns who asks by an order of a page or the API.
    pub(in crate::jobs) fn of_order(person: &'a str, at: i64, via: OrderOrigin, id: &str) -> Self {
        Self {
            issue: None,
            person,
            at,
            via: match via {
                OrderOrigin::Page => AuditVia::Page,
                OrderOrigin::Api => AuditVia::Api,
            },
            key: format!("order/{id}"),
            api_key: None,
        }
    }

    /// Adds the key of the API that it came with.
    #[must_use]
    pub(in crate::jobs) fn with_key(self, api_key: Option<&'a ApiKeyUse>) -> Self {
        Self { api_key, ..self }
    }
}

/// What is written into the audit log.
#[derive(Debug, Clone, Default)]
pub(in crate::jobs) struct Act<'a> {
    pub action: &'a str,
    pub stack: &'a str,
    pub finding: &'a str,
    pub detail: String,
}

impl<'a> Act<'a> {
    /// Describes what is done to a stack; to the whole repository where its name is empty.
    pub(in crate::jobs) fn new(action: &'a str, stack: &'a str) -> Self {
        Self {
            action,
            stack,
            ..Self::default()
        }
    }

    /// Describes an effect.
    pub(in crate::jobs) fn of(effect: &'a Effect) -> Self {
        match effect {
            Effect::Decide(decision) => Self::decision(decision),
            Effect::Scan(stack) => {
                Self::new("scan", stack.as_ref().map_or("", |stack| stack.as_str()))
            }
            Effect::Assign(person) => Self {
                action: "assign",
                detail: person.clone(),
                ..Self::default()
            },
            Effect::RotateSecret { .. } => Self::new("rotate-secret", ""),
        }
    }

    /// Describes a decision about a finding.
    pub(in crate::jobs) fn decision(decision: &'a Decision) -> Self {
        let (action, detail) = match &decision.choice {
            Choice::Adopt => ("adopt", String::new()),
            Choice::Restore => ("restore", String::new()),
            Choice::Import => ("import", String::new()),
            Choice::Ignore { until, reason } => {
                let until = until.as_ref().map(|day| format!("until {day}: "));
                ("ignore", format!("{}{reason}", until.unwrap_or_default()))
            }
            Choice::Snooze { until } => ("snooze", format!("until {}", minute(*until))),
            Choice::Decline { pull } => ("decline", format!("by closing #{pull}")),
            Choice::Applying { pull, .. } => ("restore", format!("by merging #{pull}")),
        };
        Self {
            action,
            stack: decision.stack.as_str(),
            finding: &decision.finding.0,
            detail,
        }
    }
}

/// Writes why nothing came of an order: nobody is answered.
pub(in crate::jobs) async fn record_not_done(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    reason: String,
) -> anyhow::Result<()> {
    let refused = Act {
        detail: reason,
        ..Act::new("not done", "")
    };
    record(context, source, refused).await
}

/// Writes why the scan did not come that was to follow what an order decided: the decision stands.
pub(in crate::jobs) async fn record_not_scanned(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    reason: String,
) -> anyhow::Result<()> {
    let failed = Act {
        detail: reason,
        ..Act::new("not scanned", "")
    };
    // It came of the order later.
    let given_up = EffectSource {
        at: now(),
        ..source.clone()
    };
    record(context, &given_up, failed).await
}

/// Returns whether an effect was applied before, as by an earlier try of the job.
pub(in crate::jobs) async fn is_applied(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    effect: &Effect,
) -> anyhow::Result<bool> {
    // A try may have ended between the decision and its entry.
    if let Effect::Decide(decision) = effect
        && context
            .tenant
            .decisions(context.id)
            .await?
            .contains(decision)
    {
        return Ok(true);
    }
    let key = entry_key(source, &Act::of(effect));
    context.tenant.has_audit(context.id, &key).await
}

/// Writes an entry; a repetition writes nothing.
pub(in crate::jobs) async fn record(
    context: &RepositoryContext<'_>,
    source: &EffectSource<'_>,
    act: Act<'_>,
) -> anyhow::Result<()> {
    let entry = AuditEntry {
        key: entry_key(source, &act),
        at: source.at,
        person: source.person.to_owned(),
        via: source.via,
        action: act.action.to_owned(),
        stack: act.stack.to_owned(),
        finding: act.finding.to_owned(),
        detail: match source.api_key {
            Some(ApiKeyUse { prefix, .. }) if act.detail.is_empty() => format!("with `{prefix}`"),
            Some(ApiKeyUse { prefix, .. }) => format!("with `{prefix}`: {}", act.detail),
            None => act.detail,
        },
    };
    context.tenant.record_audit(context.id, &entry).await
}

/// Returns what tells an entry from all others of the repository.
fn entry_key(source: &EffectSource<'_>, act: &Act<'_>) -> String {
    // A comment may assign several people.
    let subject = match act.action {
        "assign" => &act.detail,
        _ => act.finding,
    };
    format!("{}/{}/{}/{subject}", source.key, act.action, act.stack)
}
