//! Lists every path of the API, with its requirement and its handler.

use super::call::{Call, Outcome};
use super::{
    apps, archive, checks, code_scanning, comments, contents, issues, manifests, memberships,
    oauth, objects, pulls, refs,
};
use std::collections::BTreeMap;

/// What a caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requirement {
    /// Nothing.
    Nothing,
    /// The App's JWT.
    App,
    /// The App's client id and client secret.
    Client,
    /// The token of a person.
    Person,
    /// The token of any installation.
    Installation,
    /// A token with one of these permissions on the repository: read for GET, write for all else.
    Any(&'static [&'static str]),
}

/// A path of the API.
pub(super) struct Route {
    pub method: &'static str,
    pub template: &'static str,
    pub needs: Requirement,
    pub answer: Handler,
}

impl Route {
    /// Returns whether the secondary limits on created content count the request.
    pub fn creates_content(&self) -> bool {
        let shown = ["/pulls", "/issues", "/comments", "/requested_reviewers"];
        self.method == "POST" && shown.iter().any(|end| self.template.ends_with(end))
    }

    /// Returns the name by which tests select the route: `GET /app`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

const METADATA: Requirement = Requirement::Any(&["metadata"]);
const CONTENTS: Requirement = Requirement::Any(&["contents"]);
const PULLS: Requirement = Requirement::Any(&["pull_requests"]);
const CHECKS: Requirement = Requirement::Any(&["checks"]);
const SECURITY: Requirement = Requirement::Any(&["security_events"]);
/// The permission for what issues and pull requests share.
const ISSUES_OR_PULLS: Requirement = Requirement::Any(&["issues", "pull_requests"]);

type Handler = fn(&mut Call) -> Outcome;

const fn route(
    method: &'static str,
    template: &'static str,
    needs: Requirement,
    answer: Handler,
) -> Route {
    Route {
        method,
        template,
        needs,
        answer,
    }
}

/// All paths. A last parameter named `path` or `ref` includes slashes, so longer paths come first.
#[rustfmt::skip]
const ROUTES: &[Route] = &[
    route("GET", "/rate_limit", Requirement::Nothing, apps::rate_limit),
    route("POST", "/app-manifests/{code}/conversions", Requirement::Nothing, manifests::convert),
    route("GET", "/app", Requirement::App, apps::app),
    route("GET", "/app/installations", Requirement::App, apps::installations),
    route("GET", "/app/installations/{installation_id}", Requirement::App, apps::installation),
    route("POST", "/app/installations/{installation_id}/access_tokens", Requirement::App, apps::token),
    route("GET", "/app/hook/deliveries", Requirement::App, apps::deliveries),
    route("GET", "/app/hook/deliveries/{delivery_id}", Requirement::App, apps::delivery),
    route("POST", "/app/hook/deliveries/{delivery_id}/attempts", Requirement::App, apps::redeliver),
    route("GET", "/repos/{owner}/{repo}/installation", Requirement::App, apps::installation_of),
    route("DELETE", "/applications/{client_id}/token", Requirement::Client, oauth::revoke),
    route("GET", "/user", Requirement::Person, oauth::user),
    route("GET", "/user/installations", Requirement::Person, oauth::installations),
    route("GET", "/user/installations/{installation_id}/repositories", Requirement::Person, oauth::repositories),
    route("GET", "/user/memberships/orgs/{org}", Requirement::Person, memberships::own),
    route("GET", "/installation/repositories", Requirement::Installation, apps::repositories),

    route("GET", "/repos/{owner}/{repo}", METADATA, contents::repository),
    route("GET", "/repos/{owner}/{repo}/contents/{path}", CONTENTS, contents::content),
    route("GET", "/repos/{owner}/{repo}/tarball/{ref}", CONTENTS, archive::tarball),
    route("GET", "/repos/{owner}/{repo}/branches/{branch}", CONTENTS, contents::branch),

    route("POST", "/repos/{owner}/{repo}/git/blobs", CONTENTS, objects::create_blob),
    route("GET", "/repos/{owner}/{repo}/git/blobs/{file_sha}", CONTENTS, objects::blob),
    route("POST", "/repos/{owner}/{repo}/git/trees", CONTENTS, objects::create_tree),
    route("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", CONTENTS, objects::tree),
    route("POST", "/repos/{owner}/{repo}/git/commits", CONTENTS, objects::create_commit),
    route("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", CONTENTS, objects::commit),
    route("GET", "/repos/{owner}/{repo}/git/ref/{ref}", CONTENTS, refs::get),
    route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref}", CONTENTS, refs::matching),
    route("POST", "/repos/{owner}/{repo}/git/refs", CONTENTS, refs::create),
    route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", CONTENTS, refs::update),
    route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", CONTENTS, refs::delete),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", CHECKS, checks::of_commit),
    route("GET", "/repos/{owner}/{repo}/commits/{ref}", CONTENTS, objects::described_commit),
    route("GET", "/repos/{owner}/{repo}/commits", CONTENTS, objects::commits),

    route("GET", "/repos/{owner}/{repo}/pulls", PULLS, pulls::list),
    route("POST", "/repos/{owner}/{repo}/pulls", PULLS, pulls::create),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", PULLS, pulls::get),
    route("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", PULLS, pulls::update),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/commits", PULLS, pulls::commits),

    route("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", PULLS, pulls::request_reviewers),
    route("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", PULLS, pulls::files),

    route("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", METADATA, issues::permission),
    route("GET", "/repos/{owner}/{repo}/assignees/{assignee}", METADATA, issues::assignable),
    route("GET", "/repos/{owner}/{repo}/issues", ISSUES_OR_PULLS, issues::list),
    route("POST", "/repos/{owner}/{repo}/issues", Requirement::Any(&["issues"]), issues::create),
    route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", ISSUES_OR_PULLS, issues::assign),
    route("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", ISSUES_OR_PULLS, comments::react),
    route("GET", "/repos/{owner}/{repo}/issues/comments", ISSUES_OR_PULLS, comments::of_repository),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}", ISSUES_OR_PULLS, issues::get),
    route("PATCH", "/repos/{owner}/{repo}/issues/{issue_number}", ISSUES_OR_PULLS, issues::update),
    route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", ISSUES_OR_PULLS, issues::add_labels),
    route("GET", "/repos/{owner}/{repo}/issues/{issue_number}/comments", ISSUES_OR_PULLS, comments::list),
    route("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", ISSUES_OR_PULLS, comments::create),
    route("GET", "/repos/{owner}/{repo}/issues/comments/{comment_id}", ISSUES_OR_PULLS, comments::get),
    route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", ISSUES_OR_PULLS, comments::update),
    route("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment_id}", ISSUES_OR_PULLS, comments::delete),

    route("POST", "/repos/{owner}/{repo}/check-runs", CHECKS, checks::create),
    route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", CHECKS, checks::get),
    route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", CHECKS, checks::update),

    route("POST", "/repos/{owner}/{repo}/code-scanning/sarifs", SECURITY, code_scanning::upload),
];

