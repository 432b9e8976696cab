//! Making an App from a manifest: a person sends it, GitHub makes the App and gives a code, and whoever shows the code
//! first is given the App's key and secrets.

use super::GitHub;
use super::call::{Answer, Call, Outcome, Refusal};
use super::identity::{App, AppIdentity};
use super::world::{Level, Permissions, World, now};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use url::Url;

/// How long a code is good.
const CODE_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// The longest name of an App.
const LONGEST_NAME: usize = 34;

/// What a manifest may say.
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

/// What an App may ask for; `workflows` only to write.
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

/// What an App may listen to, and the permission that it takes. `installation`, `installation_repositories` and
/// `github_app_authorization` reach every App and are not among them.
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

/// What a code is good for.
pub(super) struct Handover {
    /// The App with its key and secrets.
    app: Value,
    expires: Timestamp,
}

impl GitHub {
    /// Makes the App of a manifest in a person's or an organisation's account, as the button on GitHub's page does: the
    /// code that the browser takes to `redirect_url`. It is the App of this GitHub from now on, and has its hook.
    ///
    /// # Errors
    /// What GitHub's page would say of the manifest.
    pub fn create_app_from_manifest(
        &self,
        account: &str,
        manifest: &str,
    ) -> Result<String, String> {
        let wanted = Wanted::read(manifest).map_err(|why| {
            format!(
                "The configuration does not appear to be a valid GitHub App manifest. Error: {why}"
            )
        })?;
        let mut world = self.world();
        let made = wanted.make(&mut world, account);
        made.map_err(|error| format!("{error:#}"))
    }

    /// An hour passes: codes that nobody used are good no longer.
    pub fn let_codes_expire(&self) {
        for handover in self.world().handovers.values_mut() {
            handover.expires -= CODE_LIFE;
        }
    }
}

/// A manifest that GitHub takes.
struct Wanted {
    name: String,
    url: String,
    hook: Option<String>,
    permissions: Permissions,
    events: Vec<String>,
}

impl Wanted {
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
        if name.trim().is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(format!(
                "Name is too long (maximum is {LONGEST_NAME} characters)"
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
        let permissions = permissions(&manifest)?;
        let events = events(&manifest, &permissions)?;
        if !events.is_empty() && hook.is_none() {
            return Err("Hook url can't be blank".into());
        }
        Ok(Self {
            name: name.to_owned(),
            url,
            hook,
            permissions,
            events,
        })
    }

    /// The code to fetch the App's key with.
    fn make(self, world: &mut World, account: &str) -> anyhow::Result<String> {
        let id = world.fresh_id();
        let secret = world.unguessable()[..40].to_owned();
        let identity = AppIdentity::handed_out(id, &secret)?;
        world.app = App::named(&self.name, &identity, self.permissions, self.events)?;
        world.hook = self.hook;
        let mut app = world.show_app();
        app["owner"] = world.show_user(account);
        app["external_url"] = self.url.into();
        app["client_secret"] = world.unguessable()[..40].into();
        app["webhook_secret"] = secret.into();
        app["pem"] = identity.key.into();
        let code = world.unguessable()[..40].to_owned();
        let handover = Handover {
            app,
            expires: now() + CODE_LIFE,
        };
        world.handovers.insert(code.clone(), handover);
        Ok(code)
    }
}

/// Hands the App's key and secrets to whoever shows its code, once.
pub(super) fn convert(call: &mut Call) -> Outcome {
    let code = call.part("code").to_owned();
    let handover = call.world.handovers.remove(&code);
    let handover = handover.filter(|found| now() < found.expires);
    let handover = handover.ok_or_else(Refusal::not_found)?;
    Answer::created(handover.app)
}

fn text<'a>(manifest: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    manifest.get(field)?.as_str()
}

/// An address, where the field is there.
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
    let wanted = match manifest.get("default_permissions") {
        None => return Ok(Permissions::from([("metadata".into(), Level::Read)])),
        Some(wanted) => wanted.as_object(),
    };
    let mut permissions = Permissions::from([("metadata".into(), Level::Read)]);
    for (name, level) in wanted.ok_or("\"default_permissions\" is not an object")? {
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

fn events(manifest: &Map<String, Value>, permissions: &Permissions) -> Result<Vec<String>, String> {
    let none = json!([]);
    let wanted = manifest.get("default_events").unwrap_or(&none);
    let wanted = wanted.as_array().ok_or("\"default_events\" is no list")?;
    let mut events = Vec::new();
    for event in wanted {
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
