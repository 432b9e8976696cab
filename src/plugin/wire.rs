//! The messages of Terraform's plugin protocol, as far as reading and planning need them.
//!
//! Versions 5 and 6 agree on all field numbers but one: field 10 of an attribute.

use prost::Message;
use std::collections::HashMap;

/// A version of the plugin protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Version 5: hashicorp/aws, google, azurerm.
    V5,
    /// Version 6: nested attribute types.
    V6,
}

/// The methods that DriftGuard calls. None of them changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Returns the schemas of all resource types.
    Schema,
    /// Fills in what a provider's configuration leaves out.
    Prepare,
    /// Hands over region and credentials.
    Configure,
    /// Brings a recorded state to the provider's own schema version.
    Upgrade,
    /// Reads a resource.
    Read,
    /// Checks a resource's configuration; asks nothing of AWS.
    Validate,
    /// Computes what an apply would change; asks nothing of AWS for most types.
    Plan,
}

impl Protocol {
    /// Returns the path of a method.
    pub fn path(self, method: Method) -> String {
        let name = match (self, method) {
            (Self::V5, Method::Schema) => "GetSchema",
            (Self::V6, Method::Schema) => "GetProviderSchema",
            (Self::V5, Method::Prepare) => "PrepareProviderConfig",
            (Self::V6, Method::Prepare) => "ValidateProviderConfig",
            (Self::V5, Method::Configure) => "Configure",
            (Self::V6, Method::Configure) => "ConfigureProvider",
            (_, Method::Upgrade) => "UpgradeResourceState",
            (_, Method::Read) => "ReadResource",
            (Self::V5, Method::Validate) => "ValidateResourceTypeConfig",
            (Self::V6, Method::Validate) => "ValidateResourceConfig",
            (_, Method::Plan) => "PlanResourceChange",
        };
        let version = match self {
            Self::V5 => 5,
            Self::V6 => 6,
        };
        format!("/tfplugin{version}.Provider/{name}")
    }
}

/// No content.
#[derive(Clone, PartialEq, Message)]
pub struct Empty {}

/// A value in MessagePack, or in JSON.
#[derive(Clone, PartialEq, Message)]
pub struct DynamicValue {
    /// The value in MessagePack.
    #[prost(bytes = "vec", tag = "1")]
    pub msgpack: Vec<u8>,
    /// The value in JSON.
    #[prost(bytes = "vec", tag = "2")]
    pub json: Vec<u8>,
}

/// An error or a warning.
#[derive(Clone, PartialEq, Message)]
pub struct Diagnostic {
    /// 1 is an error, 2 a warning.
    #[prost(int32, tag = "1")]
    pub severity: i32,
    /// The first line.
    #[prost(string, tag = "2")]
    pub summary: String,
    /// The rest.
    #[prost(string, tag = "3")]
    pub detail: String,
}

/// An attribute in version 5.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute5 {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The type, as JSON.
    #[prost(bytes = "vec", tag = "2")]
    pub r#type: Vec<u8>,
    /// Whether code must set it.
    #[prost(bool, tag = "4")]
    pub required: bool,
    /// Whether code may set it.
    #[prost(bool, tag = "5")]
    pub optional: bool,
    /// Whether the provider sets it.
    #[prost(bool, tag = "6")]
    pub computed: bool,
    /// Whether it is never shown.
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
    /// Whether it is never recorded.
    #[prost(bool, tag = "10")]
    pub write_only: bool,
}

/// An attribute in version 6.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute6 {
    /// The name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The type, as JSON; empty where `nested_type` is set.
    #[prost(bytes = "vec", tag = "2")]
    pub r#type: Vec<u8>,
    /// Whether code must set it.
    #[prost(bool, tag = "4")]
    pub required: bool,
    /// Whether code may set it.
    #[prost(bool, tag = "5")]
    pub optional: bool,
    /// Whether the provider sets it.
    #[prost(bool, tag = "6")]
    pub computed: bool,
    /// Whether it is never shown.
    #[prost(bool, tag = "7")]
    pub sensitive: bool,
    /// The attributes of an object, or of a collection of objects.
    #[prost(message, optional, tag = "10")]
    pub nested_type: Option<NestedType>,
    /// Whether it is never recorded.
    #[prost(bool, tag = "11")]
    pub write_only: bool,
}

/// A type with attributes of its own.
#[derive(Clone, PartialEq, Message)]
pub struct NestedType {
    /// The attributes.
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<Attribute6>,
    /// 1 single, 2 list, 3 set, 4 map.
    #[prost(int32, tag = "3")]
    pub nesting: i32,
}

macro_rules! schema_messages {
    ($attribute:ty, $block:ident, $nested:ident, $schema:ident) => {
        /// A block: its attributes and the blocks in it.
        #[derive(Clone, PartialEq, Message)]
        pub struct $block {
            /// The attributes.
            #[prost(message, repeated, tag = "2")]
            pub attributes: Vec<$attribute>,
            /// The nested blocks.
            #[prost(message, repeated, tag = "3")]
            pub block_types: Vec<$nested>,
        }

        /// A nested block, and how often it occurs.
        #[derive(Clone, PartialEq, Message)]
        pub struct $nested {
            /// The name.
            #[prost(string, tag = "1")]
            pub type_name: String,
            /// The content.
            #[prost(message, optional, tag = "2")]
            pub block: Option<$block>,
            /// 1 single, 2 list, 3 set, 4 map, 5 group.
            #[prost(int32, tag = "3")]
            pub nesting: i32,
        }

        /// The schema of a resource type, or of the provider's configuration.
        #[derive(Clone, PartialEq, Message)]
        pub struct $schema {
            /// The version of recorded states.
            #[prost(int64, tag = "1")]
            pub version: i64,
            /// The content.
            #[prost(message, optional, tag = "2")]
            pub block: Option<$block>,
        }
    };
}

