//! The trials of Anthropic's wire that a customer takes part in, by header.

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use super::Dialect;
use crate::error::{Fault, rules};

static BETAS: HeaderName = HeaderName::from_static("anthropic-beta");

/// More of them than this nobody needs, nor longer names.
const MOST: usize = 32;
const LONGEST: usize = 128;

/// Their names, each once, in the order in which they were sent. Which of them are taken is
/// for the provider's adapter to say; in other wires the header means nothing.
pub(super) fn of(request: &HttpRequest, dialect: Dialect) -> Result<Vec<String>, Fault> {
    let mut betas: Vec<String> = Vec::new();
    if dialect != Dialect::Messages {
        return Ok(betas);
    }
    for line in request.headers().get_all(&BETAS) {
        let line = line.to_str().map_err(|_no_text| invalid())?;
        for name in line.split(',').map(str::trim) {
            if name.is_empty() || betas.iter().any(|known| known == name) {
                continue;
            }
            let is_name = name.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_name || name.len() > LONGEST || betas.len() == MOST {
                return Err(invalid());
            }
            betas.push(name.to_owned());
        }
    }
    Ok(betas)
}

fn invalid() -> Fault {
    let message = format!(
        "The header anthropic-beta is a comma list of at most {MOST} names of up to {LONGEST} visible ASCII characters."
    );
    Fault::new(rules::INVALID_VALUE, message).param("anthropic-beta")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(lines: &[&str], dialect: Dialect) -> Result<Vec<String>, Fault> {
        let request = lines.iter().fold(TestRequest::default(), |request, line| {
            request.append_header((BETAS.clone(), *line))
        });
        of(&request.to_http_request(), dialect)
    }

    #[test]
    fn lists_and_lines_are_one_list() {
        for (lines, expected) in [
            (vec![], vec![]),
            (vec![""], vec![]),
            (vec!["a-2025-01-01"], vec!["a-2025-01-01"]),
            (vec!["a,b", " b , c ,"], vec!["a", "b", "c"]),
        ] {
            assert_eq!(read(&lines, Dialect::Messages).unwrap(), expected);
            let elsewhere = read(&lines, Dialect::Chat).unwrap();
            assert!(elsewhere.is_empty());
        }
    }

    #[test]
    fn what_is_no_list_of_names_is_refused() {
        let many: Vec<String> = (0..=MOST).map(|number| format!("a{number}")).collect();
        for line in ["a b", &"x".repeat(LONGEST + 1), &many.join(",")] {
            let fault = read(&[line], Dialect::Messages).unwrap_err();
            assert_eq!(fault.status().as_u16(), 400, "{line}");
            assert!(read(&[line], Dialect::Chat).is_ok());
        }
        assert_eq!(
            read(&[&many[1..].join(",")], Dialect::Messages)
                .unwrap()
                .len(),
            MOST
        );
    }
}
