use core::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Payload;
use bytes::Bytes;
use vuzo_application::Application;
use vuzo_application::access::{Caller, Reader};
use vuzo_domain::account::User;
use vuzo_domain::id::{AccountId, RequestId};
use vuzo_domain::key::Scope;
use vuzo_domain::port::{Actor, Clock, IdGen};

use crate::body::Room;
use crate::chat::Wires;
use crate::error::{Fault, rules};
use crate::health::Probe;
use crate::query::Query;
use crate::settings::HttpSettings;
use crate::{address, body, credentials};

/// What the server needs beside the application.
#[derive(Clone)]
pub struct Backends {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids for requests that bring none.
    pub ids: Arc<dyn IdGen>,
    /// Whether the database answers.
    pub database: Arc<dyn Probe>,
    /// Whether Redis answers, where there is one.
    pub redis: Option<Arc<dyn Probe>>,
    /// Whether secrets can be sealed, where there is a key for it.
    pub vault: Option<Arc<dyn Probe>>,
    /// Writes all metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

/// What every handler has at hand: the application, and how requests are read.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) application: Arc<Application>,
    pub(crate) settings: Arc<HttpSettings>,
    pub(crate) backends: Backends,
    pub(crate) wires: Wires,
    room: Room,
}

impl Gate {
    /// A gate to this application.
    pub(crate) fn new(
        application: Arc<Application>,
        settings: Arc<HttpSettings>,
        backends: Backends,
    ) -> Self {
        Self {
            application,
            room: Room::of(&settings.body),
            wires: Wires::new(&backends.clock),
            settings,
            backends,
        }
    }

    pub(crate) fn new_request_id(&self) -> RequestId {
        RequestId::from_uuid(self.backends.ids.uuid())
    }

    pub(crate) fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        address::of(request, &self.settings.trusted_proxies)
    }

    /// Somebody with a key of that scope, or a session.
    pub(crate) async fn caller(
        &self,
        request: &HttpRequest,
        scope: Scope,
    ) -> Result<Caller, Fault> {
        let bearer = credentials::of(request)?;
        let origin = address::origin(request, &self.settings.trusted_proxies);
        Ok(self
            .application
            .access
            .caller(bearer, &origin, scope)
            .await?)
    }

    /// Somebody who is logged in.
    pub(crate) async fn session(&self, request: &HttpRequest) -> Result<Caller, Fault> {
        let bearer = credentials::bearer(request)?;
        Ok(self.application.access.session(bearer).await?)
    }

    /// The same, whatever became of their account.
    pub(crate) async fn person(&self, request: &HttpRequest) -> Result<Caller, Fault> {
        let bearer = credentials::bearer(request)?;
        Ok(self.application.access.person(bearer).await?)
    }

    /// The person behind a caller; nobody is behind a key.
    pub(crate) async fn user_of(&self, caller: &Caller) -> Result<Option<User>, Fault> {
        match caller.user() {
            Some(user) => Ok(self.application.people.me(user).await?),
            None => Ok(None),
        }
    }

    /// Somebody who reads their own rows, or the operator.
    pub(crate) async fn reader(&self, request: &HttpRequest) -> Result<Reader, Fault> {
        let bearer = credentials::bearer(request)?;
        let origin = address::origin(request, &self.settings.trusted_proxies);
        Ok(self.application.access.reader(bearer, &origin).await?)
    }

    /// The account whose rows are asked for: the operator names one, everybody else
    /// gets their own.
    pub(crate) async fn read_account(
        &self,
        request: &HttpRequest,
        query: &Query,
    ) -> Result<AccountId, Fault> {
        let reader = self.reader(request).await?;
        let named = query.id("account")?;
        reader.choose(named).ok_or_else(missing_account)
    }

    /// Refuses the admin key where an account is needed and none was named.
    pub(crate) fn needs_account(&self, request: &HttpRequest) -> Result<(), Fault> {
        let bearer = credentials::bearer(request)?;
        if self.application.access.is_admin_key(bearer) {
            Err(missing_account())
        } else {
            Ok(())
        }
    }

    /// The operator.
    pub(crate) async fn admin(&self, request: &HttpRequest) -> Result<Actor, Fault> {
        let bearer = credentials::bearer(request)?;
        Ok(self.application.access.admin(bearer).await?)
    }

    /// Counts a request of somebody who is not known yet.
    pub(crate) async fn anonymous(&self, request: &HttpRequest) -> Result<(), Fault> {
        match self.address(request) {
            Some(address) => Ok(self.application.access.anonymous(address).await?),
            None => Ok(()),
        }
    }

    /// The body of a chat request.
    pub(crate) async fn chat_body(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Bytes, Fault> {
        let rules = &self.settings.body;
        body::read(request, payload, rules.largest_chat, rules, &self.room).await
    }

    /// The body of any other request.
    pub(crate) async fn body(
        &self,
        request: &HttpRequest,
        payload: Payload,
    ) -> Result<Bytes, Fault> {
        let rules = &self.settings.body;
        body::read(request, payload, rules.largest_other, rules, &self.room).await
    }
}

fn missing_account() -> Fault {
    let message = "The admin key belongs to no account: name one with ?account=acc_….";
    Fault::new(rules::MISSING_ACCOUNT, message).param("account")
}
