use async_trait::async_trait;
use diesel::prelude::*;
use diesel::sql_types::Text;
use vuzo_domain::port::{LedgerAudit, LedgerFinding, LedgerReport, Unavailable};
use vuzo_domain::time::Timestamp;
use vuzo_sql::schema::{holds, ledger_accounts, transfers, usage};
use vuzo_sql::unsigned;

use crate::SqliteStore;
use crate::fault::Fault;

/// The most findings in one report.
const MOST: usize = 100;

/// Each rule with the query that finds what breaks it.
const RULES: [(&str, &str); 8] = [
    (
        "balance",
        "WITH moves (id, amount) AS ( \
             SELECT credit_id, amount FROM transfers \
             UNION ALL SELECT debit_id, -amount FROM transfers), \
         sums AS (SELECT id, SUM(amount) AS total FROM moves GROUP BY id) \
         SELECT 'led_' || lower(hex(a.id)) AS subject, \
             a.posted || ' is stored, ' || COALESCE(s.total, 0) || ' is the sum' AS detail \
         FROM ledger_accounts a LEFT JOIN sums s ON s.id = a.id \
         WHERE a.posted <> COALESCE(s.total, 0) LIMIT 100",
    ),
    (
        "balance",
        "SELECT 'txn_' || lower(hex(t.id)) AS subject, \
             'it names a source that there is not' AS detail FROM transfers t \
         WHERE (substr(t.credit_id, 1, 8) <> x'5653595300000000' \
                AND NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = t.credit_id)) \
            OR (substr(t.debit_id, 1, 8) <> x'5653595300000000' \
                AND NOT EXISTS (SELECT 1 FROM ledger_accounts a WHERE a.id = t.debit_id)) \
         LIMIT 100",
    ),
    (
        "held",
        "WITH parts AS ( \
             SELECT p.value ->> 'source' AS source, p.value ->> 'amount' AS amount \
             FROM holds h, json_each(h.parts) p WHERE h.state = 'open'), \
         sums AS (SELECT source, SUM(amount) AS total FROM parts GROUP BY source), \
         stored AS (SELECT 'led_' || lower(hex(id)) AS source, held FROM ledger_accounts) \
         SELECT a.source AS subject, \
             a.held || ' is stored, ' || COALESCE(s.total, 0) || ' is the sum' AS detail \
         FROM stored a LEFT JOIN sums s ON s.source = a.source \
         WHERE a.held <> COALESCE(s.total, 0) \
         UNION ALL \
         SELECT s.source, s.total || ' is the sum, and there is no such source' \
         FROM sums s WHERE s.source NOT IN (SELECT source FROM stored) LIMIT 100",
    ),
    (
        "floor",
        "SELECT 'led_' || lower(hex(id)) AS subject, \
             (posted - held) || ' is there, ' || floor || ' is the floor' AS detail \
         FROM ledger_accounts WHERE posted - held < floor OR held < 0 LIMIT 100",
    ),
    (
        "usage",
        "WITH paid AS ( \
             SELECT call_id, SUM(amount) AS total, \
                 SUM(CASE WHEN kind = 'usage' THEN amount ELSE 0 END) AS charged \
             FROM transfers WHERE kind IN ('usage', 'shortfall') GROUP BY call_id) \
         SELECT 'gen_' || lower(hex(u.id)) AS subject, \
             u.cost || ' is the cost, ' || COALESCE(p.total, 0) || ' was transferred' AS detail \
         FROM usage u LEFT JOIN paid p ON p.call_id = u.id \
         WHERE u.cost <> COALESCE(p.total, 0) OR u.charged <> COALESCE(p.charged, 0) LIMIT 100",
    ),
    (
        "hold",
        "SELECT 'hold_' || lower(hex(h.id)) AS subject, \
             h.captured || ' was captured, ' || COALESCE(u.charged, 'nothing') || ' was charged' \
             AS detail \
         FROM holds h LEFT JOIN usage u ON u.account_id = h.account_id AND u.id = h.id \
         WHERE h.state = 'captured' AND (u.id IS NULL OR u.charged <> h.captured) LIMIT 100",
    ),
    (
        "orphan",
        "SELECT 'txn_' || lower(hex(t.id)) AS subject, \
             t.amount || ' was transferred, and there is no such call' AS detail \
         FROM transfers t WHERE t.kind = 'usage' AND NOT EXISTS ( \
             SELECT 1 FROM usage u WHERE u.account_id = t.account_id AND u.id = t.call_id) \
         LIMIT 100",
    ),
    (
        "orphan",
        "SELECT 'txn_' || lower(hex(t.id)) AS subject, \
             t.amount || ' is shortfall, and there is no such call' AS detail \
         FROM transfers t WHERE t.kind = 'shortfall' AND NOT EXISTS ( \
             SELECT 1 FROM holds h JOIN usage u ON u.account_id = h.account_id AND u.id = h.id \
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

#[async_trait]
impl LedgerAudit for SqliteStore {
    async fn audit_ledger(&self, now: Timestamp) -> Result<LedgerReport, Unavailable> {
        self.read("audit_ledger", move |conn| {
            conn.transaction(|conn| inspect(conn, now))
        })
        .await
    }
}

fn inspect(conn: &mut SqliteConnection, now: Timestamp) -> Result<LedgerReport, Fault> {
    let open = || holds::table.filter(holds::state.eq("open"));
    let overdue = open().filter(holds::expires_at.le(now.as_micros()));
    let accounts: i64 = ledger_accounts::table.count().get_result(conn)?;
    let moved: i64 = transfers::table.count().get_result(conn)?;
    let open_holds: i64 = open().count().get_result(conn)?;
    let overdue_holds: i64 = overdue.count().get_result(conn)?;
    let calls: i64 = usage::table.count().get_result(conn)?;
    let mut findings = Vec::new();
    for (rule, query) in RULES {
        let found: Vec<Finding> = diesel::sql_query(query).load(conn)?;
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
