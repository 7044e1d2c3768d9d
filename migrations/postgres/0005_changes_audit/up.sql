-- What other instances may hold a stale copy of. Sequence numbers are taken before
-- the commit, so a reader looks back for those that commit late.
CREATE TABLE changes (
    seq     BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    TEXT   NOT NULL CHECK (kind IN ('key', 'account', 'catalog')),
    subject BYTEA
);

CREATE TABLE audit_log (
    id         UUID   NOT NULL PRIMARY KEY,
    actor      TEXT   NOT NULL CHECK (actor IN ('system', 'admin_key', 'user', 'key', 'command_line')),
    actor_id   UUID,
    action     TEXT   NOT NULL,
    target     TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION vuzo_refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION vuzo_refuse_change();

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
CREATE POLICY operator ON audit_log USING (vuzo_sees_all());
REVOKE ALL ON audit_log FROM PUBLIC;
GRANT SELECT, INSERT ON changes, audit_log TO vuzo_app;
