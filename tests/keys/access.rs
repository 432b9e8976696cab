//! What GitHub says of a key's person, asked as the App: by login, held to the id, for a repository whatever its name.

use driftguard::config::Config;
use driftguard::jobs::write_access::AppAccess;
use driftguard::model::{InstallationId, RepositoryId};
use driftguard::queue::access_check::{AccessChecker, AccessUnknown, WriteAccess, WriteCheck};
use driftguard::standin::github::{AppIdentity, Fault, GitHub};
use std::time::Duration;

/// GitHub with a shop, and the App that asks about dave.
struct Asking {
    github: GitHub,
    access: AppAccess,
    installation: u64,
    shop: u64,
}

impl Asking {
    async fn start() -> Self {
        let identity = AppIdentity::fresh(7, "hook").unwrap();
        let validator = crate::openapi::validator();
        let github = GitHub::start(&identity, validator).await.unwrap();
        let shop = github.create_repository("acme/shop", true);
        github.create_repository("acme/other", false);
        let installation = github.install("acme").await;
        let config = Config::read(|name| {
            let text = match name {
                "GITHUB_APP_ID" => "7",
                "GITHUB_PRIVATE_KEY" => identity.key.as_str(),
                "GITHUB_WEBHOOK_SECRET" => "hush",
                "GITHUB_API_URL" => github.url(),
                "DRIFTGUARD_SECRET_KEY" => crate::pages::site::KEY,
                "DATABASE_URL" => "sqlite:///nowhere.db",
                _ => return None,
            };
            Some(text.to_owned())
        });
        let config = config.unwrap();
        let access = AppAccess::connect(&config, config.app.as_ref().unwrap()).unwrap();
        Self {
            github,
            access,
            installation,
            shop,
        }
    }

    async fn ask(&self) -> Result<WriteAccess, AccessUnknown> {
        let check = WriteCheck {
            installation: InstallationId(self.installation),
            repository: RepositoryId(self.shop),
            login: "dave".to_owned(),
            person: 4711,
        };
        self.access.write_access(check).await
    }
}

#[tokio::test]
async fn a_person_may_write_by_each_role_that_pushes() {
    let asking = Asking::start().await;
    let github = &asking.github;
    github.permit("acme/shop", "dave", "admin");
    assert_eq!(asking.ask().await, Ok(WriteAccess::NobodyThere));
    github.give_login("dave", 4711);
    for (role, access) in [
        ("admin", WriteAccess::Granted),
        ("maintain", WriteAccess::Granted),
        ("write", WriteAccess::Granted),
        ("triage", WriteAccess::Denied),
        ("read", WriteAccess::Denied),
        ("none", WriteAccess::Denied),
    ] {
        github.permit("acme/shop", "dave", role);
        assert_eq!(asking.ask().await, Ok(access), "{role}");
    }
    github.permit("acme/shop", "dave", "write");
    github.rename_person("dave", "david");
    assert_eq!(asking.ask().await, Ok(WriteAccess::NobodyThere));
    assert_eq!(github.violations(), [""; 0]);
}

#[tokio::test]
async fn a_repository_is_asked_about_under_the_name_that_it_has_now() {
    let asking = Asking::start().await;
    let github = &asking.github;
    github.give_login("dave", 4711);
    github.permit("acme/shop", "dave", "write");
    github.rename("acme/shop", "store", "alice").await;
    // Another one has the old name, where dave may do nothing.
    github.rename("acme/other", "shop", "alice").await;
    assert_eq!(asking.ask().await, Ok(WriteAccess::Granted));
    github.permit("acme/store", "dave", "read");
    github.permit("acme/shop", "dave", "admin");
    assert_eq!(asking.ask().await, Ok(WriteAccess::Denied));
    github.uninstall(asking.installation).await;
    let lost = asking.ask().await;
    assert!(lost != Ok(WriteAccess::Granted), "{lost:?}");
}

#[tokio::test]
async fn a_repository_that_the_installation_does_not_have_is_lost() {
    let mut asking = Asking::start().await;
    asking.github.give_login("dave", 4711);
    asking.shop = asking.github.create_repository("globex/site", false);
    asking.github.permit("globex/site", "dave", "admin");
    let lost = asking.ask().await;
    assert_eq!(lost, Ok(WriteAccess::RepositoryLost));
}

#[tokio::test]
async fn what_github_does_not_say_is_no_answer() {
    let asking = Asking::start().await;
    let github = &asking.github;
    github.give_login("dave", 4711);
    github.permit("acme/shop", "dave", "write");
    github.fail_all(Some(Fault::Status(502)));
    let unknown = asking.ask().await.unwrap_err();
    assert!(unknown.retry_after >= Duration::from_secs(1), "{unknown:?}");
    github.fail_all(None);
    github.suspend(asking.installation, true).await;
    let unknown = asking.ask().await.unwrap_err();
    assert!(unknown.reason.contains("suspended"), "{unknown:?}");
    github.suspend(asking.installation, false).await;
    github.refuse_tokens(asking.installation);
    asking.ask().await.unwrap_err();
}
