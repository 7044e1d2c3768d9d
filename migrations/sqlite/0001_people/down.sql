DROP TABLE api_keys;
DROP TABLE used_refresh_tokens;
DROP TABLE sessions;
DROP TABLE users;
DROP TABLE accounts;
