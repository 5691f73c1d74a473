// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! DSSE envelopes, version 1: a typed payload and signatures over both.
//!
//! In: JSON, or a payload. Out: an [`Envelope`], and the bytes that are signed. What an envelope holds is believed by
//! nobody until a signature is checked.

use data_encoding::{BASE64, BASE64URL};
use serde::{Deserialize, Serialize};

/// Type of an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Longest envelope that is read.
const LONGEST: usize = 64 << 20;
/// Most signatures that are looked at.
const MOST_SIGNATURES: usize = 16;

/// A payload, its type, and who signed both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Type of the payload.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signatures.
    pub signatures: Vec<EnvelopeSignature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// Which key it says it is by; a hint that nothing is decided by.
    pub keyid: String,
    /// Its bytes.
    pub sig: Vec<u8>,
}

/// Why bytes are no envelope.
#[derive(Debug, thiserror::Error)]
pub enum DsseError {
    /// It is larger than any attestation.
    #[error("longer than {LONGEST} bytes")]
    TooLong,
    /// It is not the JSON of an envelope.
    #[error("not a DSSE envelope: {0}")]
    Json(#[from] serde_json::Error),
    /// Payload or signature are not base64.
    #[error("{0} is not base64")]
    Base64(&'static str),
    /// Nobody signed it, or too many.
    #[error("it has {0} signatures, and 1 to {MOST_SIGNATURES} are expected")]
    Signatures(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    payload_type: String,
    payload: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
struct WireSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// Reads an envelope. Fields that it does not know are ignored, as the specification asks.
    pub fn parse(bytes: &[u8]) -> Result<Self, DsseError> {
        if bytes.len() > LONGEST {
            return Err(DsseError::TooLong);
        }
        let wire: Wire = serde_json::from_slice(bytes)?;
        if wire.signatures.is_empty() || wire.signatures.len() > MOST_SIGNATURES {
            return Err(DsseError::Signatures(wire.signatures.len()));
        }
        let signature =
            |one: WireSignature| Ok(EnvelopeSignature { keyid: one.keyid, sig: decoded(&one.sig, "a signature")? });
        Ok(Self {
            payload_type: wire.payload_type,
            payload: decoded(&wire.payload, "the payload")?,
            signatures: wire.signatures.into_iter().map(signature).collect::<Result<_, DsseError>>()?,
        })
    }

    /// Writes the envelope on one line.
    pub fn to_line(&self) -> String {
        let signature =
            |one: &EnvelopeSignature| serde_json::json!({"keyid": one.keyid, "sig": BASE64.encode(&one.sig)});
        let signatures: Vec<serde_json::Value> = self.signatures.iter().map(signature).collect();
        let payload = BASE64.encode(&self.payload);
        serde_json::json!({"payloadType": self.payload_type, "payload": payload, "signatures": signatures}).to_string()
    }

    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        pre_authentication_encoding(&self.payload_type, &self.payload)
    }
}

/// PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in decimal.
pub(super) fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// The specification allows the standard and the URL-safe alphabet.
fn decoded(text: &str, what: &'static str) -> Result<Vec<u8>, DsseError> {
    let decoded = BASE64.decode(text.as_bytes()).or_else(|_| BASE64URL.decode(text.as_bytes()));
    decoded.map_err(|_| DsseError::Base64(what))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_signed_is_the_example_of_the_specification() {
        let bytes = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(bytes, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn an_envelope_without_signatures_or_with_a_key_twice_is_none() {
        let error = |text: &str| Envelope::parse(text.as_bytes()).err().map(|error| error.to_string());
        let none = r#"{"payloadType":"t","payload":"","signatures":[]}"#;
        assert_eq!(error(none).as_deref(), Some("it has 0 signatures, and 1 to 16 are expected"));
        let twice = r#"{"payloadType":"t","payload":"","payload":"YQ==","signatures":[{"sig":""}]}"#;
        assert!(error(twice).is_some_and(|error| error.contains("duplicate field")), "which one counts?");
        let bad = r#"{"payloadType":"t","payload":"?","signatures":[{"sig":""}]}"#;
        assert_eq!(error(bad).as_deref(), Some("the payload is not base64"));
    }

    proptest! {
        #[test]
        fn any_envelope_survives_being_written_and_read(
            payload_type in ".*", payload: Vec<u8>, keys in prop::collection::vec((".*", any::<Vec<u8>>()), 1..4),
        ) {
            let signatures = keys.into_iter().map(|(keyid, sig)| EnvelopeSignature { keyid, sig }).collect();
            let envelope = Envelope { payload_type, payload, signatures };
            let line = envelope.to_line();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(Envelope::parse(line.as_bytes()).ok(), Some(envelope));
        }

        #[test]
        fn any_bytes_give_an_envelope_or_an_error(bytes: Vec<u8>, text in r#"\{"payloadType":"[a-z]*","payload":".{0,8}","signatures":\[.{0,20}\]\}"#) {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(envelope) = Envelope::parse(bytes) {
                    prop_assert_eq!(Envelope::parse(envelope.to_line().as_bytes()).ok(), Some(envelope));
                }
            }
        }
    }
}
