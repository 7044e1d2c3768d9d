use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;
use vuzo_contracts::{Customer, World};
use vuzo_domain::port::{Claim, ClaimKey};

use super::{count, world};
use crate::common::Database;

/// Every table with rows of one tenant, and the column that says whose.
const TENANT_TABLES: [(&str, &str); 7] = [
    ("accounts", "id"),
    ("users", "account_id"),
    ("api_keys", "account_id"),
    ("ledger_accounts", "account_id"),
    ("holds", "account_id"),
    ("idempotency_claims", "account_id"),
    ("usage", "account_id"),
];

/// Tables that no tenant sees.
const OPERATOR_TABLES: [&str; 5] = [
    "sessions",
    "used_refresh_tokens",
    "spend_counters",
    "audit_log",
    "provider_keys",
];

/// Tables that are everybody's.
const SHARED_TABLES: [&str; 5] = [
    "__diesel_schema_migrations",
    "changes",
    "models",
    "price_versions",
    "pricing_rules",
];

async fn settled_customer(world: &World) -> Customer {
    let customer = world.customer_with(1_000).await;
    world.key(&customer).await;
    world.call(&customer, 10).await;
    let mut command = world.hold(&customer, 10);
    command.claim = Some(Claim {
        key: ClaimKey {
            account: customer.account,
            key: None,
            route: "chat",
            token: "once".to_owned(),
        },
        body: [7; 32],
        expires_at: command.expires_at,
    });
    world.place(&command).await;
    customer
}

/// A connection that has only what the database grants the application.
async fn as_application(database: &Database, account: &str) -> AsyncPgConnection {
    let mut conn = database.by_hand().await;
    conn.batch_execute(&format!("SET ROLE vuzo_app; SET app.account = '{account}'"))
        .await
        .unwrap();
    conn
}

/// With a tenant's connection and no condition at all, nothing of a neighbour is
/// there to be seen or changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_nothing_of_another() {
    let database = Database::new().await;
    let world = world(&database);
    let first = settled_customer(&world).await;
    let second = settled_customer(&world).await;
    let (own, other) = (first.account.uuid(), second.account.uuid());
    let mut conn = as_application(&database, &own.to_string()).await;
    let tables = TENANT_TABLES
        .into_iter()
        .chain([("transfers", "account_id")]);
    for (table, owner) in tables {
        let all = count(&mut conn, &format!("SELECT count(*) AS count FROM {table}")).await;
        let of_own = format!("SELECT count(*) AS count FROM {table} WHERE {owner} = '{own}'");
        assert!(all > 0, "{table}");
        assert_eq!(all, count(&mut conn, &of_own).await, "{table}");
        let of_other = format!("SELECT count(*) AS count FROM {table} WHERE {owner} = '{other}'");
        assert_eq!(count(&mut conn, &of_other).await, 0, "{table}");
    }
    for table in OPERATOR_TABLES {
        let all = count(&mut conn, &format!("SELECT count(*) AS count FROM {table}")).await;
        assert_eq!(all, 0, "{table}");
    }
    let raided = diesel::sql_query("UPDATE ledger_accounts SET posted = posted + 1")
        .execute(&mut conn)
        .await
        .unwrap();
    assert_eq!(raided, 1, "its own, and no other");
    let smuggled = format!(
        "INSERT INTO ledger_accounts VALUES \
         ('{}', '{other}', 'EUR', 'paid', NULL, NULL, NULL, 5, 0, 0, 0)",
        Uuid::from_u128(1)
    );
    let refused = conn.batch_execute(&smuggled).await.unwrap_err().to_string();
    assert!(refused.contains("row-level security"), "{refused}");
}

/// A connection that has not said whose it is sees nothing.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_tenant_there_is_nothing_to_see() {
    let database = Database::new().await;
    let world = world(&database);
    settled_customer(&world).await;
    let mut conn = as_application(&database, "").await;
    let tables = TENANT_TABLES.into_iter().map(|(table, _)| table);
    for table in tables.chain(OPERATOR_TABLES).chain(["transfers"]) {
        let all = count(&mut conn, &format!("SELECT count(*) AS count FROM {table}")).await;
        assert_eq!(all, 0, "{table}");
    }
}

/// A table that is new is either named above or everybody's.
#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_secured_or_shared() {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let database = Database::new().await;
    let mut conn = database.by_hand().await;
    let tables = "SELECT relname::text AS name FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relrowsecurity = ";
    let secured: Vec<Table> = diesel::sql_query(format!("{tables} true ORDER BY 1"))
        .load(&mut conn)
        .await
        .unwrap();
    let secured: Vec<_> = secured.into_iter().map(|table| table.name).collect();
    let mut expected: Vec<_> = TENANT_TABLES.into_iter().map(|(table, _)| table).collect();
    expected.extend(OPERATOR_TABLES);
    expected.push("transfers");
    expected.sort_unstable();
    assert_eq!(secured, expected);
    let open: Vec<Table> = diesel::sql_query(format!("{tables} false ORDER BY 1"))
        .load(&mut conn)
        .await
        .unwrap();
    let open: Vec<_> = open.into_iter().map(|table| table.name).collect();
    assert_eq!(open, SHARED_TABLES);
}
