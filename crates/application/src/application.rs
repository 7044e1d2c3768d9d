use core::time::Duration;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vuzo_domain::port::{ChangeSink, Unavailable};

use crate::access::{Access, Directory};
use crate::announce::Announcer;
use crate::billing::Billing;
use crate::chat::Calls;
use crate::keys::KeyDesk;
use crate::models::Models;
use crate::operator::Operator;
use crate::people::People;
use crate::ports::{Policy, Ports};
use crate::provider_keys::ProviderKeyring;
use crate::usage::UsageDesk;
use crate::workers::{Reaper, Touches, Watcher};

/// Every use case, wired to its ports.
pub struct Application {
    /// Who is asking.
    pub access: Access,
    /// Metered calls.
    pub calls: Calls,
    /// The models on offer.
    pub models: Arc<Models>,
    /// The keys that calls to providers are made with.
    pub keyring: Arc<ProviderKeyring>,
    /// Signing up and logging in.
    pub people: People,
    /// API keys.
    pub keys: KeyDesk,
    /// Balances and transactions.
    pub billing: Billing,
    /// The usage log.
    pub usage: UsageDesk,
    /// What only the operator may.
    pub operator: Operator,
    watcher: Arc<Watcher>,
    touches: Arc<Touches>,
    reaper: Reaper,
    cursor: i64,
    handle: Handle,
    workers: TaskTracker,
    stop: CancellationToken,
}

impl Application {
    /// Reads the catalogue and wires the use cases. Everything that outlives a request
    /// runs on `handle`: a multi-thread runtime that outlives all callers.
    pub async fn start(
        ports: Ports,
        policy: Policy,
        handle: Handle,
    ) -> Result<Arc<Self>, Unavailable> {
        // Before anything is read that is then remembered: what changes in between is
        // found when the list is followed.
        let cursor = ports.changes.change_cursor().await?;
        let directory = Arc::new(Directory::new(
            Arc::clone(&ports.keys),
            Arc::clone(&ports.accounts),
        ));
        let models =
            Arc::new(Models::load(Arc::clone(&ports.catalog), Arc::clone(&ports.clock)).await?);
        let keyring = Arc::new(ProviderKeyring::load(&ports, &policy).await?);
        let announcer = Arc::new(Announcer::new(
            Arc::clone(&ports.feed),
            Arc::clone(&directory),
            Arc::clone(&models),
            Arc::clone(&keyring),
        ));
        let touches = Arc::new(Touches::new(Arc::clone(&ports.keys)));
        Ok(Arc::new(Self {
            access: Access::new(
                &ports,
                &policy,
                Arc::clone(&directory),
                Arc::clone(&touches),
            ),
            calls: Calls::new(
                &ports,
                &policy,
                Arc::clone(&models),
                Arc::clone(&keyring),
                handle.clone(),
            ),
            people: People::new(&ports, &policy, Arc::clone(&directory)),
            keys: KeyDesk::new(&ports, Arc::clone(&announcer)),
            billing: Billing::new(&ports),
            usage: UsageDesk::new(&ports),
            operator: Operator::new(&ports, announcer),
            watcher: Arc::new(Watcher::new(
                Arc::clone(&ports.changes),
                directory,
                Arc::clone(&models),
                Arc::clone(&keyring),
            )),
            touches,
            reaper: Reaper::new(
                Arc::clone(&ports.wallets),
                Arc::clone(&ports.clock),
                policy.hold_lifetime,
            ),
            models,
            keyring,
            cursor,
            handle,
            workers: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Starts what runs beside the calls: the reaper, the watch for changes of other
    /// instances, the notes on when keys were last used.
    pub fn spawn_workers(self: &Arc<Self>) {
        let spawn = |work: core::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
            self.workers.spawn_on(work, &self.handle);
        };
        let stop = || self.stop.clone();
        let (follow, refresh) = (Arc::clone(&self.watcher), Arc::clone(&self.watcher));
        let (touches, whole) = (Arc::clone(&self.touches), Arc::clone(self));
        let (cursor, stops) = (self.cursor, [stop(), stop(), stop(), stop()]);
        let [first, second, third, fourth] = stops;
        spawn(Box::pin(async move { follow.follow(cursor, first).await }));
        spawn(Box::pin(async move { refresh.refresh(second).await }));
        spawn(Box::pin(async move { touches.run(third).await }));
        spawn(Box::pin(async move {
            whole.reaper.run(&whole.calls, fourth).await;
        }));
    }

    /// Where news of other instances' changes go.
    pub fn change_sink(&self) -> Arc<dyn ChangeSink> {
        Arc::clone(&self.watcher) as Arc<dyn ChangeSink>
    }

    /// Takes no more calls; see [`Application::drain`].
    pub fn close(&self) {
        self.calls.close();
    }

    /// Whether no more calls are taken.
    pub fn is_draining(&self) -> bool {
        self.calls.is_draining()
    }

    /// Takes no more calls, lets those that run come to their end within that time,
    /// and ends everything else. Answers how many calls had to be ended.
    pub async fn drain(&self, within: Duration) -> usize {
        let ended = self.calls.drain(within).await;
        self.stop.cancel();
        self.workers.close();
        self.workers.wait().await;
        ended
    }
}
