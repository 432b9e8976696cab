//! Creates an App from a manifest: a person submits it, GitHub creates the App and returns a code, which is exchanged
//! for the App's key and secrets.

use super::GitHub;
use super::call::{Answer, Call, Outcome, Refusal};
use super::identity::{App, AppIdentity};
use super::world::{Level, Permissions, World, now};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use url::Url;

/// How long a code is valid.
const CODE_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// The longest name of an App.
const MAX_NAME: usize = 34;

/// How many callback addresses an App has at most.
const MAX_CALLBACKS: usize = 10;

/// The fields of a manifest.
const FIELDS: &[&str] = &[
    "name",
    "url",
    "hook_attributes",
    "redirect_url",
    "callback_urls",
    "setup_url",
    "description",
    "public",
    "default_events",
    "default_permissions",
    "request_oauth_on_install",
    "setup_on_update",
];

/// The permissions that an App can request; `workflows` only for writing.
const PERMISSIONS: &[&str] = &[
    "actions",
    "administration",
    "checks",
    "codespaces",
    "contents",
    "deployments",
    "discussions",
    "environments",
    "issues",
    "members",
    "merge_queues",
    "metadata",
    "organization_administration",
    "organization_hooks",
    "organization_plan",
    "organization_projects",
    "organization_secrets",
    "organization_self_hosted_runners",
    "packages",
    "pages",
    "pull_requests",
    "repository_hooks",
    "repository_projects",
    "secret_scanning_alerts",
    "secrets",
    "security_events",
    "statuses",
    "vulnerability_alerts",
    "workflows",
];

/// The events that an App can subscribe to, with the permission that each needs. `installation`,
/// `installation_repositories` and `github_app_authorization` are sent to every App and not listed.
const EVENTS: &[(&str, &str)] = &[
    ("branch_protection_rule", "administration"),
    ("check_run", "checks"),
    ("check_suite", "checks"),
    ("code_scanning_alert", "security_events"),
    ("commit_comment", "contents"),
    ("create", "contents"),
    ("delete", "contents"),
    ("dependabot_alert", "vulnerability_alerts"),
    ("deployment", "deployments"),
    ("deployment_status", "deployments"),
    ("discussion", "discussions"),
    ("discussion_comment", "discussions"),
    ("fork", "contents"),
    ("gollum", "contents"),
    ("issue_comment", "issues"),
    ("issues", "issues"),
    ("label", "metadata"),
    ("member", "members"),
    ("membership", "members"),
    ("merge_group", "merge_queues"),
    ("meta", "metadata"),
    ("milestone", "issues"),
    ("organization", "members"),
    ("page_build", "pages"),
    ("public", "metadata"),
    ("pull_request", "pull_requests"),
    ("pull_request_review", "pull_requests"),
    ("pull_request_review_comment", "pull_requests"),
    ("pull_request_review_thread", "pull_requests"),
    ("push", "contents"),
    ("release", "contents"),
    ("repository", "metadata"),
    ("repository_dispatch", "contents"),
    ("repository_ruleset", "administration"),
    ("secret_scanning_alert", "secret_scanning_alerts"),
    ("star", "metadata"),
    ("status", "statuses"),
    ("team", "members"),
    ("team_add", "members"),
    ("watch", "metadata"),
    ("workflow_dispatch", "actions"),
    ("workflow_job", "actions"),
    ("workflow_run", "actions"),
];

/// The App that a code is exchanged for.
pub(super) struct PendingApp {
    /// The App with its key and secrets.
    app: Value,
    expires: Timestamp,
}

impl GitHub {
    /// Creates the App of a manifest in a person's or an organization's account, as the button on GitHub's page does,
    /// and returns the code that the browser takes to `redirect_url`. It is the App of this GitHub from now on, with
    /// its webhook address.
    ///
    /// # Errors
    /// The message of GitHub's page about the manifest.
    pub fn create_app_from_manifest(
        &self,
        account: &str,
        manifest: &str,
    ) -> Result<String, String> {
        let manifest = ValidManifest::read(manifest).map_err(|why| {
            format!(
                "The configuration does not appear to be a valid GitHub App manifest. Error: {why}"
            )
        })?;
        let mut world = self.world();
        let code = manifest.make(&mut world, account);
        code.map_err(|error| format!("{error:#}"))
    }

    /// Expires all unused codes, as after an hour.
    pub fn let_codes_expire(&self) {
        for handover in self.world().pending_apps.values_mut() {
            handover.expires -= CODE_LIFE;
        }
    }
}

/// A valid manifest.
struct ValidManifest {
    name: String,
    url: String,
    hook: Option<String>,
    /// The addresses that people are sent back to after the sign-in.
    callbacks: Vec<String>,
    permissions: Permissions,
    events: Vec<String>,
}

