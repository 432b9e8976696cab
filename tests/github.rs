//! The App against the stand-in: what goes wrong on the way leaves no second pull request and no lost one.

use crate::openapi;
use driftguard::github::{
    CheckRun, Conclusion, Fence, GitHub as App, GithubError, ProposeOutcome, ProposedPullRequest,
    Repository, Reviewers,
};
use driftguard::model::{InstallationId, RepositoryId, RepositoryName};
use driftguard::standin::github::{AppIdentity, Content, Fault, GitHub};
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const BRANCH: &str = "driftguard/production/adopt";

/// A fence that lets so many requests through.
struct Turnstile(AtomicUsize);

impl Fence for Turnstile {
    fn may_write(&self) -> BoxFuture<'_, bool> {
        let one_less = |left: usize| left.checked_sub(1);
        let passed = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        Box::pin(std::future::ready(passed.is_ok()))
    }
}

struct Desk {
    github: GitHub,
    app: App,
    id: RepositoryId,
    repository: Repository,
    installation: u64,
}

impl Desk {
    async fn open() -> Self {
        let identity = AppIdentity::fresh(7, "hook").unwrap();
        let github = GitHub::start(&identity, openapi::validator())
            .await
            .unwrap();
        let id = github.create_repository("acme/shop", true);
        let files = [
            ("infra/a b/main.tf", Content::from("a = 1\r\n")),
            ("infra/link.tf", Content::Link("main.tf".to_owned())),
            ("infra/run.sh", Content::Executable(b"#!/bin/sh\n".to_vec())),
            ("photo.png", Content::from("png")),
        ];
        github.push("acme/shop", "main", "alice", &files).await;
        let installation = github.install("acme").await;
        let app = App::new(github.url(), 7, &identity.key.into()).unwrap();
        let id = RepositoryId(id);
        let name = RepositoryName::new("acme/shop").unwrap();
        let repository = app.repository(InstallationId(installation), id, name);
        Self {
            github,
            app,
            id,
            repository,
            installation,
        }
    }

    /// Keeps what is written from now on to a fence that lets so many requests through.
    fn fence_off(&mut self, lets_through: usize) {
        let fence = Arc::new(Turnstile(AtomicUsize::new(lets_through)));
        let name = RepositoryName::new("acme/shop").unwrap();
        let app = self.app.guarded_by(fence);
        self.repository = app.repository(InstallationId(self.installation), self.id, name);
    }

    /// How many requests arrived that change something.
    fn writes(&self) -> usize {
        let seen = self.github.requests().into_iter();
        seen.filter(|seen| seen.method != "GET" && !seen.path.ends_with("/access_tokens"))
            .count()
    }

    /// Proposes this content of a file, as often as it takes.
    async fn propose(&self, text: &str) -> Result<ProposeOutcome, GithubError> {
        self.propose_in(&["infra/a b/main.tf"], text).await
    }

    /// The same for several files.
    async fn propose_in(&self, paths: &[&str], text: &str) -> Result<ProposeOutcome, GithubError> {
        let head = self.repository.head().await?.unwrap();
        let file = |path: &&str| ((*path).to_owned(), text.as_bytes().to_vec());
        let files: BTreeMap<_, _> = paths.iter().map(file).collect();
        let labels = ["drift".to_owned()];
        let wanted = ProposedPullRequest {
            branch: BRANCH,
            base: &head.default_branch,
            commit: &head.commit,
            title: "Take over a change",
            body: text,
            message: "Take over a change",
            files: &files,
            labels: &labels,
            reviewers: &Reviewers::default(),
            draft: false,
            recreate: false,
            known: None,
        };
        self.repository.propose(&wanted).await
    }
}

#[tokio::test]
async fn a_repository_is_read_as_it_was_committed() {
    let desk = Desk::open().await;
    let head = desk.repository.head().await.unwrap().unwrap();
    assert!(head.private && head.default_branch == "main");
    let tree = desk.repository.tree(&head.commit).await.unwrap();
    assert_eq!(tree.text("infra/a b/main.tf"), Some("a = 1\r\n"));
    assert!(tree.links.contains_key("infra/link.tf"));
    assert_eq!(tree.files.len(), 2, "only what a scan reads");
    let tokens = desk
        .github
        .requests()
        .into_iter()
        .filter(|seen| seen.path.ends_with("/access_tokens"));
    let tokens: Vec<_> = tokens.collect();
    assert_eq!(tokens.len(), 1, "one token for all of it");
    assert!(
        tokens[0].body.contains("repository_ids"),
        "narrowed to the repository"
    );
}

