//! Reads the stored report of a stack as it stands: of thousands of findings no other form is held meanwhile.

use super::{Backend, ScanError, Scanned, StackName, StackReport};
use serde::Deserialize;

/// What stands beside the result of a scan.
#[derive(Deserialize)]
struct Head {
    name: StackName,
    path: String,
    error: Option<ScanError>,
    backend: Option<Backend>,
}

impl StackReport {
    /// Reads a stored report.
    ///
    /// # Errors
    /// The text is no JSON, or none of a report.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        let head: Head = serde_json::from_str(text)?;
        Ok(Self {
            name: head.name,
            path: match head.path.as_str() {
                "." => String::new(),
                _ => head.path,
            },
            backend: head.backend,
            outcome: match head.error {
                Some(error) => Err(error),
                None => Ok(serde_json::from_str::<Scanned>(text)?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Finding, Kind, Summary, Verdict};

    fn report(outcome: Result<Scanned, ScanError>) -> StackReport {
        StackReport {
            name: StackName::of_path("infra"),
            path: String::new(),
            backend: Some(Backend {
                kind: "s3".to_owned(),
                location: "s3://acme-state/a".to_owned(),
            }),
            outcome,
        }
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let scanned = Scanned {
            summary: Summary {
                resources: 7,
                ..Summary::default()
            },
            findings: vec![Finding::new(Kind::Modified, Verdict::Drift, "aws_vpc")],
            looked_below: true,
            ..Scanned::default()
        };
        let failed = ScanError {
            kind: "state".into(),
            message: "no state".to_owned(),
        };
        for known in [report(Ok(scanned)), report(Err(failed))] {
            let text = serde_json::to_string(&known).unwrap();
            assert_eq!(StackReport::from_json(&text).unwrap(), known);
            assert_eq!(serde_json::from_str::<StackReport>(&text).unwrap(), known);
        }
    }

    #[test]
    fn what_is_no_report_is_told_from_what_is_no_json() {
        for text in [r#"{"error": "it was given up"}"#, "{}", "[]"] {
            assert!(
                StackReport::from_json(text).unwrap_err().is_data(),
                "{text}"
            );
        }
        assert!(StackReport::from_json("{").unwrap_err().is_eof());
    }
}
