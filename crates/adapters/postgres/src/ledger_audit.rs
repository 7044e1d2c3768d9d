use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use vuzo_domain::port::{LedgerAudit, LedgerFinding, LedgerReport, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_sql::schema::{holds, ledger_accounts, transfers, usage};
use vuzo_sql::unsigned;

use crate::PgStore;
use crate::connect::Purpose;

const OPERATION: &str = "audit_ledger";

/// The most findings in one report.
const MOST: usize = 100;

/// Each rule with the query that finds what breaks it. Everything is added up as
/// `NUMERIC`, so no sum can overflow.
const RULES: [(&str, &str); 8] = [
    (
        "balance",
        "WITH moves (id, amount) AS ( \
             SELECT credit_id, amount FROM transfers \
             UNION ALL SELECT debit_id, -amount FROM transfers), \
         sums AS (SELECT id, sum(amount) AS total FROM moves GROUP BY id) \
         SELECT 'led_' || replace(a.id::text, '-', '') AS subject, \
             a.posted || ' is stored, ' || coalesce(s.total, 0) || ' is the sum' AS detail \
         FROM ledger_accounts a LEFT JOIN sums s ON s.id = a.id \
         WHERE a.posted <> coalesce(s.total, 0) LIMIT 100",
    ),
    (
        "balance",
        "SELECT 'txn_' || replace(t.id::text, '-', '') AS subject, \
             'it names a source that there is not' AS detail FROM transfers t \
         WHERE (t.credit_id::text NOT LIKE '56535953-0000-0000-%' \
                AND NOT EXISTS (SELECT FROM ledger_accounts a WHERE a.id = t.credit_id)) \
            OR (t.debit_id::text NOT LIKE '56535953-0000-0000-%' \
                AND NOT EXISTS (SELECT FROM ledger_accounts a WHERE a.id = t.debit_id)) \
         LIMIT 100",
    ),
    (
        "held",
        "WITH parts AS ( \
             SELECT p.value ->> 'source' AS source, (p.value ->> 'amount')::numeric AS amount \
             FROM holds h, json_array_elements(h.parts::json) AS p (value) \
             WHERE h.state = 'open'), \
         sums AS (SELECT source, sum(amount) AS total FROM parts GROUP BY source), \
         stored AS ( \
             SELECT 'led_' || replace(id::text, '-', '') AS source, held FROM ledger_accounts) \
         SELECT coalesce(a.source, s.source) AS subject, \
             CASE WHEN a.source IS NULL THEN s.total || ' is the sum, and there is no such source' \
                  ELSE a.held || ' is stored, ' || coalesce(s.total, 0) || ' is the sum' END \
             AS detail \
         FROM stored a FULL JOIN sums s ON s.source = a.source \
         WHERE coalesce(a.held, -1) <> coalesce(s.total, 0) LIMIT 100",
    ),
    (
        "floor",
        "SELECT 'led_' || replace(id::text, '-', '') AS subject, \
             (posted - held) || ' is there, ' || floor || ' is the floor' AS detail \
         FROM ledger_accounts WHERE posted - held < floor OR held < 0 LIMIT 100",
    ),
    (
        "usage",
        "WITH paid AS ( \
             SELECT call_id, sum(amount) AS total, \
                 coalesce(sum(amount) FILTER (WHERE kind = 'usage'), 0) AS charged \
             FROM transfers WHERE kind IN ('usage', 'shortfall') GROUP BY call_id) \
         SELECT 'gen_' || replace(u.id::text, '-', '') AS subject, \
             u.cost || ' is the cost, ' || coalesce(p.total, 0) || ' was transferred' AS detail \
         FROM usage u LEFT JOIN paid p ON p.call_id = u.id \
         WHERE u.cost <> coalesce(p.total, 0) OR u.charged <> coalesce(p.charged, 0) LIMIT 100",
    ),
    (
        "hold",
        "SELECT 'hold_' || replace(h.id::text, '-', '') AS subject, \
             h.captured || ' was captured, ' || coalesce(u.charged::text, 'nothing') \
                 || ' was charged' AS detail \
         FROM holds h LEFT JOIN usage u ON u.account_id = h.account_id AND u.id = h.id \
         WHERE h.state = 'captured' AND (u.id IS NULL OR u.charged <> h.captured) LIMIT 100",
    ),
    (
        "orphan",
        "SELECT 'txn_' || replace(t.id::text, '-', '') AS subject, \
             t.amount || ' was transferred, and there is no such call' AS detail \
         FROM transfers t WHERE t.kind = 'usage' AND NOT EXISTS ( \
             SELECT FROM usage u WHERE u.account_id = t.account_id AND u.id = t.call_id) \
         LIMIT 100",
    ),
    (
        "orphan",
        "SELECT 'txn_' || replace(t.id::text, '-', '') AS subject, \
             t.amount || ' is shortfall, and there is no such call' AS detail \
         FROM transfers t WHERE t.kind = 'shortfall' AND NOT EXISTS ( \
             SELECT FROM holds h JOIN usage u ON u.account_id = h.account_id AND u.id = h.id \
             WHERE h.id = t.call_id) \
         LIMIT 100",
    ),
];

#[derive(QueryableByName)]
struct Finding {
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    detail: String,
}

/// The proof has a connection of its own, which it may keep for minutes.
#[async_trait]
impl LedgerAudit for PgStore {
    async fn audit_ledger(&self, now: Timestamp) -> Result<LedgerReport, Unavailable> {
        let connector = self.database().connector().clone();
        let proof = async move {
            let mut conn = connector
                .open(Purpose::Audit)
                .await
                .map_err(|fault| Unavailable::new(OPERATION, fault))?;
            conn.build_transaction()
                .repeatable_read()
                .read_only()
                .run(async |conn| inspect(conn, now).await)
                .await
                .map_err(|fault| Unavailable::new(OPERATION, fault))
        };
        self.database().hop(OPERATION, proof).await?
    }
}

async fn inspect(conn: &mut AsyncPgConnection, now: Timestamp) -> QueryResult<LedgerReport> {
    let open = || holds::table.filter(holds::state.eq("open"));
    let overdue = open().filter(holds::expires_at.le(now.as_micros()));
    let accounts: i64 = ledger_accounts::table.count().get_result(conn).await?;
    let moved: i64 = transfers::table.count().get_result(conn).await?;
    let open_holds: i64 = open().count().get_result(conn).await?;
    let overdue_holds: i64 = overdue.count().get_result(conn).await?;
    let calls: i64 = usage::table.count().get_result(conn).await?;
    let mut findings = Vec::new();
    for (rule, query) in RULES {
        let found: Vec<Finding> = diesel::sql_query(query).load(conn).await?;
        findings.extend(found.into_iter().map(|finding| LedgerFinding {
            rule,
            subject: finding.subject,
            detail: finding.detail,
        }));
    }
    findings.truncate(MOST);
    Ok(LedgerReport {
        accounts: unsigned(accounts),
        transfers: unsigned(moved),
        open_holds: unsigned(open_holds),
        overdue_holds: unsigned(overdue_holds),
        calls: unsigned(calls),
        findings,
    })
}
