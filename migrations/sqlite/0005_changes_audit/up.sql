-- What other instances may hold a stale copy of.
CREATE TABLE changes (
    seq     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind    TEXT    NOT NULL CHECK (kind IN ('key', 'account', 'catalog')),
    subject BLOB
) STRICT;

CREATE TABLE audit_log (
    id         BLOB    NOT NULL PRIMARY KEY,
    actor      TEXT    NOT NULL CHECK (actor IN ('system', 'admin_key', 'user', 'key', 'command_line')),
    actor_id   BLOB,
    action     TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
