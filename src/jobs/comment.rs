//! A comment with commands: seen at once, answered in one reply that is edited as the work goes on.

use super::act::Acted;
use super::bot::{Bot, Visit, judged};
use crate::commands::{self, Answer, Scene};
use crate::github::Comment;
use crate::model::{InstallationId, RepositoryId};
use crate::queue::job::JobError;
use crate::report;
use anyhow::Context;

/// What somebody without write permission is told, once.
const REFUSED: &str = "Thank you, but only people with write permission on this repository can give me commands. \
                       Somebody who has it can repeat the line.";
/// What is told in a repository that everybody sees.
const PUBLIC: &str = "This repository is public, so I say nothing about its drift here. \
                      `pull_requests.public: true` in `.driftguard.yml` allows it.";
/// What is told where nothing was set up yet.
const NOT_READY: &str = "I cannot work here yet: the default branch has no `.driftguard.yml`, or one that cannot be read.";
/// What is told where all tries failed, after the cause.
const NOT_DONE: &str = "What you asked for may be half done; say it again, and the rest is done.";
/// How a reply begins while the work goes on.
const UNDER_WAY: &str = "On it.";

impl Bot {
    /// Shows the author of a comment that its commands were seen.
    pub(super) async fn see(
        &self,
        installation: InstallationId,
        id: RepositoryId,
        comment: u64,
    ) -> anyhow::Result<()> {
        let Some(known) = self.store.of(installation).repository(id).await? else {
            return Ok(());
        };
        let repository = self.github.repository(installation, id, known.name);
        let Some(found) = repository.comment(comment).await? else {
            return Ok(());
        };
        let asks = !found.bot && !commands::read(&found.body).is_empty();
        if asks && repository.may_write(&found.author).await? {
            repository.react(comment).await?;
        }
        Ok(())
    }

    /// Says under a comment that what it asks for was not done, and why.
    pub(super) async fn apologise(
        &self,
        visit: &Visit<'_>,
        issue: u64,
        comment: u64,
        problem: &str,
    ) -> Result<(), JobError> {
        let repository = &visit.repository;
        if let Some(comment) = repository.comment(comment).await.map_err(judged)?
            && !comment.bot
            && !commands::read(&comment.body).is_empty()
            && repository
                .may_write(&comment.author)
                .await
                .map_err(judged)?
        {
            let problem = report::sentence(problem);
            let text = format!("I could not do this: {problem}. {NOT_DONE}");
            return reply(visit, issue, &comment, &text).await;
        }
        Ok(())
    }

    /// Answers a comment, if it gives commands where they count: on a pull request, or on the dashboard.
    pub(super) async fn answer(
        &self,
        visit: &Visit<'_>,
        issue: u64,
        comment: u64,
        at: i64,
    ) -> Result<(), JobError> {
        let repository = &visit.repository;
        let Some(comment) = repository.comment(comment).await.map_err(judged)? else {
            return Ok(());
        };
        if comment.bot || commands::read(&comment.body).is_empty() {
            return Ok(());
        }
        let counts = visit.tenant.dashboard(visit.id).await? == Some(issue)
            || repository
                .issue(issue)
                .await
                .map_err(judged)?
                .is_some_and(|issue| issue.pull);
        if !counts {
            return Ok(());
        }
        if !repository
            .may_write(&comment.author)
            .await
            .map_err(judged)?
        {
            return self.refuse(visit, issue, &comment).await;
        }
        let settings = self.settings(visit).await?;
        let closed = match &settings {
            None => Some(NOT_READY),
            Some(settings) if !Self::tells(visit, settings) => Some(PUBLIC),
            Some(_) => None,
        };
        if let Some(closed) = closed {
            return reply(visit, issue, &comment, closed).await;
        }
        self.obey(visit, issue, &comment, at).await
    }

    /// What a comment asks for is understood once, done, and told.
    async fn obey(
        &self,
        visit: &Visit<'_>,
        issue: u64,
        comment: &Comment,
        at: i64,
    ) -> Result<(), JobError> {
        let standings = self.standings(visit).await?;
        let scene = Scene {
            person: &comment.author,
            stacks: &standings,
            now: at,
        };
        let understood = commands::answer(&comment.body, &scene).unwrap_or_default();
        let understood = serde_json::to_string(&understood).context("while writing an answer")?;
        let order = visit.tenant.take_order(visit.id, comment.id, &understood);
        let order = order.await?;
        if order.done {
            return Ok(());
        }
        let answer: Answer =
            serde_json::from_str(&order.answer).context("while reading an answer")?;
        let said = answer.says.join("\n\n");
        // Once more, should it have failed before its turn.
        visit.repository.react(comment.id).await.map_err(judged)?;
        if !answer.effects.is_empty() {
            reply(visit, issue, comment, &format!("{UNDER_WAY}\n\n{said}")).await?;
        }
        let acted = self.act(visit, issue, &answer.effects).await?;
        let text = [vec![said], told(&acted)].concat().join("\n\n");
        reply(visit, issue, comment, &report::shortened(&text)).await?;
        Ok(visit.tenant.end_order(visit.id, comment.id).await?)
    }

    /// Says once to each person on an issue that commands are not for everybody.
    async fn refuse(
        &self,
        visit: &Visit<'_>,
        issue: u64,
        comment: &Comment,
    ) -> Result<(), JobError> {
        let person = &comment.author;
        let tenant = &visit.tenant;
        if tenant.is_refused(visit.id, issue, person).await? {
            return Ok(());
        }
        reply(visit, issue, comment, REFUSED).await?;
        Ok(tenant.refuse(visit.id, issue, person).await?)
    }
}

/// The one reply to a comment.
async fn reply(
    visit: &Visit<'_>,
    issue: u64,
    comment: &Comment,
    text: &str,
) -> Result<(), JobError> {
    let marker = answer_to(comment);
    let said = visit
        .repository
        .say(issue, &marker, &comment.created_at, text);
    said.await.map(drop).map_err(judged)
}

/// What tells the reply to a comment from every other.
fn answer_to(comment: &Comment) -> String {
    format!("answer to {}", comment.id)
}

/// What came of it, a paragraph each.
fn told(acted: &Acted) -> Vec<String> {
    let scanned = acted
        .made
        .iter()
        .map(|made| report::scanned(&made.report, &made.pulls));
    let problems = acted
        .problems
        .iter()
        .map(|text| report::sentence(text).to_string());
    scanned
        .chain(acted.done.iter().cloned())
        .chain(problems)
        .collect()
}
