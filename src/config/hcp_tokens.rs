//! Reads the tokens with which the server reads states in HCP Terraform: each for one account of GitHub and one host.

use super::ambient::{AmbientOwner, owner};
use super::{ConfigError, Lookup};
use secrecy::SecretString;

/// A token for the states of one GitHub account on one host.
#[derive(Debug, Clone)]
pub struct HcpToken {
    /// The account whose repositories it serves.
    pub owner: AmbientOwner,
    /// The host that it is sent to, in lower case, with its port where it has one.
    pub host: String,
    /// The token.
    pub token: SecretString,
}

/// The file with the tokens.
const NAME: &str = "DRIFTGUARD_HCP_TOKENS";

/// Reads the file that `DRIFTGUARD_HCP_TOKENS` names: lines of `OWNER HOST TOKEN`.
pub(super) fn hcp_tokens(lookup: Lookup) -> Result<Vec<HcpToken>, ConfigError> {
    let Some(path) = lookup(NAME) else {
        return Ok(Vec::new());
    };
    let text = std::fs::read_to_string(&path).map_err(|cause| ConfigError::Bad {
        variable: NAME,
        problem: format!("({path}) cannot be read ({cause})"),
        remedy: "name a file that this user may read",
    })?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<HcpToken>, ConfigError> {
    // The line itself is left out: it holds a token.
    let bad = |line: usize, problem: &str| ConfigError::Bad {
        variable: NAME,
        problem: format!("line {} {problem}", line + 1),
        remedy: "write lines of `OWNER HOST TOKEN`, as in `acme app.terraform.io TOKEN`",
    };
    let mut tokens: Vec<HcpToken> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (name, host, token) = match words.as_slice() {
            [] => continue,
            [first, ..] if first.starts_with('#') => continue,
            [name, host, token] => (name, host.to_ascii_lowercase(), *token),
            _ => return Err(bad(at, "has not three words")),
        };
        let owner = owner(name).ok_or_else(|| bad(at, "begins with no account of GitHub"))?;
        if !is_host(&host) {
            return Err(bad(
                at,
                "names no host: it stands without https:// and path",
            ));
        }
        if tokens
            .iter()
            .any(|known| known.owner == owner && known.host == host)
        {
            return Err(bad(
                at,
                "names an owner and a host that a line before it names",
            ));
        }
        tokens.push(HcpToken {
            owner,
            host,
            token: token.into(),
        });
    }
    Ok(tokens)
}

/// Returns whether a text is a host, with or without a port.
fn is_host(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':');
    text.bytes().all(plain) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn each_line_is_an_owner_a_host_and_a_token() {
        let text = "# states\n\nAcme app.terraform.io planted-a\n 123456\tTFE.example.com:8443  planted-b\n";
        let tokens = parse(text).unwrap();
        let parsed: Vec<_> = tokens
            .iter()
            .map(|token| {
                (
                    &token.owner,
                    token.host.as_str(),
                    token.token.expose_secret(),
                )
            })
            .collect();
        let acme = AmbientOwner::Login("acme".to_owned());
        assert_eq!(
            parsed,
            [
                (&acme, "app.terraform.io", "planted-a"),
                (
                    &AmbientOwner::Id(123_456),
                    "tfe.example.com:8443",
                    "planted-b"
                ),
            ]
        );
        assert!(!format!("{tokens:?}").contains("planted"));
        assert!(hcp_tokens(&|_| None).unwrap().is_empty());
    }

    #[test]
    fn a_line_that_means_nothing_is_named_without_its_token() {
        for (text, line) in [
            ("acme app.terraform.io", 1),
            ("\nacme planted", 2),
            ("acme https://app.terraform.io planted", 1),
            ("acme app.terraform.io/acme planted", 1),
            ("acme/shop app.terraform.io planted", 1),
            ("acme app.terraform.io planted planted", 1),
            ("acme a.io planted\nACME A.io planted", 2),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line} ")), "{error}");
            assert!(error.contains("OWNER HOST TOKEN"), "{error}");
            assert!(!error.contains("planted"), "{error}");
        }
        let error = hcp_tokens(&|_| Some("/nowhere".to_owned())).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("DRIFTGUARD_HCP_TOKENS (/nowhere)"),
            "{error}"
        );
    }
}