#[tokio::test]
async fn what_github_does_not_list_is_read_and_not_edited() {
    let desk = Desk::open().await;
    let head = desk.repository.head().await.unwrap().unwrap();
    let whole = desk.repository.tree(&head.commit).await.unwrap();
    assert!(whole.unverified.is_empty());
    desk.github.list_at_most(0);
    let tree = desk.repository.tree(&head.commit).await.unwrap();
    assert!(tree.unverified.contains("infra/a b/main.tf"));
    assert!(tree.text("infra/a b/main.tf").is_some());
}

#[tokio::test]
async fn a_pull_request_is_opened_updated_left_as_it_is_and_closed() {
    let desk = Desk::open().await;
    let ProposeOutcome::Opened(number) = desk.propose("a = 2\r\n").await.unwrap() else {
        panic!("it is new");
    };
    assert_eq!(
        desk.propose("a = 2\r\n").await.unwrap(),
        ProposeOutcome::Unchanged(number)
    );
    assert_eq!(
        desk.propose("a = 3\r\n").await.unwrap(),
        ProposeOutcome::Updated(number)
    );
    assert_eq!(
        desk.github
            .file("acme/shop", BRANCH, "infra/a b/main.tf")
            .unwrap(),
        b"a = 3\r\n"
    );
    let pull = &desk.github.pull_requests("acme/shop")[0];
    assert_eq!(
        (pull.commits.len(), pull.labels.as_slice()),
        (1, ["drift".to_owned()].as_slice())
    );

    assert_eq!(
        desk.repository
            .withdraw(BRANCH, "It is gone.")
            .await
            .unwrap(),
        Some(number)
    );
    assert!(!desk.github.pull_requests("acme/shop")[0].open);
    let said = &desk.github.comments("acme/shop")[0].body;
    assert!(said.starts_with("It is gone."), "{said}");
    assert_eq!(desk.github.branches("acme/shop"), ["main"]);
    assert_eq!(desk.github.violations(), [""; 0]);
}

#[tokio::test]
async fn a_file_keeps_its_mode_and_nothing_but_a_file_is_written() {
    let desk = Desk::open().await;
    let paths = [
        "infra/a b/main.tf",
        "infra/run.sh",
        "infra/new/main.tf",
        "new.tf",
    ];
    desk.propose_in(&paths, "a = 2\r\n").await.unwrap();
    let modes = paths.map(|path| desk.github.mode("acme/shop", BRANCH, path).unwrap());
    assert_eq!(modes, ["100644", "100755", "100644", "100644"]);
    for (path, problem) in [
        ("infra/link.tf", "symbolic link"),
        ("infra/link.tf/x.tf", "symbolic link"),
        ("infra/a b", "same name"),
        ("photo.png/x.tf", "same name"),
    ] {
        let refused = desk.propose_in(&[path], "a = 3\r\n").await.unwrap_err();
        assert!(refused.to_string().contains(problem), "{path}: {refused}");
    }
    assert_eq!(desk.github.violations(), [""; 0]);
}

#[tokio::test]
async fn once_a_person_commits_the_branch_is_theirs() {
    let desk = Desk::open().await;
    let number = desk.propose("a = 2\r\n").await.unwrap().number();
    desk.github
        .push(
            "acme/shop",
            BRANCH,
            "alice",
            &[("infra/a b/main.tf", Content::from("a = 9\r\n"))],
        )
        .await;
    assert_eq!(
        desk.propose("a = 3\r\n").await.unwrap(),
        ProposeOutcome::TakenOver(number)
    );
    assert_eq!(
        desk.repository
            .withdraw(BRANCH, "It is gone.")
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        desk.github
            .file("acme/shop", BRANCH, "infra/a b/main.tf")
            .unwrap(),
        b"a = 9\r\n"
    );
}

