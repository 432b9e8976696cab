//! Reads and plans one resource.

use super::{NO_RULES, Outcome, ProviderReading, Reader, Request};
use crate::model::{
    Attributes, DeclaredResource, PlannedChanges, Reading, Reason, Schema, TAGS, TAGS_ALL, Value,
};
use crate::plugin::client::CallError;
use crate::plugin::configuration::configuration;
use crate::plugin::overlay::lay_over;
use crate::plugin::provider::{LiveState, Provider, ResourceError};
use crate::plugin::reason;
use crate::plugin::schema::{Block, TypeSchema};
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
        let recorded_with = request.state.map_or(0, |state| state.schema_version);
        if i64::try_from(recorded_with).unwrap_or(i64::MAX) > schema.version {
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
        let known = &request.resource.attributes;
        let read = match request.state {
            Some(state) => provider.read(tf_type, schema, state).await,
            None => provider.read_new(tf_type, schema, known).await,
        };
        let read = match read {
            Ok(read) => read,
            Err(error) => return self.failed(&error),
        };
        let Some(live) = &read.live else {
            return match request.is_located {
                // What is known of it may be too little to find it by.
                _ if request.state.is_none() => failed("it was not found".to_owned()),
                true => Outcome::Missing,
                false => Outcome::Done(ProviderReading::unknown(Reason::WrongAccount {
                    message:
                        "it was not found, and code and state do not tell for certain its account and region"
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
        let (recorded, private) = match request.state {
            Some(state) => {
                let recorded = provider.recorded(tf_type, schema, state).await?;
                (recorded, state.private.clone())
            }
            None => (Value::Map(Attributes::new()), Vec::new()),
        };
        let state = lay_over(&schema.block, &recorded, native);
        let read = LiveState {
            recorded,
            live: None,
            private,
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
        let added = match self.knows_default_tags() {
            true => None,
            false => AddedTags::apart(&read.recorded, live),
        };
        let live = added.as_ref().map_or(live, |added| &added.live);
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
            if added.is_some_and(|added| added.have_changed) {
                changes.drift.insert(TAGS_ALL.to_owned());
            }
        }
        let code = (tf_type, block);
        if let Some(before) = request.before {
            let edited = Edited {
                before: value_of(block, before, &read.recorded),
                after: configuration.value,
            };
            changes.edited = edited.names().map(str::to_owned).collect();
            self.validate(provider, code, &edited, &mut changes).await?;
        } else if request.state.is_none() {
            changes.refusal = self
                .refusal_of(provider, code, &configuration.value)
                .await?;
        }
        Ok(changes)
    }

    /// Notes why the provider refuses edited code: by attribute, where it takes the code without the edits of these. What
    /// it refused before already is not the edits' fault: values that the code alone does not determine stand there as
    /// they were recorded.
    async fn validate(
        &self,
        provider: &Provider,
        code: (&str, &Block),
        edited: &Edited,
        changes: &mut PlannedChanges,
    ) -> Result<(), ResourceError> {
        let refusal_of = async |value: &Value| self.refusal_of(provider, code, value).await;
        let Some(refusal) = refusal_of(&edited.after).await? else {
            return Ok(());
        };
        if refusal_of(&edited.before).await?.is_some() {
            return Ok(());
        }
        for name in edited.names() {
            if let Some(message) = refusal_of(&edited.with_only(name)).await? {
                changes.refused.insert(name.to_owned(), message);
            }
        }
        let rest = edited.without(changes.refused.keys());
        if changes.refused.is_empty() || refusal_of(&rest).await?.is_some() {
            changes.refused.clear();
            changes.refusal = Some(refusal);
        }
        Ok(())
    }

    /// Returns why the provider refuses code; `None` where it takes it.
    async fn refusal_of(
        &self,
        provider: &Provider,
        (tf_type, block): (&str, &Block),
        value: &Value,
    ) -> Result<Option<String>, ResourceError> {
        match provider.validate(tf_type, block, value).await {
            Ok(()) => Ok(None),
            Err(ResourceError::Call(CallError::Provider(message))) => {
                Ok(Some(reason::shown(&message, self.redactor)))
            }
            Err(error) => Err(error),
        }
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
            ResourceError::Value(error) => failed(error.to_string()),
        }
    }
}

/// A live state without the tags that the provider added when the state was recorded: one that was not told its default
/// tags takes them for the resource's own.
struct AddedTags {
    live: Value,
    /// Whether AWS no longer has them as they were recorded.
    have_changed: bool,
}

impl AddedTags {
    /// Takes apart the tags of a live state; `None` where the state recorded no added ones.
    fn apart(recorded: &Value, live: &Value) -> Option<Self> {
        let (own, all) = (recorded.get(TAGS), recorded.get(TAGS_ALL).as_map()?);
        let is_added = |key: &str| own.get(key).is_null() && all.contains_key(key);
        let mut attributes = live.as_map()?.clone();
        let none = Attributes::new();
        let tags = live.get(TAGS).as_map().unwrap_or(&none);
        if !all.keys().any(|key| is_added(key)) {
            return None;
        }
        let now = live.get(TAGS_ALL).as_map().unwrap_or(tags);
        let changed = |key: &String| is_added(key) && all.get(key) != now.get(key);
        let have_changed = all.keys().any(changed);
        let kept = tags.iter().filter(|(key, _)| !is_added(key));
        let kept = kept.map(|(key, value)| (key.clone(), value.clone()));
        let kept = Value::map(kept);
        let kept = match kept.is_empty() && own.is_null() {
            true => Value::Null,
            false => kept,
        };
        attributes.insert(TAGS.to_owned(), kept);
        Some(Self {
            live: Value::Map(attributes),
            have_changed,
        })
    }
}

/// Returns the value of a resource's code.
fn value_of(block: &Block, code: &DeclaredResource, recorded: &Value) -> Value {
    configuration(block, Some(code), recorded).value
}

/// The value of a resource's code before and after edits.
struct Edited {
    before: Value,
    after: Value,
}

impl Edited {
    /// Returns the top-level names that the edits change.
    fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.after.as_map().into_iter().flatten();
        let differs = |(name, value): &(&String, &Value)| self.before.get(name) != *value;
        names.filter(differs).map(|(name, _)| name.as_str())
    }

    /// Returns the value before the edits, with the edits of this name.
    fn with_only(&self, name: &str) -> Value {
        mixed(&self.before, &self.after, [name])
    }

    /// Returns the value after the edits, without the edits of these names.
    fn without<'n>(&self, names: impl IntoIterator<Item = &'n String>) -> Value {
        let names = names.into_iter().map(String::as_str);
        mixed(&self.after, &self.before, names)
    }
}

/// Returns a value with the parts of these names from another.
fn mixed<'n>(most: &Value, other: &Value, names: impl IntoIterator<Item = &'n str>) -> Value {
    let mut entries = most.as_map().cloned().unwrap_or_default();
    for name in names {
        entries.insert(name.to_owned(), other.get(name).clone());
    }
    Value::Map(entries)
}

fn failed(message: String) -> Outcome {
    Outcome::Done(ProviderReading::unknown(Reason::Failed { message }))
}

fn no_provider(message: String) -> Outcome {
    Outcome::Done(ProviderReading::unknown(Reason::NoProvider { message }))
}
