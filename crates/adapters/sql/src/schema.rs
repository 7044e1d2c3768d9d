//! The tables, as both dialects have them. The order of columns is not assumed: rows
//! name theirs.

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::types::Uid;

    accounts (id) {
        id -> Uid,
        name -> Text,
        plan -> Text,
        status -> Text,
        limits -> Text,
        caps -> Text,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::Uid;

    users (id) {
        id -> Uid,
        account_id -> Uid,
        email -> Text,
        password_hash -> Text,
        full_name -> Nullable<Text>,
        company -> Nullable<Text>,
        role -> Text,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable};
    use crate::types::Uid;

    sessions (id) {
        id -> Uid,
        user_id -> Uid,
        refresh_hash -> Binary,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary};
    use crate::types::Uid;

    used_refresh_tokens (session_id, refresh_hash) {
        session_id -> Uid,
        refresh_hash -> Binary,
        used_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::Uid;

    api_keys (id) {
        id -> Uid,
        account_id -> Uid,
        name -> Text,
        hash -> Binary,
        prefix -> Text,
        environment -> Text,
        scopes -> Text,
        restrictions -> Text,
        spend_cap -> Nullable<Text>,
        limits -> Text,
        status -> Text,
        status_at -> Nullable<BigInt>,
        replaces -> Nullable<Uid>,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Text};

    models (id) {
        id -> Text,
        provider -> Text,
        upstream_id -> Text,
        status -> Text,
        context_length -> BigInt,
        max_output_tokens -> BigInt,
        capabilities -> Text,
        aliases -> Text,
        created_at -> BigInt,
        priority -> Integer,
        weight -> Integer,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};

    price_versions (model_id, number) {
        model_id -> Text,
        number -> BigInt,
        effective_at -> BigInt,
        cost -> Text,
        retail -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Integer, Text};
    use crate::types::Uid;

    pricing_rules (id) {
        id -> Uid,
        pattern -> Text,
        percentage_bp -> BigInt,
        fixed_fee -> BigInt,
        minimum -> BigInt,
        priority -> Integer,
        is_active -> Bool,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::Uid;

    ledger_accounts (id) {
        id -> Uid,
        account_id -> Uid,
        currency -> Text,
        kind -> Text,
        grant_kind -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        lapses_at -> Nullable<BigInt>,
        posted -> BigInt,
        held -> BigInt,
        credit_line -> BigInt,
        floor -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::Uid;

    holds (id) {
        id -> Uid,
        account_id -> Uid,
        key_id -> Nullable<Uid>,
        currency -> Text,
        parts -> Text,
        caps -> Text,
        state -> Text,
        captured -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        placed_at -> BigInt,
        expires_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::Uid;

    transfers (account_id, id) {
        account_id -> Uid,
        id -> Uid,
        debit_id -> Uid,
        credit_id -> Uid,
        amount -> BigInt,
        currency -> Text,
        kind -> Text,
        call_id -> Nullable<Uid>,
        description -> Nullable<Text>,
        balance_after -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Text};
    use crate::types::Uid;

    spend_counters (scope, scope_id, period, started_at) {
        scope -> Text,
        scope_id -> Uid,
        period -> Text,
        started_at -> BigInt,
        spent -> BigInt,
        held -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use crate::types::Uid;

    idempotency_claims (account_id, key_id, route, token) {
        account_id -> Uid,
        key_id -> Uid,
        route -> Text,
        token -> Text,
        body -> Binary,
        call_id -> Uid,
        expires_at -> BigInt,
        content_type -> Nullable<Text>,
        answer -> Nullable<Binary>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::types::Uid;

    usage (account_id, id) {
        account_id -> Uid,
        id -> Uid,
        key_id -> Nullable<Uid>,
        environment -> Text,
        endpoint -> Text,
        model -> Text,
        served_model -> Nullable<Text>,
        provider -> Text,
        stream -> Bool,
        status -> Text,
        prompt_tokens -> BigInt,
        completion_tokens -> BigInt,
        estimated -> Bool,
        currency -> Text,
        cost -> BigInt,
        charged -> BigInt,
        shortfall -> BigInt,
        provider_cost -> BigInt,
        price_version -> BigInt,
        rule_id -> Nullable<Uid>,
        held -> BigInt,
        latency_us -> BigInt,
        first_token_us -> Nullable<BigInt>,
        metadata -> Nullable<Text>,
        detail -> Text,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};

    changes (seq) {
        seq -> BigInt,
        kind -> Text,
        subject -> Nullable<Binary>,
    }
}

table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::types::Uid;

    audit_log (id) {
        id -> Uid,
        actor -> Text,
        actor_id -> Nullable<Uid>,
        action -> Text,
        target -> Text,
        detail -> Text,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::types::Uid;

    provider_keys (id) {
        id -> Uid,
        provider -> Text,
        name -> Text,
        sealed -> Text,
        hint -> Text,
        weight -> BigInt,
        priority -> Integer,
        status -> Text,
        created_at -> BigInt,
        last_error -> Nullable<Text>,
    }
}

allow_tables_to_appear_in_same_query!(
    accounts,
    users,
    sessions,
    used_refresh_tokens,
    api_keys,
    models,
    price_versions,
    pricing_rules,
    ledger_accounts,
    holds,
    transfers,
    spend_counters,
    idempotency_claims,
    usage,
    changes,
    audit_log,
    provider_keys,
);
