CREATE TABLE models (
    id                TEXT   NOT NULL PRIMARY KEY,
    provider          TEXT   NOT NULL,
    upstream_id       TEXT   NOT NULL,
    status            TEXT   NOT NULL CHECK (status IN ('active', 'preview', 'deprecated', 'retired')),
    context_length    BIGINT NOT NULL,
    max_output_tokens BIGINT NOT NULL,
    capabilities      TEXT   NOT NULL,
    aliases           TEXT   NOT NULL,
    created_at        BIGINT NOT NULL
);

-- A price that somebody was charged by stays readable for ever.
CREATE TABLE price_versions (
    model_id     TEXT   NOT NULL REFERENCES models (id),
    number       BIGINT NOT NULL CHECK (number > 0),
    effective_at BIGINT NOT NULL,
    cost         TEXT   NOT NULL,
    retail       TEXT,
    PRIMARY KEY (model_id, number)
);
CREATE TRIGGER price_versions_append_only BEFORE UPDATE OR DELETE ON price_versions
    FOR EACH ROW EXECUTE FUNCTION vuzo_refuse_change();
CREATE TRIGGER price_versions_no_truncate BEFORE TRUNCATE ON price_versions
    FOR EACH STATEMENT EXECUTE FUNCTION vuzo_refuse_change();

CREATE TABLE pricing_rules (
    id            UUID    NOT NULL PRIMARY KEY,
    pattern       TEXT    NOT NULL,
    percentage_bp BIGINT  NOT NULL CHECK (percentage_bp >= 0),
    fixed_fee     BIGINT  NOT NULL,
    minimum       BIGINT  NOT NULL,
    priority      INTEGER NOT NULL,
    is_active     BOOLEAN NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON models TO vuzo_app;
GRANT SELECT, INSERT ON price_versions TO vuzo_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON pricing_rules TO vuzo_app;
