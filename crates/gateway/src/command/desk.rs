//! The application at the command line: the same use cases as behind HTTP, so that
//! every deed is checked, audited and announced alike.

use std::sync::Arc;

use anyhow::Result;
use vuzo_application::Application;
use vuzo_domain::port::{Actor, Clock, IdGen};

use super::Context;
use crate::config::Secrets;
use crate::wiring::{self, Base, PATIENCE, Place, Sharing};

/// As whom the audit log knows who works here.
pub(super) const ACTOR: Actor = Actor::CommandLine;

pub(super) struct Desk {
    pub(super) application: Arc<Application>,
    pub(super) ids: Arc<dyn IdGen>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Desk {
    /// Opens the database as it is. No call is served, and nothing runs beside the
    /// command.
    pub(super) async fn open(context: &Context) -> Result<Self> {
        let Context {
            config, runtime, ..
        } = context;
        let base = Base::of_this_system()?;
        let store = Place::of(config).open(runtime, PATIENCE).await?;
        let secrets = Secrets::obtain(config, base.ids.as_ref())?;
        let sharing = Sharing::open(config, runtime)?;
        let ports = wiring::ports(config, &secrets, &base, store.ports(), &sharing, runtime)?;
        let policy = wiring::policy(config, &secrets);
        Ok(Self {
            application: Application::start(ports, policy, runtime.clone()).await?,
            ids: base.ids,
            clock: base.clock,
        })
    }
}
