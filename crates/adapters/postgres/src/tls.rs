//! What the URL asks for, and the connector for it.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::connect::InvalidUrl;

/// Whether the connection is encrypted, and who vouches for the server.
pub(crate) struct TlsRequest {
    /// The URL without the parameters that `tokio-postgres` does not know.
    pub(crate) url: String,
    /// What `sslmode` comes to. Encryption is all or nothing: a mode that falls back
    /// to plain text protects from nobody, so `prefer` and `allow` mean plain text.
    pub(crate) mode: SslMode,
    /// A file with the certificates to trust instead of the well-known ones.
    root_file: Option<String>,
}

impl TlsRequest {
    /// Takes the TLS parameters out of a URL.
    pub(crate) fn read(url: &str) -> Result<Self, InvalidUrl> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut request = Self {
            url: base.to_owned(),
            mode: SslMode::Disable,
            root_file: None,
        };
        let mut rest = Vec::new();
        for parameter in query.split('&').filter(|part| !part.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => request.mode = ssl_mode(mode)?,
                Some(("sslrootcert", file)) => request.root_file = Some(file.to_owned()),
                _ => rest.push(parameter),
            }
        }
        if !rest.is_empty() {
            request.url.push('?');
            request.url.push_str(&rest.join("&"));
        }
        Ok(request)
    }

    /// The connector, if the connection is to be encrypted.
    pub(crate) fn connector(&self) -> Result<Option<MakeRustlsConnect>, InvalidUrl> {
        if self.mode != SslMode::Require {
            return Ok(None);
        }
        let Some(file) = &self.root_file else {
            return Ok(Some(MakeRustlsConnect::with_webpki_roots()));
        };
        let unreadable = |fault: &dyn core::fmt::Display| InvalidUrl::RootCertificates {
            file: file.clone(),
            fault: fault.to_string(),
        };
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file)
            .map_err(|fault| unreadable(&fault))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| unreadable(&fault))?;
        for certificate in certificates {
            roots.add(certificate).map_err(|fault| unreadable(&fault))?;
        }
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Some(MakeRustlsConnect::new(config)))
    }
}

fn ssl_mode(text: &str) -> Result<SslMode, InvalidUrl> {
    match text {
        "disable" | "allow" | "prefer" => Ok(SslMode::Disable),
        "require" | "verify-ca" | "verify-full" => Ok(SslMode::Require),
        other => Err(InvalidUrl::SslMode(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_says_whether_to_encrypt() {
        let asks = |url: &str| TlsRequest::read(url).unwrap();
        let plain = asks("postgres://u:p@h/db");
        assert_eq!(plain.url, "postgres://u:p@h/db");
        assert_eq!(plain.mode, SslMode::Disable);
        let full = asks("postgres://h/db?a=1&sslmode=verify-full&sslrootcert=/ca.pem&b=2");
        assert_eq!(full.url, "postgres://h/db?a=1&b=2");
        assert_eq!(full.mode, SslMode::Require);
        assert_eq!(full.root_file.as_deref(), Some("/ca.pem"));
        assert!(full.connector().is_err(), "there is no such file");
        let required = asks("postgres://h/db?sslmode=require");
        assert_eq!(required.url, "postgres://h/db");
        assert!(required.connector().unwrap().is_some());
        assert!(TlsRequest::read("postgres://h/db?sslmode=perhaps").is_err());
    }
}
