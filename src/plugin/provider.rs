//! A provider that runs and is configured for one account and region.

use super::client::{CallError, Client};
use super::hash::stamp;
use super::overlay::lay_over;
use super::process::{Launch, Process, StartError};
use super::schema::{BadSchema, Block, TypeSchema};
use super::schema_memory::SchemaMemory;
use super::schemas::{EncodedSchemas, Schemas};
use super::second_look::Evidence;
use super::target::Target;
use super::value;
use super::wire::{
    ConfigureRequest, DiagnosticsResponse, DynamicValue, Empty, Method, PlanRequest, PlanResponse,
    PrepareRequest, PrepareResponse, Protocol, RawState, ReadRequest, ReadResponse, UpgradeRequest,
    UpgradeResponse, ValidateRequest,
};
use crate::model::{Attributes, UnsealedState, Value};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The version of Terraform that providers are told.
const TERRAFORM_VERSION: &str = "1.11.4";

/// How long a provider may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until it says where it listens: a cold start takes some seconds.
    pub start: Duration,
    /// For a read: a missing ECS service is asked for over two minutes, a missing grant of KMS over three.
    pub read: Duration,
    /// For any other call.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start: Duration::from_secs(60),
            read: Duration::from_secs(200),
            call: Duration::from_secs(60),
        }
    }
}

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It does not run.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It does not answer, or does not take its configuration.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Its own configuration is not understood.
    #[error(transparent)]
    Schema(#[from] BadSchema),
    /// The operator's configuration does not fit it.
    #[error("DRIFTGUARD_PROVIDER_SOURCES does not fit the provider: {0}")]
    Configuration(String),
    /// Its configuration cannot be encoded.
    #[error("its configuration cannot be written: {0}")]
    Value(#[from] value::ValueError),
}

/// Why a resource was not read or planned.
#[derive(Debug, thiserror::Error)]
pub enum ResourceError {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A value does not fit the schema.
    #[error(transparent)]
    Value(#[from] value::ValueError),
}

/// A resource as the provider read it.
#[derive(Debug)]
pub struct LiveState {
    /// The recorded state, upgraded.
    pub recorded: Value,
    /// The state as read; `None` where the resource does not exist.
    pub live: Option<Value>,
    /// The provider's own note of the resource, as read.
    pub private: Vec<u8>,
}

/// A running provider.
pub struct Provider {
    client: Client,
    process: Process,
    limits: Limits,
    schemas: Schemas,
}

impl Provider {
    /// Starts a provider whose schemas of these types, `None` for all, are known, or asks it for them.
    ///
    /// # Errors
    /// When it does not run, or does not tell its schemas.
    pub async fn start(
        launch: &Launch,
        limits: Limits,
        types: Option<&BTreeSet<&str>>,
        memory: &SchemaMemory,
    ) -> Result<Self, OpenError> {
        // Before it is started: a file that is replaced meanwhile is another program.
        let program = stamp(&launch.binary).ok();
        let process = Process::start(launch, limits.start).await?;
        let handshake = &process.handshake;
        let client = Client::connect(&handshake.socket, handshake.protocol, process.user).await?;
        let known = program.as_ref().and_then(|program| memory.get(program));
        let encoded = match known {
            Some(known) => known,
            None => {
                let call = client.call(Method::Schema, &Empty {}, limits.call);
                let answered = Arc::new(EncodedSchemas::new(client.protocol(), call.await?));
                if let Some(program) = program.filter(|_| answered.is_optional()) {
                    memory.put(program, answered.clone());
                }
                answered
            }
        };
        Ok(Self {
            schemas: encoded.decode(types)?,
            client,
            process,
            limits,
        })
    }

    /// Returns the schemas.
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// Hands over region and credentials, or the operator's configuration. AWS's provider checks the account.
    ///
    /// # Errors
    /// When it does not take them.
    pub async fn configure(&self, target: &Target, own_endpoint: bool) -> Result<(), OpenError> {
        let block = &self.schemas.provider;
        let config = target.configuration(block, own_endpoint);
        let config = config.map_err(OpenError::Configuration)?;
        let mut config = DynamicValue {
            msgpack: value::encode(block, &config)?,
            json: Vec::new(),
        };
        if self.client.protocol() == Protocol::V5 {
            let request = PrepareRequest {
                config: Some(config.clone()),
            };
            let answer: PrepareResponse = self
                .client
                .call(Method::Prepare, &request, self.limits.call)
                .await?;
            config = answer.prepared_config.unwrap_or(config);
        }
        let request = ConfigureRequest {
            terraform_version: TERRAFORM_VERSION.to_owned(),
            config: Some(config),
        };
        let _: DiagnosticsResponse = self
            .client
            .call(Method::Configure, &request, self.limits.call)
            .await?;
        Ok(())
    }

    /// Upgrades a recorded state.
    ///
    /// # Errors
    /// When the provider fails.
    async fn upgrade(
        &self,
        type_name: &str,
        state: &UnsealedState,
    ) -> Result<DynamicValue, ResourceError> {
        let request = UpgradeRequest {
            type_name: type_name.to_owned(),
            version: i64::try_from(state.schema_version).unwrap_or(i64::MAX),
            raw_state: Some(RawState {
                json: state.attributes.clone().into_bytes(),
            }),
        };
        let upgraded: UpgradeResponse = self
            .client
            .call(Method::Upgrade, &request, self.limits.call)
            .await?;
        Ok(upgraded.upgraded_state.unwrap_or_default())
    }

    /// Upgrades a recorded state, and returns it.
    ///
    /// # Errors
    /// When the provider fails, or answers what does not fit the schema.
    pub async fn recorded(
        &self,
        type_name: &str,
        schema: &TypeSchema,
        state: &UnsealedState,
    ) -> Result<Value, ResourceError> {
        let upgraded = self.upgrade(type_name, state).await?;
        Ok(decode(&schema.block, &upgraded)?.unwrap_or_default())
    }

    /// Upgrades a recorded state, and reads the resource.
    ///
    /// # Errors
    /// When the provider fails, or answers what does not fit the schema.
    pub async fn read(
        &self,
        type_name: &str,
        schema: &TypeSchema,
        state: &UnsealedState,
    ) -> Result<LiveState, ResourceError> {
        let upgraded = self.upgrade(type_name, state).await?;
        let recorded = decode(&schema.block, &upgraded)?.unwrap_or_default();
        let read = self.read_from(type_name, upgraded, state.private.clone());
        let read = read.await?;
        Ok(LiveState {
            recorded,
            live: decode(&schema.block, &read.new_state.unwrap_or_default())?,
            private: read.private,
        })
    }

    /// Reads a resource that no state has, by what is known of it. What was read stands for what would be recorded.
    ///
    /// # Errors
    /// When the provider fails, or answers what does not fit the schema.
    pub async fn read_new(
        &self,
        type_name: &str,
        schema: &TypeSchema,
        known: &Attributes,
    ) -> Result<LiveState, ResourceError> {
        let block = &schema.block;
        let known = lay_over(block, &Value::Map(Attributes::new()), known);
        let known = DynamicValue {
            msgpack: value::encode(block, &known.value)?,
            json: Vec::new(),
        };
        let read = self.read_from(type_name, known, Vec::new()).await?;
        let live = decode(block, &read.new_state.unwrap_or_default())?;
        Ok(LiveState {
            recorded: live.clone().unwrap_or_default(),
            live,
            private: read.private,
        })
    }

    async fn read_from(
        &self,
        type_name: &str,
        state: DynamicValue,
        private: Vec<u8>,
    ) -> Result<ReadResponse, CallError> {
        let request = ReadRequest {
            type_name: type_name.to_owned(),
            current_state: Some(state),
            private,
        };
        let call = self.client.call(Method::Read, &request, self.limits.read);
        call.await
    }

    /// Checks a resource's configuration.
    ///
    /// # Errors
    /// What the provider finds wrong, or that it fails.
    pub async fn validate(
        &self,
        type_name: &str,
        block: &Block,
        config: &Value,
    ) -> Result<(), ResourceError> {
        let request = ValidateRequest {
            type_name: type_name.to_owned(),
            config: Some(DynamicValue {
                msgpack: value::encode(block, config)?,
                json: Vec::new(),
            }),
        };
        let _: DiagnosticsResponse = self
            .client
            .call(Method::Validate, &request, self.limits.call)
            .await?;
        Ok(())
    }

    /// Returns the planned state of a resource that exists.
    ///
    /// # Errors
    /// When the provider fails, or answers what does not fit the schema.
    pub async fn plan(
        &self,
        type_name: &str,
        block: &Block,
        (prior, proposed, config): (&Value, &Value, &Value),
        private: &[u8],
    ) -> Result<Value, ResourceError> {
        let encoded = |value| -> Result<_, value::ValueError> {
            Ok(Some(DynamicValue {
                msgpack: value::encode(block, value)?,
                json: Vec::new(),
            }))
        };
        let request = PlanRequest {
            type_name: type_name.to_owned(),
            prior_state: encoded(prior)?,
            proposed_new_state: encoded(proposed)?,
            config: encoded(config)?,
            prior_private: private.to_vec(),
        };
        let answer: PlanResponse = self
            .client
            .call(Method::Plan, &request, self.limits.call)
            .await?;
        let planned = decode(block, &answer.planned_state.unwrap_or_default())?;
        Ok(planned.unwrap_or_default())
    }

    /// Forgets what the log told so far.
    pub fn clear_evidence(&self) {
        self.process.clear_evidence();
    }

    /// Returns what the log told since.
    pub fn evidence(&self) -> Evidence {
        self.process.evidence()
    }
}

fn decode(block: &Block, found: &DynamicValue) -> Result<Option<Value>, value::ValueError> {
    match (found.msgpack.is_empty(), found.json.is_empty()) {
        (false, _) => value::decode(block, &found.msgpack),
        (true, false) => value::decode_json(block, &found.json),
        (true, true) => Ok(None),
    }
}
