-- One row per call, written once by its settlement. What is filtered or added up is
-- a column; receipt lines, token counts and attempts are JSON in detail.
CREATE TABLE usage (
    account_id        UUID    NOT NULL,
    id                UUID    NOT NULL,
    key_id            UUID,
    environment       TEXT    NOT NULL,
    endpoint          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    served_model      TEXT,
    provider          TEXT    NOT NULL,
    stream            BOOLEAN NOT NULL,
    status            TEXT    NOT NULL,
    prompt_tokens     BIGINT  NOT NULL,
    completion_tokens BIGINT  NOT NULL,
    estimated         BOOLEAN NOT NULL,
    currency          TEXT    NOT NULL,
    cost              BIGINT  NOT NULL,
    charged           BIGINT  NOT NULL,
    shortfall         BIGINT  NOT NULL,
    provider_cost     BIGINT  NOT NULL,
    price_version     BIGINT  NOT NULL,
    rule_id           UUID,
    held              BIGINT  NOT NULL,
    latency_us        BIGINT  NOT NULL,
    first_token_us    BIGINT,
    metadata          TEXT,
    detail            TEXT    NOT NULL,
    created_at        BIGINT  NOT NULL,
    PRIMARY KEY (account_id, id),
    CHECK (least(charged, shortfall) >= 0 AND charged + shortfall = cost)
);
CREATE INDEX usage_by_time ON usage (account_id, created_at);
CREATE TRIGGER usage_append_only BEFORE UPDATE OR DELETE ON usage
    FOR EACH ROW EXECUTE FUNCTION vuzo_refuse_change();
CREATE TRIGGER usage_no_truncate BEFORE TRUNCATE ON usage
    FOR EACH STATEMENT EXECUTE FUNCTION vuzo_refuse_change();

ALTER TABLE usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON usage USING (vuzo_sees(account_id));
REVOKE ALL ON usage FROM PUBLIC;
GRANT SELECT, INSERT ON usage TO vuzo_app;
