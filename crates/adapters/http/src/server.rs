use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use futures_util::future::{Either, select};
use vuzo_application::Application;

use crate::edge::Edge;
use crate::gate::{Backends, Gate};
use crate::routes;
use crate::settings::HttpSettings;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 2_048;

/// What is served.
pub struct Gateway {
    /// The use cases.
    pub application: Arc<Application>,
    /// What the server needs beside them.
    pub backends: Backends,
    /// How it is set up.
    pub settings: HttpSettings,
}

/// A server whose sockets listen already; connections wait until it runs.
pub struct Bound {
    addresses: Vec<SocketAddr>,
    metrics_addresses: Vec<SocketAddr>,
    main: Server,
    metrics: Option<Server>,
}

/// Takes the sockets.
pub fn bind(gateway: Gateway) -> io::Result<Bound> {
    let settings = Arc::new(gateway.settings);
    let gate = Gate::new(gateway.application, Arc::clone(&settings), gateway.backends);
    let metrics_gate = gate.clone();
    let has_own_metrics = settings.metrics_bind.is_some();
    let make = move || {
        let main: fn(&mut web::ServiceConfig) = if has_own_metrics {
            routes::routes_without_metrics
        } else {
            routes::routes
        };
        App::new()
            .app_data(Data::new(gate.clone()))
            .wrap(Edge::new(gate.clone()))
            .configure(main)
            .default_service(web::to(routes::unknown))
    };
    let mut server = HttpServer::new(make)
        .workers(settings.workers.max(1))
        .max_connections(settings.connections_per_worker.max(1))
        .backlog(BACKLOG)
        // Without it every small frame waits for an acknowledgement of the one before.
        .tcp_nodelay(true)
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.head_timeout)
        // A client that is gone is noticed while an answer is still awaited.
        .h1_allow_half_closed(false)
        .shutdown_timeout(settings.drain.as_secs().max(1))
        .disable_signals();
    for address in &settings.bind {
        server = server.bind(address)?;
    }
    let addresses = server.addrs();
    let (metrics, metrics_addresses) = match settings.metrics_bind {
        Some(address) => bind_metrics(metrics_gate, address)?,
        None => (None, Vec::new()),
    };
    Ok(Bound {
        addresses,
        metrics_addresses,
        main: server.run(),
        metrics,
    })
}

fn bind_metrics(gate: Gate, address: SocketAddr) -> io::Result<(Option<Server>, Vec<SocketAddr>)> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(gate.clone()))
            .wrap(Edge::new(gate.clone()))
            .configure(routes::health_routes)
            .configure(routes::metrics_route)
            .default_service(web::to(routes::unknown))
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .bind(address)?;
    let addresses = server.addrs();
    Ok((Some(server.run()), addresses))
}

impl Bound {
    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where health and metrics are served as well.
    pub fn metrics_addresses(&self) -> &[SocketAddr] {
        &self.metrics_addresses
    }

    /// Serves until `shutdown` comes; then takes no more connections, lets running
    /// answers end within the drain time, and returns.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let handle = self.main.handle();
        let metrics_handle = self.metrics.as_ref().map(Server::handle);
        let metrics = async {
            match self.metrics {
                Some(server) => server.await,
                None => Ok(()),
            }
        };
        let serving = Box::pin(futures_util::future::try_join(self.main, metrics));
        let shutdown = Box::pin(shutdown);
        match select(serving, shutdown).await {
            Either::Left((ended, _)) => ended.map(drop),
            Either::Right(((), serving)) => {
                // The stop is only carried out while the server is polled.
                let stop = async {
                    handle.stop(true).await;
                    if let Some(metrics) = metrics_handle {
                        metrics.stop(true).await;
                    }
                };
                let (ended, ()) = futures_util::future::join(serving, stop).await;
                ended.map(drop)
            }
        }
    }
}
