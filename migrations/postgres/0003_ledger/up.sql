-- What a batch of the ledger writes is checked by the statement that writes it, which
-- leaves together with the commit. A conflict ends the transaction.
CREATE FUNCTION vuzo_refuse_batch() RETURNS BOOLEAN
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row is not as it was when the batch was decided on'
        USING ERRCODE = 'serialization_failure';
END
$$;

-- A table has one CHECK at the most: each is read and prepared anew for every
-- statement that writes.
--
-- The sources of every wallet. The operator's own accounts have no row: every call
-- would contend for it, and their balance is the sum of their transfers.
--
-- What is there for holds never passes the floor, whatever the code believes. Holds
-- and captures do not touch the floor; a refund or a correction, which alone may go
-- below the credit line, moves it along with the balance.
CREATE TABLE ledger_accounts (
    id          UUID   NOT NULL PRIMARY KEY,
    account_id  UUID   NOT NULL,
    currency    TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    grant_kind  TEXT,
    expires_at  BIGINT,
    -- When the reaper has to look at it; NULL if it never ends or nothing is left.
    lapses_at   BIGINT,
    posted      BIGINT NOT NULL,
    held        BIGINT NOT NULL,
    credit_line BIGINT NOT NULL,
    floor       BIGINT NOT NULL,
    CHECK (
        least(held, credit_line) >= 0 AND floor <= -credit_line AND posted - held >= floor
        AND CASE kind
            WHEN 'paid' THEN grant_kind IS NULL AND expires_at IS NULL
            WHEN 'grant' THEN coalesce(grant_kind IN ('trial', 'plan', 'promo'), false)
            ELSE false
        END
    )
) WITH (fillfactor = 50);
CREATE INDEX ledger_accounts_by_account ON ledger_accounts (account_id, currency);
CREATE UNIQUE INDEX ledger_accounts_one_paid ON ledger_accounts (account_id, currency)
    WHERE kind = 'paid';
CREATE INDEX ledger_accounts_lapsing ON ledger_accounts (lapses_at)
    WHERE lapses_at IS NOT NULL;

-- A hold shares its id with its call.
CREATE TABLE holds (
    id         UUID   NOT NULL PRIMARY KEY,
    account_id UUID   NOT NULL,
    key_id     UUID,
    currency   TEXT   NOT NULL,
    parts      TEXT   NOT NULL,
    caps       TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    captured   BIGINT,
    ended_at   BIGINT,
    placed_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CHECK (CASE state
        WHEN 'open' THEN ended_at IS NULL AND captured IS NULL
        WHEN 'captured' THEN ended_at IS NOT NULL AND captured IS NOT NULL
        WHEN 'expired' THEN ended_at IS NOT NULL AND captured IS NULL
        ELSE false
    END)
) WITH (fillfactor = 80);
CREATE INDEX holds_open ON holds (expires_at) WHERE state = 'open';

-- Transfers of the operator's own accounts only stand under the nil account.
CREATE TABLE transfers (
    account_id    UUID   NOT NULL,
    id            UUID   NOT NULL,
    debit_id      UUID   NOT NULL,
    credit_id     UUID   NOT NULL,
    amount        BIGINT NOT NULL,
    currency      TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    call_id       UUID,
    description   TEXT,
    balance_after BIGINT,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (account_id, id),
    CHECK (amount > 0 AND credit_id <> debit_id)
);
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE ON transfers
    FOR EACH ROW EXECUTE FUNCTION vuzo_refuse_change();
CREATE TRIGGER transfers_no_truncate BEFORE TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION vuzo_refuse_change();

-- What was spent and is held within one window of a spending cap.
CREATE TABLE spend_counters (
    scope      TEXT   NOT NULL CHECK (scope IN ('account', 'key')),
    scope_id   UUID   NOT NULL,
    period     TEXT   NOT NULL CHECK (period IN ('daily', 'weekly', 'monthly', 'total')),
    started_at BIGINT NOT NULL,
    spent      BIGINT NOT NULL CHECK (spent >= 0),
    held       BIGINT NOT NULL CHECK (held >= 0),
    PRIMARY KEY (scope, scope_id, period, started_at)
) WITH (fillfactor = 50);

-- Idempotency keys, and the answers kept under them. Calls without an API key stand
-- under the nil key.
CREATE TABLE idempotency_claims (
    account_id   UUID   NOT NULL,
    key_id       UUID   NOT NULL,
    route        TEXT   NOT NULL,
    token        TEXT   NOT NULL,
    body         BYTEA  NOT NULL CHECK (length(body) = 32),
    call_id      UUID   NOT NULL,
    expires_at   BIGINT NOT NULL,
    content_type TEXT,
    answer       BYTEA,
    PRIMARY KEY (account_id, key_id, route, token),
    CHECK ((content_type IS NULL) = (answer IS NULL))
);
CREATE INDEX idempotency_claims_by_call ON idempotency_claims (call_id);
CREATE INDEX idempotency_claims_expiring ON idempotency_claims (expires_at);

ALTER TABLE ledger_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE holds ENABLE ROW LEVEL SECURITY;
ALTER TABLE transfers ENABLE ROW LEVEL SECURITY;
ALTER TABLE spend_counters ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_claims ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON ledger_accounts USING (vuzo_sees(account_id));
CREATE POLICY tenant ON holds USING (vuzo_sees(account_id));
CREATE POLICY tenant ON transfers USING (vuzo_sees(account_id));
CREATE POLICY operator ON spend_counters USING (vuzo_sees_all());
CREATE POLICY tenant ON idempotency_claims USING (vuzo_sees(account_id));

REVOKE ALL ON transfers FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON ledger_accounts, holds, spend_counters TO vuzo_app;
GRANT SELECT, INSERT ON transfers TO vuzo_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_claims TO vuzo_app;
