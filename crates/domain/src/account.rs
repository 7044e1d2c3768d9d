//! People and the accounts they belong to.

use core::fmt;

use crate::id::{AccountId, SessionId, UserId};
use crate::limit::Limits;
use crate::money::Units;
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::wallet::Cap;

/// An e-mail address, trimmed and in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// Checks and normalises an address. Whether it receives mail is another question.
    pub fn new(text: &str) -> Result<Self, InvalidEmail> {
        let address = text.trim().to_lowercase();
        let (local, host) = address.rsplit_once('@').ok_or(InvalidEmail)?;
        let printable = address
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control());
        let labels_ok = host.split('.').all(|label| !label.is_empty());
        if local.is_empty()
            || local.contains('@')
            || address.len() > 254
            || !printable
            || !labels_ok
        {
            return Err(InvalidEmail);
        }
        Ok(Self(address))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A password that is strong enough to be taken, and short enough to be hashed.
#[derive(Clone, Debug)]
pub struct Password(Secret);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("use at least {} characters", Password::SHORTEST)]
    TooShort,
    /// Too long.
    #[error("use at most {} bytes", Password::LONGEST)]
    TooLong,
    /// Too few different characters, or one of the few that everybody tries first.
    #[error("too easy to guess; mix words, digits or signs")]
    Guessable,
}

impl Password {
    /// The fewest characters.
    pub const SHORTEST: usize = 8;
    /// The most bytes, so that hashing has a bound.
    pub const LONGEST: usize = 256;

    /// Judges a new password.
    pub fn new(text: &str) -> Result<Self, WeakPassword> {
        const TRIED_FIRST: [&str; 26] = [
            "password",
            "password1",
            "password12",
            "password123",
            "password1234",
            "passw0rd",
            "p@ssw0rd",
            "12345678",
            "123456789",
            "1234567890",
            "0123456789",
            "987654321",
            "87654321",
            "1q2w3e4r",
            "1q2w3e4r5t",
            "qwertyui",
            "qwertyuiop",
            "qwerty123",
            "abcdefgh",
            "abcd1234",
            "iloveyou",
            "sunshine",
            "princess",
            "trustno1",
            "changeme",
            "letmein1",
        ];
        if text.len() > Self::LONGEST {
            return Err(WeakPassword::TooLong);
        }
        if text.chars().count() < Self::SHORTEST {
            return Err(WeakPassword::TooShort);
        }
        let distinct: std::collections::HashSet<char> = text.chars().collect();
        if distinct.len() < 4 || TRIED_FIRST.contains(&text.to_lowercase().as_str()) {
            return Err(WeakPassword::Guessable);
        }
        Ok(Self(Secret::new(text)))
    }

    /// The same for somebody whose address is known: neither it nor its name will do.
    pub fn of(text: &str, email: &Email) -> Result<Self, WeakPassword> {
        let password = Self::new(text)?;
        let (text, address) = (text.to_lowercase(), email.as_str());
        let name = address.rsplit_once('@').map_or(address, |(name, _)| name);
        if text == address || text == name {
            return Err(WeakPassword::Guessable);
        }
        Ok(password)
    }

    /// The password itself, for the hasher.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What a person may do beyond their own account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Their own account only.
    #[default]
    Member,
    /// Everything.
    Admin,
}

impl Role {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "user",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Member, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }
}

/// A person who can log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// The account they act for.
    pub account: AccountId,
    /// How they log in.
    pub email: Email,
    /// How they want to be called.
    pub full_name: Option<String>,
    /// Where they work.
    pub company: Option<String>,
    /// What they may do.
    pub role: Role,
    /// When they signed up.
    pub created_at: Timestamp,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AccountStatus {
    /// It may.
    #[default]
    Active,
    /// The operator stopped it.
    Suspended,
    /// It is gone.
    Closed,
}

impl AccountStatus {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Suspended, Self::Closed]
            .into_iter()
            .find(|status| status.name() == name)
    }
}

/// A customer: the tenant that everything else belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// What people call it.
    pub name: String,
    /// The name of its plan.
    pub plan: String,
    /// Whether it may be used.
    pub status: AccountStatus,
    /// Limits on all its calls together.
    pub limits: Limits,
    /// Caps on all its spending together, in US dollars.
    pub caps: Vec<Cap>,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// One login: a family of refresh tokens of which only the newest is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// The hash of the only refresh token that is still good.
    pub refresh_hash: [u8; 32],
    /// Until when that token is good.
    pub expires_at: Timestamp,
    /// Since when.
    pub created_at: Timestamp,
}

/// Credit that a new account begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialTerms {
    /// How much, in US dollars.
    pub credit: Units,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised_or_refused() {
        assert_eq!(
            Email::new(" Ada@Example.ORG ").unwrap().as_str(),
            "ada@example.org"
        );
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "ada@exam..ple",
            "a@b@c",
            "a\0@b.c",
        ] {
            assert_eq!(Email::new(bad), Err(InvalidEmail), "{bad:?}");
        }
    }

    #[test]
    fn weak_passwords_say_what_to_do() {
        assert!(matches!(
            Password::new("short"),
            Err(WeakPassword::TooShort)
        ));
        assert!(matches!(
            Password::new("aaaaaaaaaa"),
            Err(WeakPassword::Guessable)
        ));
        assert!(matches!(
            Password::new("Password"),
            Err(WeakPassword::Guessable)
        ));
        assert!(matches!(
            Password::new(&"x1y2".repeat(65)),
            Err(WeakPassword::TooLong)
        ));
        assert!(Password::new("correct horse").is_ok());
        let email = Email::new("ada.lovelace@example.org").unwrap();
        for guessed in ["Ada.Lovelace@example.org", "ada.lovelace"] {
            let judged = Password::of(guessed, &email).map(|_| ());
            assert_eq!(judged, Err(WeakPassword::Guessable), "{guessed}");
        }
        assert!(Password::of("correct horse", &email).is_ok());
        assert!(Password::of("short", &email).is_err());
    }

    #[test]
    fn passwords_do_not_print() {
        assert!(!format!("{:?}", Password::new("correct horse").unwrap()).contains("horse"));
    }
}
