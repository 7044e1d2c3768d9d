mod answers;
mod loops;
mod requests;
