//! One exchange with a provider, signed with the user's key, and what its result reveals about that key.
//!
//! There is no other key to fall back to: a call for a user is signed with that user's key or it fails.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use crate::domain::ids::{ProjectId, RequestId};
use crate::domain::secret::ProviderKey;
use crate::domain::trail::{Actor, By};
use crate::domain::{Connection, ConnectionState, KeySignal, Provider, Region, Slot};
use crate::error::RelayError;
use crate::ports::{ProviderClient, WireRequest, WireResponse};
use crate::relay::caller::Caller;
use crate::relay::handle::Relay;
use crate::translation::{Amended, ErrorResponse, ProviderError, dialect};

/// The most bytes that are read of an error's body.
const MAX_ERROR: usize = 64 << 10;

/// A user's key for one provider, opened for one call.
pub(crate) struct Route {
    pub(crate) client: Arc<dyn ProviderClient>,
    pub(crate) connection: Connection,
    pub(crate) key: ProviderKey,
    /// The request of the call, if it is one.
    pub(crate) request: Option<RequestId>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("slot", &self.connection.slot.slot).finish_non_exhaustive()
    }
}

impl Relay {
    /// The user's connection for a provider, in any state.
    pub(crate) async fn connection(&self, caller: &Caller, provider: Provider) -> Result<Connection, RelayError> {
        let slot = Slot { project: caller.project.id.clone(), user: caller.user.clone(), provider };
        self.ports.key_store.connection(&slot).await?.ok_or_else(|| RelayError::provider_key_missing(provider))
    }

    pub(crate) async fn route(&self, caller: &Caller, provider: Provider) -> Result<Route, RelayError> {
        let connection = self.connection(caller, provider).await?;
        Ok(Route { request: Some(caller.request), ..self.open(connection)? })
    }

    /// Opens the key of a connection for one call.
    pub(crate) fn open(&self, connection: Connection) -> Result<Route, RelayError> {
        let provider = connection.slot.slot.provider;
        if connection.state.refuses_calls() {
            return Err(refused_before(connection.state, provider));
        }
        self.open_unchecked(connection)
    }

    /// Like [`Self::open`], for a check of a key that was refused before.
    pub(crate) fn open_unchecked(&self, connection: Connection) -> Result<Route, RelayError> {
        let opened = self.ports.cipher.open(&connection.slot, &connection.sealed);
        let key = opened.map_err(RelayError::provider_key_unreadable)?;
        let client = self.client(connection.slot.slot.provider)?;
        Ok(Route { client, connection, key, request: None })
    }

    pub(crate) fn client(&self, provider: Provider) -> Result<Arc<dyn ProviderClient>, RelayError> {
        let found = self.ports.providers.iter().find(|client| client.provider() == provider);
        found.cloned().ok_or_else(|| RelayError::provider_not_served(provider))
    }

    /// Sends a request, turns every failure into the caller's error, and updates the connection's state.
    pub(crate) async fn send(&self, route: &Route, wire: WireRequest) -> Result<WireResponse, RelayError> {
        match self.exchange(route, wire).await? {
            Ok(response) => Ok(response),
            Err(refusal) => Err(self.settle_refusal(route, &refusal).await),
        }
    }

    /// Like [`Self::send`]. If the provider refuses the request and the dialect can amend it, the amended request is
    /// sent once. Returns the amended request too, if it was sent.
    pub(crate) async fn send_amendable(
        &self,
        route: &Route,
        wire: WireRequest,
    ) -> Result<(WireResponse, Option<Amended>), RelayError> {
        match self.exchange(route, wire.clone()).await? {
            Ok(response) => Ok((response, None)),
            Err(refusal) => match dialect(route.provider()).amend(&refusal.failure(), &wire) {
                Some(amended) => Ok((self.send(route, amended.wire.clone()).await?, Some(amended))),
                None => Err(self.settle_refusal(route, &refusal).await),
            },
        }
    }

    /// Sends a request. The outer error is a failed connection, the inner one a refusal of the provider.
    ///
    /// A key that has not worked yet may be one of another region: it was stored while the provider could not be reached.
    /// Then the request is sent once more, to the region's host.
    async fn exchange(&self, route: &Route, wire: WireRequest) -> Result<Result<WireResponse, Refusal>, RelayError> {
        let again = (route.is_unproven() && route.client.reaches_regions()).then(|| wire.clone());
        let refusal = match self.exchange_once(route, wire).await? {
            Ok(response) => return Ok(Ok(response)),
            Err(refusal) => refusal,
        };
        let named = self.region_of(route, &refusal);
        let (Some(again), Some(region)) = (again, named) else { return Ok(Err(refusal)) };
        self.move_to(route, region).await;
        self.exchange_once(route, WireRequest { region: Some(region), ..again }).await
    }

    async fn exchange_once(
        &self,
        route: &Route,
        wire: WireRequest,
    ) -> Result<Result<WireResponse, Refusal>, RelayError> {
        let failure = |error| RelayError::from(error).without(&route.key).with_provider(route.provider());
        let response = route.client.send(wire, &route.key).await.map_err(failure)?;
        if (200..300).contains(&response.status) {
            return Ok(Ok(response));
        }
        Ok(Err(Refusal::read(response, &route.key).await))
    }