impl ValidManifest {
    fn read(manifest: &str) -> Result<Self, String> {
        let manifest: Map<String, Value> =
            serde_json::from_str(manifest).map_err(|error| error.to_string())?;
        if let Some(field) = manifest
            .keys()
            .find(|field| !FIELDS.contains(&field.as_str()))
        {
            return Err(format!("\"{field}\" is not a permitted key."));
        }
        let name = text(&manifest, "name").ok_or("\"name\" wasn't supplied")?;
        if name.trim().is_empty() || name.chars().count() > MAX_NAME {
            return Err(format!(
                "Name is too long (maximum is {MAX_NAME} characters)"
            ));
        }
        let url = address(&manifest, "url")?.ok_or("\"url\" wasn't supplied")?;
        let hook = match manifest.get("hook_attributes") {
            None => None,
            // GitHub wants the address whether the hook is active or not.
            Some(Value::Object(hook)) => {
                Some(address(hook, "url")?.ok_or("\"url\" wasn't supplied")?)
            }
            Some(_) => return Err("\"hook_attributes\" is not an object".into()),
        };
        for field in ["redirect_url", "setup_url"] {
            address(&manifest, field)?;
        }
        let callbacks = callbacks(&manifest)?;
        let permissions = permissions(&manifest)?;
        let events = events(&manifest, &permissions)?;
        if !events.is_empty() && hook.is_none() {
            return Err("Hook url can't be blank".into());
        }
        Ok(Self {
            name: name.to_owned(),
            url,
            hook,
            callbacks,
            permissions,
            events,
        })
    }

    /// Creates the App, and returns its code.
    fn make(self, world: &mut World, account: &str) -> anyhow::Result<String> {
        let id = world.fresh_id();
        let secret = world.unguessable()[..40].to_owned();
        let identity = AppIdentity::handed_out(id, &secret)?;
        world.app = App::named(&self.name, &identity, self.permissions, self.events)?;
        world.hook = self.hook;
        let mut app = world.show_app();
        app["owner"] = world.show_user(account);
        app["external_url"] = self.url.into();
        let client_secret = world.unguessable()[..40].to_owned();
        app["client_secret"] = client_secret.clone().into();
        world.oauth.secret = client_secret;
        world.oauth.callbacks = self.callbacks;
        app["webhook_secret"] = secret.into();
        app["pem"] = identity.key.into();
        let code = world.unguessable()[..40].to_owned();
        let handover = PendingApp {
            app,
            expires: now() + CODE_LIFE,
        };
        world.pending_apps.insert(code.clone(), handover);
        Ok(code)
    }
}

/// Exchanges a code for the App's key and secrets, once.
pub(super) fn convert(call: &mut Call) -> Outcome {
    let code = call.part("code").to_owned();
    let handover = call.world.pending_apps.remove(&code);
    let handover = handover.filter(|found| now() < found.expires);
    let handover = handover.ok_or_else(Refusal::not_found)?;
    Answer::created(handover.app)
}

fn text<'a>(manifest: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    manifest.get(field)?.as_str()
}

/// Returns an address, if the field is present.
fn address(manifest: &Map<String, Value>, field: &str) -> Result<Option<String>, String> {
    let Some(value) = manifest.get(field) else {
        return Ok(None);
    };
    let text = value.as_str().unwrap_or_default();
    let url = Url::parse(text).ok();
    let good = url.is_some_and(|url| matches!(url.scheme(), "http" | "https"));
    good.then(|| Some(text.to_owned()))
        .ok_or_else(|| format!("\"{field}\" must be a valid URL"))
}

fn permissions(manifest: &Map<String, Value>) -> Result<Permissions, String> {
    let value = match manifest.get("default_permissions") {
        None => return Ok(Permissions::from([("metadata".into(), Level::Read)])),
        Some(value) => value.as_object(),
    };
    let mut permissions = Permissions::from([("metadata".into(), Level::Read)]);
    for (name, level) in value.ok_or("\"default_permissions\" is not an object")? {
        let known = PERMISSIONS.contains(&name.as_str());
        let level = level.as_str().and_then(Level::parse);
        let level = level.filter(|level| match name.as_str() {
            "metadata" | "organization_plan" => *level == Level::Read,
            "workflows" => *level == Level::Write,
            _ => true,
        });
        let level = level.filter(|_| known);
        let level = level.ok_or_else(|| format!("Default permission {name} is not valid"))?;
        permissions.insert(name.clone(), level);
    }
    Ok(permissions)
}

fn callbacks(manifest: &Map<String, Value>) -> Result<Vec<String>, String> {
    let none = json!([]);
    let value = manifest.get("callback_urls").unwrap_or(&none);
    let all = value.as_array().ok_or("\"callback_urls\" is no list")?;
    if all.len() > MAX_CALLBACKS {
        return Err(format!("Callback urls: at most {MAX_CALLBACKS}"));
    }
    let url = |value: &Value| {
        let url = value.as_str().filter(|text| Url::parse(text).is_ok());
        let invalid = || format!("Callback url is not valid: {}", shown(value));
        url.map(str::to_owned).ok_or_else(invalid)
    };
    all.iter().map(url).collect()
}

fn events(manifest: &Map<String, Value>, permissions: &Permissions) -> Result<Vec<String>, String> {
    let none = json!([]);
    let value = manifest.get("default_events").unwrap_or(&none);
    let value = value.as_array().ok_or("\"default_events\" is no list")?;
    let mut events = Vec::new();
    for event in value {
        let name = event.as_str().unwrap_or_default();
        let found = EVENTS.iter().find(|(known, _)| *known == name);
        let (_, needs) =
            found.ok_or_else(|| format!("Default events unsupported: {}", shown(event)))?;
        if !permissions.contains_key(*needs) {
            return Err(format!(
                "Default events are not supported by permissions: {name}"
            ));
        }
        events.push(name.to_owned());
    }
    Ok(events)
}

fn shown(event: &Value) -> String {
    event
        .as_str()
        .map_or_else(|| event.to_string(), str::to_owned)
}