/// The parameters of a path.
pub(super) type PathParameters = BTreeMap<&'static str, String>;

/// Returns the route of a request.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Route, PathParameters)> {
    let mut fitting = ROUTES.iter().filter(|route| route.method == method);
    fitting.find_map(|route| Some((route, parts(route.template, path)?)))
}

fn parts(template: &'static str, path: &str) -> Option<PathParameters> {
    let mut found = PathParameters::new();
    let mut rest = path.strip_prefix('/')?;
    let mut steps = template.split('/').skip(1).peekable();
    while let Some(step) = steps.next() {
        let last = steps.peek().is_none();
        let open = step
            .strip_prefix('{')
            .and_then(|step| step.strip_suffix('}'));
        let swallows = last && matches!(open, Some("path" | "ref" | "branch"));
        let part = match rest.split_once('/') {
            Some((part, after)) if !swallows => {
                rest = after;
                (!last).then_some(part)?
            }
            _ => {
                let part = rest;
                rest = "";
                last.then_some(part)?
            }
        };
        match open {
            // The root folder's path is empty.
            Some(name) if part.is_empty() && name != "path" => return None,
            Some(name) => drop(found.insert(name, decoded(part))),
            None if part == step => {}
            None => return None,
        }
    }
    Some(found)
}

/// Decodes a part of a path, such as its `%2F`.
fn decoded(part: &str) -> String {
    let pair = format!("_={}", part.replace('+', "%2B"));
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    let value = pairs.next().map(|(_, value)| value.into_owned());
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_its_route() {
        for (path, name, part) in [
            ("/app", "GET /app", None),
            (
                "/repos/a/b/git/ref/heads/driftguard/x/adopt",
                "GET /repos/{owner}/{repo}/git/ref/{ref}",
                Some(("ref", "heads/driftguard/x/adopt")),
            ),
            (
                "/repos/a/b/commits/a%2Fb/check-runs",
                "GET /repos/{owner}/{repo}/commits/{ref}/check-runs",
                Some(("ref", "a/b")),
            ),
            (
                "/repos/a/b/contents/c%20d/e+f.tf",
                "GET /repos/{owner}/{repo}/contents/{path}",
                Some(("path", "c d/e+f.tf")),
            ),
        ] {
            let (route, parts) = find("GET", path).unwrap();
            assert_eq!(route.name(), name);
            if let Some((key, value)) = part {
                assert_eq!(parts[key], value);
            }
        }
        for path in ["/", "/apps", "/app/", "/repos/a", "/repos/a/b/git/ref/"] {
            assert!(find("GET", path).is_none(), "{path}");
        }
    }
}
