//! Converts accounts, repositories and the App to the API's JSON.

use super::git::Oid;
use super::world::{Installation, Permissions, Repository, World, node};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The API's paths below a repository, by the field that names each.
const REPOSITORY_URLS: &[(&str, &str)] = &[
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// The API's paths below an account, by the field that names each.
const USER_URLS: &[(&str, &str)] = &[
    ("events_url", "/events{/privacy}"),
    ("followers_url", "/followers"),
    ("following_url", "/following{/other_user}"),
    ("gists_url", "/gists{/gist_id}"),
    ("organizations_url", "/orgs"),
    ("received_events_url", "/received_events"),
    ("repos_url", "/repos"),
    ("starred_url", "/starred{/owner}{/repo}"),
    ("subscriptions_url", "/subscriptions"),
    ("url", ""),
];

/// Returns the fields that all repositories share.
fn repository_defaults() -> Value {
    json!({
        "description": null, "fork": false, "homepage": null, "language": "HCL", "license": null,
        "mirror_url": null, "archived": false, "disabled": false, "size": 1, "topics": [],
        "has_downloads": true, "has_issues": true, "has_projects": false, "has_wiki": false,
        "has_pages": false, "has_discussions": false, "is_template": false,
        "allow_forking": true, "web_commit_signoff_required": false,
        "forks": 0, "forks_count": 0, "stargazers_count": 0, "watchers": 0, "watchers_count": 0,
        "network_count": 0, "subscribers_count": 0,
    })
}

fn with_urls(object: &mut Map<String, Value>, base: &str, urls: &[(&str, &str)]) {
    for (field, path) in urls {
        object.insert((*field).into(), format!("{base}{path}").into());
    }
}

/// Formats a time as GitHub does.
pub(super) fn time(at: Timestamp) -> Value {
    at.to_string().into()
}

/// Formats an optional time.
pub(super) fn time_or_null(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, time)
}

/// Converts permissions, by name.
pub(super) fn permissions(permissions: &Permissions) -> Value {
    let shown = |(name, level): (&String, &super::world::Level)| {
        (name.clone(), Value::from(level.as_str()))
    };
    permissions.iter().map(shown).collect()
}

impl World {
    /// Returns the id of an account: the same for a login, until the login changes hands.
    pub fn account_id(&self, login: &str) -> u64 {
        if let Some(Some(id)) = self.logins.get(&login.to_ascii_lowercase()) {
            return *id;
        }
        let fold = |sum: u64, byte: u8| (sum * 31 + u64::from(byte)) % 90_000_000;
        10_000_000 + login.to_ascii_lowercase().bytes().fold(7, fold)
    }

    /// Converts an account: organizations own repositories, the logins of bots end in `[bot]`.
    pub fn show_user(&self, login: &str) -> Value {
        let id = self.account_id(login);
        let owns = |owner: &str| owner.eq_ignore_ascii_case(login);
        let kind = match login {
            login if login.ends_with("[bot]") => "Bot",
            login if self.personal.contains(login) => "User",
            _ if self.repositories.values().any(|found| owns(&found.owner)) => "Organization",
            _ if self
                .installations
                .values()
                .any(|found| owns(&found.account)) =>
            {
                "Organization"
            }
            _ => "User",
        };
        let escaped = login.replace('[', "%5B").replace(']', "%5D");
        let mut shown = Map::from_iter([
            ("login".into(), login.into()),
            ("id".into(), id.into()),
            ("node_id".into(), node("U", id).into()),
            (
                "avatar_url".into(),
                format!("{}/avatars/{id}", self.api).into(),
            ),
            ("gravatar_id".into(), "".into()),
            ("html_url".into(), format!("{}/{escaped}", self.api).into()),
            ("type".into(), kind.into()),
            ("site_admin".into(), false.into()),
        ]);
        let base = format!("{}/users/{escaped}", self.api);
        with_urls(&mut shown, &base, USER_URLS);
        shown.into()
    }

