//! Defines the nouns that all stages share. Imports nothing of this crate, does no IO.
#![deny(clippy::disallowed_methods)]

mod actor;
mod address;
mod api_key;
mod audit;
/// Boxes that people tick.
pub mod boxes;
mod decision;
mod declared;
mod edit;
mod event_hash;
mod finding;
mod history;
mod installation;
mod interrupt;
mod json_code;
mod kept;
mod left_out;
mod money;
mod normal;
mod optional_parts;
mod parked;
mod planned;
mod policy_order;
mod proof;
mod proposal;
mod reading;
mod resource;
mod schema;
mod secret;
mod stack;
mod stack_summary;
mod stored_report;
mod tree;
mod uneditable;
mod unsealed;
mod unseen;
mod value;
mod value_map;
mod webhook_event;
mod workspace;

pub use actor::{Actor, CallSource, Inquiry, InquiryOutcome};
pub use address::{Address, BadAddress, Key, ModuleStep};
pub use api_key::{ApiKey, ApiKeyUse, ApiScope};
pub use audit::{AuditEntry, AuditVia};
pub use decision::{Choice, Decision, StackStatus, Undecided};
pub use declared::{
    Alternatives, Declared, DeclaredResource, Definition, LeftOutArgument, Location, Part, Parts,
    PolicyCode, PolicyForm, Site, Source, StatementCode, Switch,
};
pub use edit::{Edit, Fix, FixKind, Imported, Refusal, RefusedAttribute};
pub use event_hash::EventKey;
pub use finding::{
    Control, Difference, Finding, FindingId, Kind, MonthlyCost, Severity, Verdict, entry_path,
    overlap, root_attribute,
};
pub use history::{
    AcceptedDifference, Ending, HistoryUpdate, Occurrence, ScanCourse, ScanPoint, ScanTotals,
};
pub use installation::{DeliveryId, InstallationId, RepositoryId, RepositoryName};
pub use interrupt::Interrupt;
pub use json_code::{JsonCode, JsonPart};
pub use money::Money;
pub use optional_parts::{OptionalAttribute, OptionalParts};
pub use parked::{FailedScan, ParkedJob};
pub use planned::{Disproved, PlannedChanges};
pub use policy_order::{STATEMENT_ELEMENTS, sort_policy};
pub use proof::{Proof, Prover};
pub use proposal::{ACCEPT, ONBOARDING, Proposal, ProposalKind, ProposalState};
pub use reading::{
    Coverage, Reading, Readings, Reason, Status, TRAIL_EVENTS, TypeReader, UnmanagedResource,
    trail_region,
};
pub use resource::{
    AccountId, Attributes, AwsLocation, IgnoredTags, ProviderKey, ProviderTags, Region, Resource,
    TAGS, TAGS_ALL,
};
pub use schema::{
    Attribute, Catalog, Children, Claim, ClaimedBy, Nesting, Owner, Restated, Schema, Shape,
    SharedItems, Type, TypeRules, WrittenAs,
};
pub use secret::{
    Fingerprint, Redactor, SEALED, SecretTexts, credentials, holds_credential, is_secret_name,
    mask_json, masked, without_values,
};
pub use stack::{
    AccountReport, Backend, CheckedResource, CostDelta, Posture, Report, ScanError, Scanned,
    StackName, StackReport, StateInfo, Summary,
};
pub use stack_summary::{StackSummary, Urgency};
pub use tree::Tree;
pub use uneditable::{RefusalKind, Uneditable};
pub use unsealed::UnsealedState;
pub use unseen::{escape_json, escape_name, is_unseen};
pub use value::{Number, Value};
pub use value_map::ValueMap;
pub use webhook_event::{
    CheckAction, CommentAction, InstallationAction, IssueAction, PullRequestAction,
    RepositoryAction, RepositoryInfo, Sender, WebhookEvent, WebhookPayload,
};
pub use workspace::{WorkspaceId, s3_place};
