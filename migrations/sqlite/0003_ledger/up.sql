-- The sources of every wallet. The operator's own accounts have no row: every call
-- would contend for it, and their balance is the sum of their transfers.
--
-- What is there for holds never passes the floor, whatever the code believes. Holds
-- and captures do not touch the floor; a refund or a correction, which alone may go
-- below the credit line, moves it along with the balance.
CREATE TABLE ledger_accounts (
    id          BLOB    NOT NULL,
    account_id  BLOB    NOT NULL,
    currency    TEXT    NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('paid', 'grant')),
    grant_kind  TEXT    CHECK (grant_kind IN ('trial', 'plan', 'promo')),
    expires_at  INTEGER,
    -- When the reaper has to look at it; NULL if it never ends or nothing is left.
    lapses_at   INTEGER,
    posted      INTEGER NOT NULL,
    held        INTEGER NOT NULL CHECK (held >= 0),
    credit_line INTEGER NOT NULL CHECK (credit_line >= 0),
    floor       INTEGER NOT NULL CHECK (floor <= -credit_line),
    CHECK ((kind = 'grant') = (grant_kind IS NOT NULL)),
    CHECK (kind = 'grant' OR expires_at IS NULL),
    PRIMARY KEY (account_id, currency, id),
    CHECK (posted - held >= floor)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX ledger_accounts_by_id ON ledger_accounts (id);
CREATE UNIQUE INDEX ledger_accounts_one_paid ON ledger_accounts (account_id, currency)
    WHERE kind = 'paid';
CREATE INDEX ledger_accounts_lapsing ON ledger_accounts (lapses_at)
    WHERE lapses_at IS NOT NULL;

-- A hold shares its id with its call.
CREATE TABLE holds (
    id         BLOB    NOT NULL PRIMARY KEY,
    account_id BLOB    NOT NULL,
    key_id     BLOB,
    currency   TEXT    NOT NULL,
    parts      TEXT    NOT NULL,
    caps       TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('open', 'captured', 'expired')),
    captured   INTEGER,
    ended_at   INTEGER,
    placed_at  INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK ((state = 'captured') = (captured IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_open ON holds (expires_at) WHERE state = 'open';

-- Transfers of the operator's own accounts only stand under the nil account. Rows are
-- appended, and ids are in the order of time, so that the calls of many accounts touch
-- few pages: only the index by account is written all over.
CREATE TABLE transfers (
    account_id    BLOB    NOT NULL,
    id            BLOB    NOT NULL PRIMARY KEY,
    debit_id      BLOB    NOT NULL,
    credit_id     BLOB    NOT NULL CHECK (credit_id <> debit_id),
    amount        INTEGER NOT NULL CHECK (amount > 0),
    currency      TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    call_id       BLOB,
    description   TEXT,
    balance_after INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX transfers_by_account ON transfers (account_id, id);
CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
BEGIN
    SELECT RAISE(ABORT, 'transfers is append-only');
END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
BEGIN
    SELECT RAISE(ABORT, 'transfers is append-only');
END;

-- What was spent and is held within one window of a spending cap.
CREATE TABLE spend_counters (
    scope      TEXT    NOT NULL CHECK (scope IN ('account', 'key')),
    scope_id   BLOB    NOT NULL,
    period     TEXT    NOT NULL CHECK (period IN ('daily', 'weekly', 'monthly', 'total')),
    started_at INTEGER NOT NULL,
    spent      INTEGER NOT NULL CHECK (spent >= 0),
    held       INTEGER NOT NULL CHECK (held >= 0),
    PRIMARY KEY (scope, scope_id, period, started_at)
) STRICT, WITHOUT ROWID;

-- Idempotency keys, and the answers kept under them. Calls without an API key stand
-- under the nil key.
CREATE TABLE idempotency_claims (
    account_id   BLOB    NOT NULL,
    key_id       BLOB    NOT NULL,
    route        TEXT    NOT NULL,
    token        TEXT    NOT NULL,
    body         BLOB    NOT NULL CHECK (length(body) = 32),
    call_id      BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    content_type TEXT,
    answer       BLOB,
    PRIMARY KEY (account_id, key_id, route, token),
    CHECK ((content_type IS NULL) = (answer IS NULL))
) STRICT;
CREATE INDEX idempotency_claims_by_call ON idempotency_claims (call_id);
CREATE INDEX idempotency_claims_expiring ON idempotency_claims (expires_at);
