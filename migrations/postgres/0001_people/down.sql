-- The role stays: it belongs to the cluster, and other databases may use it.
DROP TABLE api_keys;
DROP TABLE used_refresh_tokens;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE accounts;
DROP FUNCTION vuzo_refuse_change();
DROP FUNCTION vuzo_sees_all();
DROP FUNCTION vuzo_sees(UUID);
