//! What is particular to Postgres: several instances, locks, guards inside the
//! database, and connections that break.

mod audit;
mod catalog;
mod guards;
mod instances;
mod migrations;
mod outage;
mod tenants;

use diesel::QueryableByName;
use diesel::sql_types::BigInt;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_contracts::{Store, World};

use crate::common::Database;

fn world(database: &Database) -> World {
    World::new(Store::of(&database.open()))
}

async fn count(conn: &mut AsyncPgConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let found: Count = diesel::sql_query(query).get_result(conn).await.unwrap();
    found.count
}
