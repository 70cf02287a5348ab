//! The use cases of model lists: all models of a user's providers, and one of them.

use futures::future::join_all;

use crate::domain::{Connection, Endpoint, Provider};
use crate::error::RelayError;
use crate::relay::caller::Caller;
use crate::relay::handle::Relay;
use crate::relay::inference::collect;
use crate::relay::metering::Meter;
use crate::translation::dialect;
use crate::translation::limits::MAX_ANSWER;
use crate::translation::surface::models::{Model, ModelList};
use crate::translation::surface::request::must_be_model;

/// The most pages of a model list that are requested.
const MAX_MODEL_PAGES: usize = 10;

impl Relay {
    /// The models of all providers that the user has connected.
    ///
    /// # Errors
    /// `provider_key_missing` without a connected provider; the first failure if every provider fails.
    pub async fn models(&self, caller: &Caller) -> Result<ModelList, RelayError> {
        let mut meter = Meter::start(self, caller, Endpoint::Models, 0);
        let listed = self.listed_models(caller, &mut meter).await;
        metered(meter, listed)
    }

    async fn listed_models(&self, caller: &Caller, meter: &mut Meter) -> Result<ModelList, RelayError> {
        let project = &caller.project.id;
        let connections = self.ports.key_store.connections(project, &caller.user).await?;
        if connections.is_empty() {
            return Err(RelayError::no_provider_key());
        }
        meter.sent();
        let lists = join_all(connections.into_iter().map(|connection| self.models_of(connection))).await;
        let (good, bad): (Vec<_>, Vec<_>) = lists.into_iter().partition(Result::is_ok);
        match bad.into_iter().find_map(Result::err) {
            Some(error) if good.is_empty() => Err(error),
            _ => Ok(ModelList { object: "list", data: good.into_iter().flatten().flatten().collect() }),
        }
    }

    /// One model of the user's providers.
    ///
    /// # Errors
    /// `invalid_value` for what cannot be a model's name, `model_not_found`, and those of [`Self::models`].
    pub async fn model(&self, caller: &Caller, asked: &str) -> Result<Model, RelayError> {
        let mut meter = Meter::start(self, caller, Endpoint::Models, 0);
        let shown = self.one_model(caller, asked, &mut meter).await;
        metered(meter, shown)
    }

    async fn one_model(&self, caller: &Caller, asked: &str, meter: &mut Meter) -> Result<Model, RelayError> {
        must_be_model(asked)?;
        let unknown = || RelayError::model_not_found(asked);
        let (provider, id) = Provider::for_model(asked).ok_or_else(unknown)?;
        meter.asked(provider, id);
        let connection = self.connection(caller, provider).await?;
        meter.sent();
        if let Some(wire) = dialect(provider).model(id) {
            let route = &self.open(connection)?;
            let body = collect(self.send(route, route.addressed(wire)).await?, MAX_ANSWER).await?;
            let model = dialect(provider).model_answer(&body)?;
            self.worked(route).await;
            return Ok(model);
        }
        let models = self.models_of(connection).await?;
        models.into_iter().find(|model| model.id == id).ok_or_else(unknown)
    }

    /// Lists are free of charge, so their calls are in the request log and in no sum.
    async fn models_of(&self, connection: Connection) -> Result<Vec<Model>, RelayError> {
        let route = &self.open(connection)?;
        let dialect = dialect(route.provider());
        let (mut models, mut page) = (Vec::new(), None);
        for _ in 0..MAX_MODEL_PAGES {
            let wire = route.addressed(dialect.models(page.as_deref()));
            let body = collect(self.send(route, wire).await?, MAX_ANSWER).await?;
            let (found, next) = dialect.models_answer(&body)?;
            models.extend(found);
            page = next;
            if page.is_none() {
                if !models.is_empty() {
                    self.worked(route).await;
                }
                break;
            }
        }
        Ok(models)
    }
}

/// The result of a call that is metered with it.
fn metered<T>(mut meter: Meter, result: Result<T, RelayError>) -> Result<T, RelayError> {
    match &result {
        Ok(_) => meter.complete(None, None),
        Err(error) => meter.failed(error),
    }
    result
}