    /// Converts a repository.
    pub fn show_repository(&self, found: &Repository) -> Value {
        let full = found.full_name();
        let html = format!("{}/{full}", self.api);
        let open = found.issues.values().filter(|issue| issue.open).count();
        let mut shown = repository_defaults();
        let own = json!({
            "id": found.id, "node_id": node("R", found.id), "name": found.name, "full_name": full,
            "owner": self.show_user(&found.owner), "private": found.private,
            "visibility": if found.private { "private" } else { "public" },
            "html_url": html, "clone_url": format!("{html}.git"), "svn_url": html,
            "git_url": format!("git://github.com/{full}.git"), "ssh_url": format!("git@github.com:{full}.git"),
            "default_branch": found.default_branch, "open_issues": open, "open_issues_count": open,
            "created_at": time(found.created), "updated_at": time(found.pushed), "pushed_at": time(found.pushed),
        });
        if let (Some(shown), Value::Object(own)) = (shown.as_object_mut(), own) {
            shown.extend(own);
            with_urls(
                shown,
                &format!("{}/repos/{full}", self.api),
                REPOSITORY_URLS,
            );
        }
        shown
    }

    /// Converts a repository for installation events, which have few fields.
    pub fn name_repository(found: &Repository) -> Value {
        json!({
            "id": found.id, "node_id": node("R", found.id), "name": found.name,
            "full_name": found.full_name(), "private": found.private,
        })
    }

    /// Returns the API address of something below a repository.
    pub fn url(&self, repository: &Repository, path: impl std::fmt::Display) -> String {
        format!("{}/repos/{}/{path}", self.api, repository.full_name())
    }

    /// Returns the page of something below a repository.
    pub fn page(&self, repository: &Repository, path: impl std::fmt::Display) -> String {
        format!("{}/{}/{path}", self.api, repository.full_name())
    }

    /// Converts the App.
    pub fn show_app(&self) -> Value {
        let app = &self.app;
        let html = format!("{}/apps/{}", self.api, app.slug);
        json!({
            "id": app.id, "slug": app.slug, "client_id": self.client_id(),
            "node_id": node("A", app.id), "owner": self.show_user("driftguard-authors"), "name": app.name,
            "description": null, "external_url": html, "html_url": html,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            "permissions": permissions(&app.permissions), "events": app.events,
            "installations_count": self.installations.len(),
        })
    }

    /// Converts an installation.
    pub fn show_installation(&self, found: &Installation) -> Value {
        let id = found.id;
        let selection = if found.selected.is_some() {
            "selected"
        } else {
            "all"
        };
        let suspended = found.suspended.then_some(found.created);
        let account = self.show_user(&found.account);
        let by = found.suspended.then(|| self.show_user(&found.account));
        json!({
            "id": id, "node_id": node("I", id), "app_id": self.app.id, "app_slug": self.app.slug,
            "client_id": self.client_id(),
            "account": account, "target_id": self.account_id(&found.account),
            "target_type": account["type"], "repository_selection": selection,
            "access_tokens_url": format!("{}/app/installations/{id}/access_tokens", self.api),
            "repositories_url": format!("{}/installation/repositories", self.api),
            "html_url": format!("{}/settings/installations/{id}", self.api),
            "permissions": permissions(&found.permissions), "events": self.app.events,
            "single_file_name": null, "has_multiple_single_files": false, "single_file_paths": [],
            "created_at": time(found.created), "updated_at": time(found.created),
            "suspended_at": time_or_null(suspended), "suspended_by": by,
        })
    }

    /// Converts a label.
    pub fn show_label(&self, found: &Repository, name: &str) -> Value {
        let id = found.labels.get(name).copied().unwrap_or_default();
        json!({
            "id": id, "node_id": node("LA", id), "url": self.url(found, format!("labels/{}", name.replace(' ', "%20"))),
            "name": name, "description": null, "color": "ededed", "default": false,
        })
    }

    /// Converts a reference to a commit.
    pub fn point_at(&self, found: &Repository, commit: &Oid) -> Value {
        json!({
            "sha": commit, "url": self.url(found, format!("git/commits/{commit}")),
            "html_url": self.page(found, format!("commit/{commit}")),
        })
    }
}
