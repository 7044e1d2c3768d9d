use vuzo_domain::account::{InvalidEmail, WeakPassword};
use vuzo_domain::port::{RegistrationError, RotationError, Unavailable};

/// Why somebody cannot sign up, log in or stay logged in.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// That is no e-mail address.
    #[error(transparent)]
    InvalidEmail(#[from] InvalidEmail),
    /// The password would be guessed.
    #[error(transparent)]
    WeakPassword(#[from] WeakPassword),
    /// A name has more than 200 characters.
    #[error("{field} has at most {} characters", super::LONGEST_NAME)]
    TooLong {
        /// Which name.
        field: &'static str,
    },
    /// A name holds line breaks or other control characters.
    #[error("{field} must not hold control characters")]
    Unprintable {
        /// Which name.
        field: &'static str,
    },
    /// A name would be changed to nothing.
    #[error("{field} must not be empty")]
    Blank {
        /// Which name.
        field: &'static str,
    },
    /// Somebody has signed up with this address.
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    /// Address or password is wrong. It is never said which.
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The account is gone. It is said only to who knows the password.
    #[error("this account is closed")]
    Closed,
    /// The refresh token is not good, or not any more.
    #[error("the session is over; log in again")]
    NoSession,
    /// The refresh token was used before, so somebody holds a copy of it.
    #[error("this refresh token was used before; the session has been ended")]
    Reused,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<RegistrationError> for PeopleError {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::EmailTaken => Self::EmailTaken,
            RegistrationError::Unavailable(fault) => Self::Unavailable(fault),
        }
    }
}

impl From<RotationError> for PeopleError {
    fn from(error: RotationError) -> Self {
        match error {
            RotationError::NoSession => Self::NoSession,
            RotationError::Reused => Self::Reused,
            RotationError::Unavailable(fault) => Self::Unavailable(fault),
        }
    }
}