#[tokio::test]
async fn whatever_goes_wrong_there_is_one_pull_request_in_the_end() {
    let wrong = [
        Fault::Status(500),
        Fault::Status(502),
        Fault::SecondaryLimit,
        Fault::LostResponse,
        Fault::StaleToken,
    ];
    let requests = [
        "POST /repos/{owner}/{repo}/git/trees",
        "POST /repos/{owner}/{repo}/git/commits",
        "POST /repos/{owner}/{repo}/git/refs",
        "POST /repos/{owner}/{repo}/pulls",
        "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
        "GET /repos/{owner}/{repo}/pulls",
    ];
    for fault in wrong {
        for request in requests {
            let desk = Desk::open().await;
            desk.github.fail_next(request, fault);
            // A job that fails is run again.
            let mut tries = 0;
            let number = loop {
                tries += 1;
                match desk.propose("a = 2\r\n").await {
                    Ok(done) => break done.number(),
                    Err(error) => assert!(tries < 3, "{fault:?} at {request}: {error}"),
                }
            };
            let pulls = desk.github.pull_requests("acme/shop");
            assert_eq!(pulls.len(), 1, "{fault:?} at {request}");
            assert_eq!((pulls[0].number, pulls[0].open), (number, true));
            assert_eq!(pulls[0].labels, ["drift"], "{fault:?} at {request}");
        }
    }
}

#[tokio::test]
async fn a_check_that_says_the_same_stands_once_on_a_commit() {
    let desk = Desk::open().await;
    let commit = desk.repository.head().await.unwrap().unwrap().commit;
    for title in ["first", "second", "second"] {
        let check = CheckRun {
            name: "DriftGuard / production",
            commit: &commit,
            conclusion: Conclusion::Neutral,
            title,
            summary: "a summary",
            text: "",
            annotations: &[],
        };
        desk.repository.create_check_run(&check).await.unwrap();
    }
    let checks = desk.github.check_runs("acme/shop");
    let titles: Vec<_> = checks.iter().map(|check| check.title.as_str()).collect();
    assert_eq!(
        titles,
        ["first", "second"],
        "said twice, it stands there once"
    );
}

#[tokio::test]
async fn each_request_that_writes_asks_the_fence_first_and_none_that_reads() {
    for lets_through in 0.. {
        let mut desk = Desk::open().await;
        desk.fence_off(lets_through);
        match desk.propose("a = 2\r\n").await {
            Ok(proposing) => {
                assert!(
                    matches!(proposing, ProposeOutcome::Opened(_)),
                    "{proposing:?}"
                );
                assert!(
                    lets_through >= 4,
                    "a tree, a commit, a branch, a pull request"
                );
                assert_eq!(desk.writes(), lets_through);
                return;
            }
            Err(GithubError::NotHeld(_)) => assert_eq!(desk.writes(), lets_through),
            Err(error) => panic!("{lets_through}: {error}"),
        }
    }
}

#[tokio::test]
async fn each_try_of_a_request_asks_the_fence_anew() {
    let mut desk = Desk::open().await;
    let request = "POST /repos/{owner}/{repo}/git/trees";
    for _ in 0..2 {
        desk.github.fail_next(request, Fault::Status(502));
    }
    desk.fence_off(1);
    let refused = desk.propose("a = 2\r\n").await;
    assert!(
        matches!(refused, Err(GithubError::NotHeld(_))),
        "{refused:?}"
    );
    assert_eq!(desk.writes(), 1, "not tried again");
}

const SARIF: &str = r#"{"version": "2.1.0", "runs": [{"results": []}]}"#;

