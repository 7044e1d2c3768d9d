//! Flags of the form `--name value` and `--name`, read in one place.

use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

/// The arguments of one command, taken away as they are understood.
#[derive(Debug)]
pub(crate) struct Options {
    rest: Vec<String>,
}

impl Options {
    pub(crate) fn new(args: &[String]) -> Self {
        Self {
            rest: args.to_vec(),
        }
    }

    /// Whether `--name` was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.rest.len();
        self.rest.retain(|arg| arg != name);
        self.rest.len() != before
    }

    /// The text after `--name`, if it was given.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.rest.iter().position(|arg| arg == name) else {
            return Ok(None);
        };
        if at + 1 >= self.rest.len() {
            bail!("{name} needs a value");
        }
        self.rest.remove(at);
        Ok(Some(self.rest.remove(at)))
    }

    /// The value after `--name`, or `default`.
    pub(crate) fn value<T>(&mut self, name: &str, default: T) -> Result<T>
    where
        T: FromStr,
        T::Err: std::error::Error + Send + Sync + 'static,
    {
        match self.text(name)? {
            None => Ok(default),
            Some(text) => text
                .parse()
                .with_context(|| format!("{name} does not take {text:?}")),
        }
    }

    /// Refuses whatever nobody has taken.
    pub(crate) fn finish(self) -> Result<()> {
        match self.rest.first() {
            None => Ok(()),
            Some(unknown) => bail!("unknown argument {unknown:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn options(line: &str) -> Options {
        Options::new(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn takes_what_is_known_and_refuses_the_rest() {
        let mut given = options("--json --rounds 5 --odd");
        assert!(given.flag("--json"));
        assert!(!given.flag("--quick"));
        assert_eq!(given.value("--rounds", 3_u32).unwrap(), 5);
        assert_eq!(given.value("--seconds", 4_u32).unwrap(), 4);
        assert!(given.finish().unwrap_err().to_string().contains("--odd"));
    }

    #[test]
    fn a_value_must_be_there_and_fit() {
        assert!(options("--rounds").value("--rounds", 3_u32).is_err());
        assert!(options("--rounds x").value("--rounds", 3_u32).is_err());
    }
}
