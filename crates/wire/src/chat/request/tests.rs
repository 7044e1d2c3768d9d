mod bad;
mod good;
mod summary;