#[tokio::test]
async fn results_reach_code_scanning_with_a_token_for_nothing_else() {
    let desk = Desk::open().await;
    let commit = desk.repository.head().await.unwrap().unwrap().commit;
    let uploaded = desk
        .repository
        .upload_sarif(&commit, "refs/heads/main", SARIF)
        .await;
    uploaded.unwrap();
    let analysis = &desk.github.analyses("acme/shop")[0];
    assert_eq!(
        (&analysis.commit, analysis.reference.as_str()),
        (&commit, "refs/heads/main")
    );
    assert_eq!(
        analysis.sarif.to_string().len(),
        SARIF.replace(' ', "").len()
    );
    let tokens: Vec<_> = desk
        .github
        .requests()
        .into_iter()
        .filter(|seen| seen.path.ends_with("/access_tokens"))
        .map(|seen| seen.body.contains("security_events"))
        .collect();
    assert_eq!(tokens, [false, true]);
    assert_eq!(desk.github.violations(), [""; 0]);
    let wrong = desk.repository.upload_sarif(&commit, "main", SARIF).await;
    assert!(
        matches!(wrong, Err(GithubError::Invalid { .. })),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn where_code_scanning_is_off_or_not_permitted_the_rest_goes_on() {
    for off in [true, false] {
        let desk = Desk::open().await;
        match off {
            true => desk.github.disable_code_scanning("acme/shop"),
            false => desk.github.withhold(desk.installation, "security_events"),
        }
        let commit = desk.repository.head().await.unwrap().unwrap().commit;
        let refused = desk
            .repository
            .upload_sarif(&commit, "refs/heads/main", SARIF)
            .await;
        assert!(
            matches!(refused, Err(GithubError::NoCodeScanning(_))),
            "{refused:?}"
        );
        desk.propose("a = 2\r\n").await.unwrap();
        assert_eq!(desk.github.pull_requests("acme/shop").len(), 1);
    }
}

#[tokio::test]
async fn what_the_app_may_not_see_is_not_found_and_no_secret_is_in_the_error() {
    let desk = Desk::open().await;
    let identity = AppIdentity::fresh(8, "hook").unwrap();
    let app = App::new(desk.github.url(), 8, &identity.key.clone().into()).unwrap();
    let name = RepositoryName::new("acme/shop").unwrap();
    let stranger = app.repository(InstallationId(desk.installation), RepositoryId(1), name);
    let error = format!("{:?}", stranger.head().await.unwrap_err());
    let key = identity.key.lines().nth(1).unwrap();
    assert!(
        !error.contains(key) && !error.contains("ghs_") && !error.contains("eyJ"),
        "{error}"
    );
}

#[tokio::test]
async fn a_public_repository_that_took_over_the_name_is_not_taken_for_ours() {
    let desk = Desk::open().await;
    desk.github.create_repository("mallory/shop", false);
    let files = [("main.tf", Content::from("a = 1\n"))];
    desk.github
        .push("mallory/shop", "main", "mallory", &files)
        .await;
    let name = RepositoryName::new("mallory/shop").unwrap();
    let installation = InstallationId(desk.installation);
    let repository = desk.app.repository(installation, desk.id, name);
    let error = repository.head().await.unwrap_err();
    assert!(matches!(error, GithubError::NotFound(_)), "{error:?}");
    let told = error.to_string();
    assert!(told.contains("under the name mallory/shop"), "{told}");
}

#[tokio::test]
async fn what_others_wrote_is_read_no_further_than_up_to_ones_own() {
    let desk = Desk::open().await;
    let propose = desk.propose("a = 2\r\n").await.unwrap();
    let ProposeOutcome::Opened(number) = propose else {
        panic!("{propose:?}")
    };
    let first = desk.repository.upsert_comment(number, "story", "", "One.");
    let first = first.await.unwrap();
    for _ in 0..210 {
        desk.github
            .comment("acme/shop", number, "alice", "Hm.")
            .await;
    }
    let pages = || {
        let seen = desk.github.requests().into_iter();
        seen.filter(|seen| seen.method == "GET" && seen.path.contains("/comments"))
            .count()
    };
    let before = pages();
    let again = desk.repository.upsert_comment(number, "story", "", "Two.");
    assert_eq!(again.await.unwrap(), first);
    assert_eq!(pages() - before, 1);
    let other = desk
        .repository
        .upsert_comment(number, "other", "", "Three.");
    assert_ne!(other.await.unwrap(), first);
    assert_eq!(
        pages() - before,
        1 + 3,
        "all of them, for what is not there"
    );
}
