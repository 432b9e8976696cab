//! Runs the commands of a comment: acknowledges them at once, and answers in one reply that is edited as the work goes on.

use super::context::RepositoryContext;
use super::scan::{self, ScanOutcome};
use super::services::Services;
use super::steps::audit::EffectSource;
use super::steps::effects::apply_effects;
use super::steps::orders::{CommandText, applied_effects, parse_once};
use super::steps::reply::reply;
use super::steps::repository_settings::{self, may_publish};
use crate::commands::{self, Effect};
use crate::github::Comment;
use crate::model::{AuditVia, InstallationId, RepositoryId};
use crate::queue::job::{JobError, Trigger};
use crate::report;
use crate::store::OrderKey;

/// The reply to a person without write permission, sent once.
const REFUSED: &str = "Thank you, but only people with write permission on this repository can use commands. \
                       Somebody who has it can repeat the line.";
/// The reply in a public repository.
const PUBLIC: &str = "This repository is public, so DriftGuard does not discuss its drift here. \
                      `pull_requests.public: true` in `.driftguard.yml` allows it.";
/// The reply in a repository that is not set up.
const NOT_READY: &str = "DriftGuard is not set up here yet: the default branch has no `.driftguard.yml`, or one that cannot be read.";
/// The end of a reply to a person who lost write permission while it was worked on.
const LEFT_UNDONE: &str =
    "By now you may not write to this repository: what was not done until then is left undone.";
/// The beginning of a reply while the work goes on.
const UNDER_WAY: &str = "On it.";

/// Reacts to a comment, so that its author sees that the commands were received.
pub(super) async fn acknowledge(
    services: &Services,
    installation: InstallationId,
    id: RepositoryId,
    comment: u64,
) -> anyhow::Result<()> {
    let Some(known) = services.store.of(installation).repository(id).await? else {
        return Ok(());
    };
    let repository = services.github.repository(installation, id, known.name);
    let Some(found) = repository.comment(comment).await? else {
        return Ok(());
    };
    let asks = !found.bot && !commands::read(&found.body).is_empty();
    if asks && repository.may_write(&found.author).await? {
        repository.react(comment).await?;
    }
    Ok(())
}

/// Answers a comment with commands, if it is on a pull request or on the dashboard.
pub(super) async fn run(
    context: &RepositoryContext<'_>,
    issue: u64,
    comment: u64,
    at: i64,
) -> Result<(), JobError> {
    let repository = &context.repository;
    let Some(comment) = repository.comment(comment).await? else {
        return Ok(());
    };
    if comment.bot || commands::read(&comment.body).is_empty() {
        return Ok(());
    }
    let counts = context.tenant.dashboard(context.id).await? == Some(issue)
        || repository
            .issue(issue)
            .await?
            .is_some_and(|issue| issue.pull);
    if !counts {
        return Ok(());
    }
    let mut standing = None;
    if !repository.may_write(&comment.author).await? {
        // What an earlier try did, while the person might write, stands.
        let (source, key) = (source(issue, &comment, at), OrderKey::Comment(comment.id));
        let applied = applied_effects(context, &source, key).await?;
        if applied.is_empty() {
            return refuse(context, issue, &comment).await;
        }
        standing = Some(applied);
    }
    let closed = match repository_settings::of_default_branch(context).await? {
        None => Some(NOT_READY),
        Some(settings) if !may_publish(context, &settings) => Some(PUBLIC),
        Some(_) => None,
    };
    if let Some(closed) = closed {
        return reply(context, issue, &comment, closed).await;
    }
    run_commands(context, issue, (&comment, at), standing).await
}

/// Returns who asks by a comment.
fn source(issue: u64, comment: &Comment, at: i64) -> EffectSource<'_> {
    EffectSource {
        issue: Some(issue),
        person: &comment.author,
        at,
        via: AuditVia::Comment,
        key: format!("comment/{}", comment.id),
        api_key: None,
    }
}

/// Parses the commands of a comment once, runs them, and replies. Where the person may not write any more, only the
/// effects that stand are completed.
async fn run_commands(
    context: &RepositoryContext<'_>,
    issue: u64,
    (comment, at): (&Comment, i64),
    standing: Option<Vec<Effect>>,
) -> Result<(), JobError> {
    let key = OrderKey::Comment(comment.id);
    let commands = CommandText {
        key,
        text: &comment.body,
        person: &comment.author,
        at,
    };
    let Some(mut answer) = parse_once(context, commands).await? else {
        return Ok(());
    };
    if let Some(standing) = standing {
        let asked = answer.effects.len();
        answer.effects.retain(|effect| standing.contains(effect));
        if answer.effects.len() < asked {
            answer.reply.push(LEFT_UNDONE.to_owned());
        }
    }
    let answered = answer.reply.join("\n\n");
    // Once more, should it have failed before its turn.
    context.repository.react(comment.id).await?;
    if !answer.effects.is_empty() {
        reply(
            context,
            issue,
            comment,
            &format!("{UNDER_WAY}\n\n{answered}"),
        )
        .await?;
    }
    let source = source(issue, comment, at);
    let mut applied = apply_effects(context, &source, &answer.effects).await?;
    let mut outcome = ScanOutcome::default();
    if let Some(target) = &applied.scan {
        outcome = scan::run_for_command(context, target.stack(), Trigger::Command).await?;
    }
    let mut paragraphs = vec![answered];
    paragraphs.extend(outcome.stacks.into_iter().map(|stack| stack.0));
    paragraphs.append(&mut applied.done);
    let problems = applied.problems.iter().chain(&outcome.problems);
    paragraphs.extend(problems.map(|text| report::sentence(text).to_string()));
    let text = report::fit_comment(&paragraphs.join("\n\n"));
    reply(context, issue, comment, &text).await?;
    Ok(context.tenant.end_order(context.id, key).await?)
}

/// Replies, once per person and issue, that commands need write permission.
async fn refuse(
    context: &RepositoryContext<'_>,
    issue: u64,
    comment: &Comment,
) -> Result<(), JobError> {
    let person = &comment.author;
    let tenant = &context.tenant;
    if tenant.is_refused(context.id, issue, person).await? {
        return Ok(());
    }
    reply(context, issue, comment, REFUSED).await?;
    Ok(tenant.record_refusal(context.id, issue, person).await?)
}
