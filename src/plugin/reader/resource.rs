//! Reads and plans one resource.

use super::{NO_RULES, Outcome, ProviderReading, Reader, Request};
use crate::model::{Attributes, PlannedChanges, Reading, Reason, Schema, TAGS_ALL, Value};
use crate::plugin::client::CallError;
use crate::plugin::configuration::configuration;
use crate::plugin::overlay::lay_over;
use crate::plugin::provider::{LiveState, Provider, ResourceError};
use crate::plugin::reason;
use crate::plugin::schema::TypeSchema;
use crate::plugin::target::Target;
use crate::plugin::verdict::PlanInput;

impl Reader<'_> {
    /// Reads and plans one resource.
    pub(super) async fn read_resource(
        &self,
        provider: &Provider,
        request: &Request<'_>,
    ) -> Outcome {
        let tf_type = request.resource.tf_type();
        let schema = match provider.schemas().types.get(tf_type) {
            Some(Ok(schema)) => schema,
            Some(Err(error)) => return no_provider(error.to_string()),
            None => return no_provider(format!("the provider has no type {tf_type}")),
        };
        if i64::try_from(request.state.schema_version).unwrap_or(i64::MAX) > schema.version {
            return no_provider(
                "its state was recorded by a newer version of the provider: put that version into the folder of providers"
                    .to_owned(),
            );
        }
        if let Some(native) = request.native {
            return match self.plan_native(provider, request, schema, native).await {
                Ok(planned) => Outcome::Done(ProviderReading {
                    reading: Reading::Found(native.clone()),
                    planned: Some(planned),
                }),
                Err(error) => self.failed(&error),
            };
        }
        let read = match provider.read(tf_type, schema, request.state).await {
            Ok(read) => read,
            Err(error) => return self.failed(&error),
        };
        let Some(live) = &read.live else {
            return match request.is_located {
                true => Outcome::Missing,
                false => Outcome::Done(ProviderReading::unknown(Reason::WrongAccount {
                    message:
                        "it was not found, and neither code nor state tells its account and region"
                            .to_owned(),
                })),
            };
        };
        match self.plan(provider, request, schema, &read, live).await {
            Ok(planned) => Outcome::Done(ProviderReading {
                reading: Reading::Found(self.sealed(request, schema, live)),
                planned: Some(planned),
            }),
            Err(error) => self.failed(&error),
        }
    }

    /// Plans from what a native reader read. What does not even have the schema's type counts as a change.
    async fn plan_native(
        &self,
        provider: &Provider,
        request: &Request<'_>,
        schema: &TypeSchema,
        native: &Attributes,
    ) -> Result<PlannedChanges, ResourceError> {
        let tf_type = request.resource.tf_type();
        let recorded = provider.recorded(tf_type, schema, request.state).await?;
        let state = lay_over(&schema.block, &recorded, native);
        let read = LiveState {
            recorded,
            live: None,
            private: request.state.private.clone(),
        };
        let planned = self.plan(provider, request, schema, &read, &state.value);
        let mut planned = planned.await?;
        planned.drift.extend(state.misfits);
        Ok(planned)
    }

    async fn plan(
        &self,
        provider: &Provider,
        request: &Request<'_>,
        schema: &TypeSchema,
        read: &LiveState,
        live: &Value,
    ) -> Result<PlannedChanges, ResourceError> {
        let block = &schema.block;
        let configuration = configuration(block, request.declared, &read.recorded);
        let ignored = request.declared.map(|code| code.ignore_changes.as_slice());
        let input = PlanInput {
            block,
            recorded: &read.recorded,
            live,
            configuration: &configuration,
            ignore_changes: ignored.unwrap_or_default(),
        };
        let states = (live, &input.proposed(), &input.config());
        let tf_type = request.resource.tf_type();
        let planned = provider.plan(tf_type, block, states, &read.private).await?;
        let mut changes = input.changes(&planned);
        if !self.knows_default_tags() {
            for paths in [
                &mut changes.drift,
                &mut changes.not_applied,
                &mut changes.all,
            ] {
                paths.remove(TAGS_ALL);
            }
        }
        changes.refusal = self
            .refusal(provider, request, schema, &read.recorded)
            .await?;
        Ok(changes)
    }

    /// Returns why the provider refuses edited code. What it refused before already is not the edits' fault: values that
    /// the code alone does not determine stand there as they were recorded.
    async fn refusal(
        &self,
        provider: &Provider,
        request: &Request<'_>,
        schema: &TypeSchema,
        recorded: &Value,
    ) -> Result<Option<String>, ResourceError> {
        let Some(before) = request.before else {
            return Ok(None);
        };
        let (tf_type, block) = (request.resource.tf_type(), &schema.block);
        let refusal_of = async |code| {
            let config = configuration(block, code, recorded).value;
            match provider.validate(tf_type, block, &config).await {
                Ok(()) => Ok(None),
                Err(ResourceError::Call(CallError::Provider(message))) => Ok(Some(message)),
                Err(error) => Err(error),
            }
        };
        let refusal = refusal_of(request.declared).await?;
        if refusal.is_none() || refusal_of(Some(before)).await?.is_some() {
            return Ok(None);
        }
        Ok(refusal.map(|message| reason::shown(&message, self.redactor)))
    }

    /// Returns whether the provider was told all default tags: else its plan takes away those that it was not told.
    fn knows_default_tags(&self) -> bool {
        match &self.target {
            Target::Aws(target) => {
                let tags = &target.tags.default;
                !tags.has_unknown() && !tags.has_secret()
            }
            Target::Configured(_) => true,
        }
    }

    /// Replaces the secrets of what was read.
    fn sealed(&self, request: &Request<'_>, schema: &TypeSchema, live: &Value) -> Attributes {
        let schema = Schema {
            attributes: schema.attributes(),
            rules: &NO_RULES,
        };
        let attributes = live.as_map().cloned().unwrap_or_default();
        let mut sealed = self.redactor.seal(Some(&schema), attributes);
        let recorded = &request.resource.attributes;
        self.redactor
            .seal_as_recorded(Some(&schema), recorded, &mut sealed);
        sealed
    }

    fn failed(&self, error: &ResourceError) -> Outcome {
        match error {
            ResourceError::Call(CallError::Gone) => Outcome::Crashed,
            ResourceError::Call(error) => Outcome::Done(ProviderReading::unknown(
                reason::from_call(error, self.redactor),
            )),
            ResourceError::Value(error) => {
                Outcome::Done(ProviderReading::unknown(Reason::Failed {
                    message: error.to_string(),
                }))
            }
        }
    }
}

fn no_provider(message: String) -> Outcome {
    Outcome::Done(ProviderReading::unknown(Reason::NoProvider { message }))
}
