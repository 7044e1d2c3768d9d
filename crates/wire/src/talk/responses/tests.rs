//! What a request is read into, and what is refused.

mod bad;
mod good;
