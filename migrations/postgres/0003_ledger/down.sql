DROP TABLE idempotency_claims;
DROP TABLE spend_counters;
DROP TABLE transfers;
DROP TABLE holds;
DROP TABLE ledger_accounts;
DROP FUNCTION vuzo_refuse_batch();
