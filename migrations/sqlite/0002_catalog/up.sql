CREATE TABLE models (
    id                TEXT    NOT NULL PRIMARY KEY,
    provider          TEXT    NOT NULL,
    upstream_id       TEXT    NOT NULL,
    status            TEXT    NOT NULL CHECK (status IN ('active', 'preview', 'deprecated', 'retired')),
    context_length    INTEGER NOT NULL,
    max_output_tokens INTEGER NOT NULL,
    capabilities      TEXT    NOT NULL,
    aliases           TEXT    NOT NULL,
    created_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A price that somebody was charged by stays readable for ever.
CREATE TABLE price_versions (
    model_id     TEXT    NOT NULL REFERENCES models (id),
    number       INTEGER NOT NULL CHECK (number > 0),
    effective_at INTEGER NOT NULL,
    cost         TEXT    NOT NULL,
    retail       TEXT,
    PRIMARY KEY (model_id, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER price_versions_no_update BEFORE UPDATE ON price_versions
BEGIN
    SELECT RAISE(ABORT, 'price_versions is append-only');
END;
CREATE TRIGGER price_versions_no_delete BEFORE DELETE ON price_versions
BEGIN
    SELECT RAISE(ABORT, 'price_versions is append-only');
END;

CREATE TABLE pricing_rules (
    id            BLOB    NOT NULL PRIMARY KEY,
    pattern       TEXT    NOT NULL,
    percentage_bp INTEGER NOT NULL CHECK (percentage_bp >= 0),
    fixed_fee     INTEGER NOT NULL,
    minimum       INTEGER NOT NULL,
    priority      INTEGER NOT NULL,
    is_active     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
