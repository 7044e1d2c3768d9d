/// What a reason comes to on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The HTTP status.
    pub status: u16,
    /// The class of error, in OpenAI's words where it has one.
    pub kind: &'static str,
    /// The machine-readable reason; empty stands for null.
    pub code: &'static str,
}

/// A complaint about the request.
const REQUEST: &str = "invalid_request_error";
/// Known, but not allowed.
const PERMISSION: &str = "permission_error";
/// Trying again does not help before money or quota was added.
const QUOTA: &str = "insufficient_quota";
/// Trying again later helps.
const RATE: &str = "rate_limit_error";
/// Our own fault.
const SERVER: &str = "server_error";
/// The fault of whoever serves the model.
const UPSTREAM: &str = "api_error";

macro_rules! table {
    ($($name:ident = $status:literal $kind:ident $code:literal;)*) => {
        /// The error table: every reason by name.
        pub mod rules {
            use super::{Rule, PERMISSION, QUOTA, RATE, REQUEST, SERVER, UPSTREAM};

            $(
                #[doc = concat!("`", $code, "`, status ", stringify!($status), ".")]
                pub const $name: Rule = Rule { status: $status, kind: $kind, code: $code };
            )*

            /// All of them, in the order of their statuses.
            pub const ALL: &[Rule] = &[$($name),*];
        }
    };
}

// Codes are a promise: one that was once sent keeps its meaning.
table! {
    MALFORMED = 400 REQUEST "";
    INVALID_VALUE = 400 REQUEST "invalid_value";
    INVALID_TYPE = 400 REQUEST "invalid_type";
    MISSING_PARAMETER = 400 REQUEST "missing_required_parameter";
    UNKNOWN_FIELD = 400 REQUEST "unknown_field";
    DUPLICATE_KEY = 400 REQUEST "duplicate_key";
    MISSING_ACCOUNT = 400 REQUEST "missing_account";
    INVALID_EMAIL = 400 REQUEST "invalid_email";
    INVALID_IDEMPOTENCY_KEY = 400 REQUEST "invalid_idempotency_key";
    UNSUPPORTED_MODEL = 400 REQUEST "unsupported_model";
    MODEL_NOT_PRICED = 400 REQUEST "model_not_priced";
    TIER_NOT_SOLD = 400 REQUEST "service_tier_not_sold";
    MAX_TOKENS_PER_REQUEST = 400 REQUEST "max_tokens_per_request";
    TOO_LARGE_TO_PRICE = 400 REQUEST "too_large_to_price";
    INCOMPLETE_BODY = 400 REQUEST "incomplete_body";
    INVALID_API_KEY = 401 REQUEST "invalid_api_key";
    INVALID_TOKEN = 401 REQUEST "invalid_token";
    TOKEN_EXPIRED = 401 REQUEST "token_expired";
    SESSION_ENDED = 401 REQUEST "session_ended";
    INVALID_CREDENTIALS = 401 REQUEST "invalid_credentials";
    INVALID_REFRESH_TOKEN = 401 REQUEST "invalid_refresh_token";
    REFRESH_TOKEN_REUSED = 401 REQUEST "refresh_token_reused";
    INSUFFICIENT_CREDITS = 402 QUOTA "insufficient_credits";
    INSUFFICIENT_SCOPE = 403 PERMISSION "insufficient_scope";
    IP_NOT_ALLOWED = 403 PERMISSION "ip_not_allowed";
    DOMAIN_NOT_ALLOWED = 403 PERMISSION "domain_not_allowed";
    MODEL_NOT_ALLOWED = 403 PERMISSION "model_not_allowed";
    ACCOUNT_SUSPENDED = 403 PERMISSION "account_suspended";
    ACCOUNT_CLOSED = 403 PERMISSION "account_closed";
    ADMIN_ONLY = 403 PERMISSION "admin_only";
    CHECKOUT_REQUIRED = 403 PERMISSION "checkout_required";
    WIDER_THAN_OWN_KEY = 403 PERMISSION "wider_than_own_key";
    KEY_IS_CAPPED = 403 PERMISSION "api_key_is_capped";
    SESSION_REQUIRED = 403 PERMISSION "session_required";
    ROUTE_NOT_FOUND = 404 REQUEST "route_not_found";
    MODEL_NOT_FOUND = 404 REQUEST "model_not_found";
    GENERATION_NOT_FOUND = 404 REQUEST "generation_not_found";
    KEY_NOT_FOUND = 404 REQUEST "api_key_not_found";
    ACCOUNT_NOT_FOUND = 404 REQUEST "account_not_found";
    USER_NOT_FOUND = 404 REQUEST "user_not_found";
    RULE_NOT_FOUND = 404 REQUEST "pricing_rule_not_found";
    PROVIDER_KEY_NOT_FOUND = 404 REQUEST "provider_key_not_found";
    METHOD_NOT_ALLOWED = 405 REQUEST "method_not_allowed";
    REQUEST_TIMEOUT = 408 REQUEST "request_timeout";
    EMAIL_TAKEN = 409 REQUEST "email_taken";
    IDEMPOTENCY_KEY_IN_USE = 409 REQUEST "idempotency_key_in_use";
    KEY_ALREADY_REPLACED = 409 REQUEST "api_key_already_replaced";
    MODEL_NAME_TAKEN = 409 REQUEST "model_name_taken";
    PRICE_JUMP = 409 REQUEST "price_jump";
    NO_SEALING_KEY = 409 REQUEST "provider_encryption_key_missing";
    ANSWER_NOT_KEPT = 410 REQUEST "answer_not_kept";
    BODY_TOO_LARGE = 413 REQUEST "request_too_large";
    UNSUPPORTED_MEDIA_TYPE = 415 REQUEST "unsupported_media_type";
    UNSUPPORTED_ENCODING = 415 REQUEST "unsupported_content_encoding";
    WEAK_PASSWORD = 422 REQUEST "weak_password";
    IDEMPOTENCY_KEY_MISMATCH = 422 REQUEST "idempotency_key_mismatch";
    RATE_LIMIT_EXCEEDED = 429 RATE "rate_limit_exceeded";
    SPENDING_CAP_REACHED = 429 QUOTA "spending_cap_reached";
    CLIENT_CLOSED_REQUEST = 499 REQUEST "client_closed_request";
    INTERNAL = 500 SERVER "internal_error";
    PROVIDER_UNREACHABLE = 502 UPSTREAM "provider_unreachable";
    PROVIDER_FAILED = 502 UPSTREAM "provider_error";
    PROVIDER_GARBLED = 502 UPSTREAM "provider_invalid_response";
    PROVIDER_REFUSED_US = 502 UPSTREAM "provider_unavailable";
    SERVICE_UNAVAILABLE = 503 SERVER "service_unavailable";
    SHUTTING_DOWN = 503 SERVER "shutting_down";
    OVERLOADED = 503 SERVER "server_is_overloaded";
    MODEL_NOT_SERVED = 503 SERVER "model_not_served";
    PROVIDER_OVERLOADED = 503 UPSTREAM "provider_overloaded";
    PROVIDER_TIMEOUT = 504 UPSTREAM "provider_timeout";
}