    /// The region that a refusal sends the key to, unless it is there already.
    fn region_of(&self, route: &Route, refusal: &Refusal) -> Option<Region> {
        route.provider().regions().next()?;
        match dialect(route.provider()).error(&refusal.failure(), self.ports.clock.now()).signal? {
            KeySignal::WrongRegion(named) => named.filter(|named| route.connection.region != Some(*named)),
            _ => None,
        }
    }

    /// Stores the region that a key works at.
    async fn move_to(&self, route: &Route, region: Region) {
        let SlotRef { slot, version } = route.slot();
        // If it can't be stored, the next call finds it again.
        let _ = self.ports.key_store.set_region(slot, version, Some(region), &self.by_answer(route)).await;
    }

    /// Notes that the provider gave an answer that could be read: the key works. Not at the answer's status: a network's
    /// login page has status 200, too.
    pub(crate) async fn worked(&self, route: &Route) {
        if route.is_unproven() {
            self.observe(route, KeySignal::Works).await;
        }
    }

    async fn settle_refusal(&self, route: &Route, refusal: &Refusal) -> RelayError {
        let fault = dialect(route.provider()).error(&refusal.failure(), self.ports.clock.now());
        self.settle(route, fault).await
    }

    /// Reads an answer with an error status.
    pub(crate) async fn fault(&self, provider: Provider, response: WireResponse, key: &ProviderKey) -> ProviderError {
        let refusal = Refusal::read(response, key).await;
        dialect(provider).error(&refusal.failure(), self.ports.clock.now())
    }

    /// Updates the connection's state with what a failure reveals about the key, and returns the caller's error.
    pub(crate) async fn settle(&self, route: &Route, fault: ProviderError) -> RelayError {
        match fault.signal {
            // The next call goes there.
            Some(KeySignal::WrongRegion(Some(region))) if route.client.reaches_regions() => {
                self.move_to(route, region).await;
            }
            Some(signal) if route.would_change(signal) => self.observe(route, signal).await,
            _ => {}
        }
        fault.error.without(&route.key).with_provider(route.provider())
    }

    async fn observe(&self, route: &Route, signal: KeySignal) {
        let SlotRef { slot, version } = route.slot();
        // If the state cannot be stored, the next answer sets it. The call itself must not fail for this reason.
        let by = self.by_answer(route);
        let _ = self.ports.key_store.observe(slot, version, signal, false, by.at, &by).await;
    }

    /// What a provider's answer changes, it changes.
    fn by_answer(&self, route: &Route) -> By {
        let by = self.acting_as(Actor::Provider(route.provider()));
        match route.request {
            Some(request) => by.request(request),
            None => by,
        }
    }
}

/// A complete answer with an error status.
struct Refusal {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Refusal {
    /// Removes the key from the body before the body is cut.
    async fn read(response: WireResponse, key: &ProviderKey) -> Self {
        let (status, headers) = (response.status, response.headers.clone());
        let mut body = without_escapes(collect_up_to(response, MAX_ERROR).await);
        if let Some(clean) = std::str::from_utf8(&body).ok().and_then(|text| key.taken_out_of(text)) {
            body = clean.into();
        }
        Self { status, headers, body }
    }

    fn failure(&self) -> ErrorResponse<'_> {
        ErrorResponse { status: self.status, headers: &self.headers, body: &self.body }
    }
}

struct SlotRef<'a> {
    slot: &'a Slot,
    version: u64,
}

impl Route {
    fn slot(&self) -> SlotRef<'_> {
        SlotRef { slot: &self.connection.slot.slot, version: self.connection.slot.version }
    }

    pub(crate) fn project(&self) -> &ProjectId {
        &self.connection.slot.slot.project
    }

    pub(crate) fn provider(&self) -> Provider {
        self.connection.slot.slot.provider
    }

    /// Whether the last answers were not good ones.
    fn is_unproven(&self) -> bool {
        self.connection.state != ConnectionState::Active || self.connection.refusals > 0
    }

    /// Whether a signal is worth a write. A refusal always is: its time is stored.
    fn would_change(&self, signal: KeySignal) -> bool {
        let known = (self.connection.state, self.connection.refusals);
        matches!(signal, KeySignal::Invalid | KeySignal::Revoked) || signal.apply(known.0, known.1, false) != known
    }

    /// Adds what the key needs beside it: the ids of its account, and its region.
    pub(crate) fn addressed(&self, wire: WireRequest) -> WireRequest {
        wire.addressed(self.provider(), &self.connection.ids, self.connection.region)
    }
}

/// JSON without the escapes that are not needed: they can hide a key.
fn without_escapes(body: Bytes) -> Bytes {
    if memchr::memchr(b'\\', &body).is_none() {
        return body;
    }
    let plain = serde_json::from_slice::<serde_json::Value>(&body).ok();
    plain.map_or(body, |json| json.to_string().into())
}

/// The first `limit` bytes of a body, or what arrived before the connection broke.
async fn collect_up_to(mut response: WireResponse, limit: usize) -> Bytes {
    let mut body = BytesMut::new();
    while let Some(Ok(piece)) = response.body.next().await {
        body.extend_from_slice(piece.get(..piece.len().min(limit - body.len())).unwrap_or_default());
        if body.len() >= limit {
            break;
        }
    }
    body.freeze()
}

fn refused_before(state: ConnectionState, provider: Provider) -> RelayError {
    match state {
        ConnectionState::Revoked => RelayError::provider_key_revoked(provider),
        _ => RelayError::provider_key_invalid(provider),
    }
}
