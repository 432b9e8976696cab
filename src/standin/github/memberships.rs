//! Serves who belongs to organisations.

use super::GitHub;
use super::call::{Answer, Call, Caller, Outcome, Refusal};
use super::world::Membership;
use serde_json::json;

impl GitHub {
    /// Sets a person's role in an organisation: `admin` for owners, `member`; `none` removes the person. The state is
    /// `active`, or `pending` while the person has not accepted the invitation.
    pub fn set_member(&self, organisation: &str, person: &str, role: &str, state: &str) {
        let key = (organisation.to_owned(), person.to_owned());
        let mut world = self.world();
        match role {
            "none" => drop(world.members.remove(&key)),
            role => {
                let membership = Membership {
                    role: role.to_owned(),
                    state: state.to_owned(),
                };
                world.members.insert(key, membership);
            }
        }
    }

    /// Returns the id of an account.
    pub fn account_id(&self, login: &str) -> u64 {
        self.world().account_id(login)
    }

    /// Renames a person. Nobody has the old login then; the new one has the person's id and rights.
    pub fn rename_person(&self, login: &str, to: &str) {
        let mut world = self.world();
        let id = world.account_id(login);
        world.logins.insert(login.to_ascii_lowercase(), None);
        world.logins.insert(to.to_ascii_lowercase(), Some(id));
        for repository in world.repositories.values_mut() {
            if let Some(level) = repository.people.remove(login) {
                repository.people.insert(to.to_owned(), level);
            }
        }
    }

    /// Creates another account with a login that somebody gave up.
    pub fn take_login(&self, login: &str) {
        let id = self.world().fresh_id();
        self.give_login(login, id);
    }

    /// Gives a login to the account with this id.
    pub fn give_login(&self, login: &str, id: u64) {
        let login = login.to_ascii_lowercase();
        self.world().logins.insert(login, Some(id));
    }

    /// Turns an account into a person's own: accounts are organisations otherwise.
    pub fn set_personal(&self, account: &str) {
        self.world().personal.insert(account.to_owned());
    }
}

/// Shows the caller's membership of an organisation. It takes *Members: read* of the App's installation there.
pub(super) fn own(call: &mut Call) -> Outcome {
    let Caller::Person(login) = &call.caller else {
        return Err(Refusal::not_permitted());
    };
    let (world, name) = (&call.world, call.part("org"));
    let mut accounts = world.installations.values();
    let installation = accounts.find(|found| found.account.eq_ignore_ascii_case(name));
    let forbidden = || {
        Refusal::new(
            403,
            "You do not have access to this organization membership.",
        )
    };
    let installation = installation.ok_or_else(forbidden)?;
    let organisation = &installation.account;
    if world.personal.contains(organisation) {
        return Err(Refusal::not_found());
    }
    let may_ask = installation.permissions.contains_key("members") && !installation.suspended;
    let key = (organisation.clone(), login.clone());
    let membership = world.members.get(&key).filter(|_| may_ask);
    let membership = membership.ok_or_else(forbidden)?;
    let api = &world.api;
    let account = world.show_user(organisation);
    let url = format!("{api}/orgs/{organisation}");
    let below = |part: &str| format!("{url}/{part}");
    Answer::ok(json!({
        "url": below(&format!("memberships/{login}")), "state": membership.state, "role": membership.role,
        "organization_url": url, "user": world.show_user(login),
        "organization": {
            "login": organisation, "id": account["id"], "node_id": account["node_id"], "url": url,
            "repos_url": below("repos"), "events_url": below("events"), "hooks_url": below("hooks"),
            "issues_url": below("issues"), "members_url": below("members{/member}"),
            "public_members_url": below("public_members{/member}"), "avatar_url": account["avatar_url"],
            "description": null,
        },
    }))
}
