//! Finds the principal behind a call: the role of a session, and the person of an Identity Center session.

use serde::Deserialize;

/// What the roles of Identity Center's permission sets are called.
const IDENTITY_CENTER: &str = "AWSReservedSSO_";

/// What a person's calls of the console are invoked by, as older events have it.
const SIGN_IN: &str = "signin.amazonaws.com";

/// Who made a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Principal {
    /// An ARN, the name of a person, or a service.
    pub name: String,
    /// The session of a role.
    pub session: Option<String>,
    /// The role that a person of Identity Center used.
    pub role: Option<String>,
}

impl Principal {
    fn named(name: String) -> Self {
        Self {
            name,
            session: None,
            role: None,
        }
    }

    /// Returns the role that was assumed, if the call was made with one.
    pub(super) fn assumed_role(&self) -> &str {
        self.role.as_deref().unwrap_or(&self.name)
    }
}

/// The identity of a call, as CloudTrail writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    #[serde(rename = "type")]
    kind: Option<String>,
    arn: Option<String>,
    account_id: Option<String>,
    principal_id: Option<String>,
    user_name: Option<String>,
    invoked_by: Option<String>,
    session_context: Option<SessionContext>,
    on_behalf_of: Option<OnBehalfOf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext {
    session_issuer: Option<Issuer>,
    source_identity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issuer {
    arn: Option<String>,
    user_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnBehalfOf {
    user_id: Option<String>,
}

impl Identity {
    /// Returns whether a service of AWS made the call, for itself or for somebody.
    pub(super) fn is_service(&self) -> bool {
        let invoked_by = filled(self.invoked_by.as_ref());
        invoked_by.is_some_and(|service| service != SIGN_IN)
            || self.kind.as_deref() == Some("AWSService")
    }

    /// Returns the principal; `None` where the identity names nobody.
    pub(super) fn principal(&self) -> Option<Principal> {
        let [arn, user, service, account] = [
            &self.arn,
            &self.user_name,
            &self.invoked_by,
            &self.account_id,
        ]
        .map(|text| filled(text.as_ref()));
        let name = match self.kind.as_deref() {
            Some("AssumedRole") => return self.of_session(),
            Some("IdentityCenterUser") => {
                let person = self.on_behalf_of.as_ref();
                let id = person.and_then(|person| filled(person.user_id.as_ref()));
                id.map(|id| format!("Identity Center user {id}"))
            }
            Some("AWSService") => service.map(str::to_owned),
            Some("AWSAccount") if arn.is_none() => account.map(|id| format!("account {id}")),
            Some("Root") if arn.is_none() => account.map(|id| format!("root user of account {id}")),
            _ => None,
        };
        let other = || arn.or(user).or(service).map(str::to_owned);
        name.or_else(other).map(Principal::named)
    }

    /// Returns the role behind a session, or the person behind a session of Identity Center.
    fn of_session(&self) -> Option<Principal> {
        let context = self.session_context.as_ref();
        let issuer = context.and_then(|context| context.session_issuer.as_ref());
        let role = issuer.and_then(|issuer| filled(issuer.arn.as_ref()));
        let session = self.session();
        let name = issuer.and_then(|issuer| issuer.user_name.as_deref());
        let of_identity_center = name.is_some_and(|name| name.starts_with(IDENTITY_CENTER));
        if let (true, Some(person)) = (of_identity_center, &session) {
            return Some(Principal {
                name: person.clone(),
                session: None,
                role: role.map(str::to_owned),
            });
        }
        Some(Principal {
            name: role.or(filled(self.arn.as_ref()))?.to_owned(),
            session: session.filter(|_| role.is_some()),
            role: None,
        })
    }

    /// Returns the name of a role's session; the source identity in its place, which cannot be chosen anew by each role.
    fn session(&self) -> Option<String> {
        let context = self.session_context.as_ref();
        let source = context.and_then(|context| filled(context.source_identity.as_ref()));
        // `ROLE_ID:SESSION`, as in the ARN.
        let of_id = || {
            self.principal_id
                .as_deref()?
                .split_once(':')
                .map(|(_, name)| name)
        };
        let session = source.or_else(of_id).filter(|name| !name.is_empty());
        session.map(str::to_owned)
    }
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}