schema_messages!(Attribute5, Block5, Nested5, Schema5);
schema_messages!(Attribute6, Block6, Nested6, Schema6);

/// The schemas of all types, of either version: each is left encoded, for a scan uses few of them.
#[derive(Clone, PartialEq, Message)]
pub struct SchemaResponse {
    /// That of the provider's configuration.
    #[prost(bytes = "vec", tag = "1")]
    pub provider: Vec<u8>,
    /// Those of the resource types.
    #[prost(map = "string, bytes", tag = "2")]
    pub resource_schemas: HashMap<String, Vec<u8>>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "4")]
    pub diagnostics: Vec<Diagnostic>,
    /// What the provider can do.
    #[prost(message, optional, tag = "6")]
    pub capabilities: Option<Capabilities>,
}

/// What a provider can do, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Capabilities {
    /// Whether it answers without having been asked for its schemas.
    #[prost(bool, tag = "2")]
    pub schema_optional: bool,
}

/// Asks to complete a provider's configuration.
#[derive(Clone, PartialEq, Message)]
pub struct PrepareRequest {
    /// The configuration.
    #[prost(message, optional, tag = "1")]
    pub config: Option<DynamicValue>,
}

/// The completed configuration.
#[derive(Clone, PartialEq, Message)]
pub struct PrepareResponse {
    /// The configuration; version 6 returns none.
    #[prost(message, optional, tag = "1")]
    pub prepared_config: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Configures a provider.
#[derive(Clone, PartialEq, Message)]
pub struct ConfigureRequest {
    /// The version of Terraform that is asked for.
    #[prost(string, tag = "1")]
    pub terraform_version: String,
    /// The configuration.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// The errors of a configuration.
#[derive(Clone, PartialEq, Message)]
pub struct DiagnosticsResponse {
    /// Errors and warnings.
    #[prost(message, repeated, tag = "1")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Asks whether a resource's configuration is valid.
#[derive(Clone, PartialEq, Message)]
pub struct ValidateRequest {
    /// The type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The configuration.
    #[prost(message, optional, tag = "2")]
    pub config: Option<DynamicValue>,
}

/// A recorded state, as JSON.
#[derive(Clone, PartialEq, Message)]
pub struct RawState {
    /// The attributes.
    #[prost(bytes = "vec", tag = "1")]
    pub json: Vec<u8>,
}

/// Asks to upgrade a recorded state.
#[derive(Clone, PartialEq, Message)]
pub struct UpgradeRequest {
    /// The resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The schema version that the state was recorded with.
    #[prost(int64, tag = "2")]
    pub version: i64,
    /// The state.
    #[prost(message, optional, tag = "3")]
    pub raw_state: Option<RawState>,
}

/// An upgraded state.
#[derive(Clone, PartialEq, Message)]
pub struct UpgradeResponse {
    /// The state.
    #[prost(message, optional, tag = "1")]
    pub upgraded_state: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Asks to read a resource.
#[derive(Clone, PartialEq, Message)]
pub struct ReadRequest {
    /// The resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The upgraded state.
    #[prost(message, optional, tag = "2")]
    pub current_state: Option<DynamicValue>,
    /// The provider's own note of the resource.
    #[prost(bytes = "vec", tag = "3")]
    pub private: Vec<u8>,
}

/// What the provider read.
#[derive(Clone, PartialEq, Message)]
pub struct ReadResponse {
    /// The state; null where the resource does not exist.
    #[prost(message, optional, tag = "1")]
    pub new_state: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "2")]
    pub diagnostics: Vec<Diagnostic>,
    /// The provider's own note of the resource.
    #[prost(bytes = "vec", tag = "3")]
    pub private: Vec<u8>,
}

/// Asks what an apply would change.
#[derive(Clone, PartialEq, Message)]
pub struct PlanRequest {
    /// The resource type.
    #[prost(string, tag = "1")]
    pub type_name: String,
    /// The state as read.
    #[prost(message, optional, tag = "2")]
    pub prior_state: Option<DynamicValue>,
    /// The configuration, with what was read where it says nothing.
    #[prost(message, optional, tag = "3")]
    pub proposed_new_state: Option<DynamicValue>,
    /// The configuration.
    #[prost(message, optional, tag = "4")]
    pub config: Option<DynamicValue>,
    /// The provider's own note, as read.
    #[prost(bytes = "vec", tag = "5")]
    pub prior_private: Vec<u8>,
}

/// What an apply would lead to.
#[derive(Clone, PartialEq, Message)]
pub struct PlanResponse {
    /// The planned state.
    #[prost(message, optional, tag = "1")]
    pub planned_state: Option<DynamicValue>,
    /// Errors and warnings.
    #[prost(message, repeated, tag = "4")]
    pub diagnostics: Vec<Diagnostic>,
}

/// A response that may carry errors.
pub trait Diagnosed {
    /// Returns errors and warnings.
    fn diagnostics(&self) -> &[Diagnostic];
}

macro_rules! diagnosed {
    ($($response:ty),*) => {
        $(impl Diagnosed for $response {
            fn diagnostics(&self) -> &[Diagnostic] {
                &self.diagnostics
            }
        })*
    };
}

diagnosed!(
    SchemaResponse,
    PrepareResponse,
    DiagnosticsResponse,
    UpgradeResponse,
    ReadResponse,
    PlanResponse
);
