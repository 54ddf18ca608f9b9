//! The certificate with which servers of a live run prove themselves: made at the start, signed by itself.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// What TLS needs, and the certificate for whoever wants to trust it.
#[derive(Debug, Clone)]
pub struct Identity {
    pub(super) config: Arc<ServerConfig>,
    /// The certificate in PEM.
    pub pem: String,
}

impl Identity {
    /// Makes a certificate for these host names, and for localhost.
    ///
    /// # Errors
    /// If the system has no randomness to make a key from, or a name cannot stand in a certificate.
    pub fn for_hosts(names: &[String]) -> Result<Self, String> {
        let mut names = names.to_vec();
        names.extend(["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()]);
        let made = rcgen::generate_simple_self_signed(names);
        let made = made.map_err(|error| format!("cannot make a certificate: {error}"))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
            });
        let config = config.map_err(|error| format!("cannot use the certificate: {error}"))?;
        Ok(Self { config: Arc::new(config), pem: made.cert.pem() })
    }
}
