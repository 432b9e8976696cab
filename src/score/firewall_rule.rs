//! Evaluates the protocol and the ports of firewall rules.

use crate::model::{Attributes, Value};

/// Returns whether a firewall rule allows TCP to a port: by its range, or because it allows everything.
pub fn allows_tcp_port(rule: &Attributes, port: i64) -> bool {
    any_protocol(rule)
        || (is_tcp(rule) && range(rule).is_some_and(|(from, to)| (from..=to).contains(&port)))
}

/// Returns whether a firewall rule allows every protocol, or every port of one. Code writes the first port as 0 or 1.
pub fn allows_all_ports(rule: &Attributes) -> bool {
    any_protocol(rule)
        || range(rule).is_some_and(|(from, to)| (0..=1).contains(&from) && to >= 65_535)
}

fn protocol(rule: &Attributes) -> String {
    match rule.get("protocol") {
        Some(Value::String(text)) => text.to_ascii_lowercase(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn any_protocol(rule: &Attributes) -> bool {
    matches!(protocol(rule).as_str(), "-1" | "all")
}

fn is_tcp(rule: &Attributes) -> bool {
    matches!(protocol(rule).as_str(), "tcp" | "6")
}

fn range(rule: &Attributes) -> Option<(i64, i64)> {
    let port = |name: &str| rule.get(name).and_then(Value::as_i64);
    Some((port("from_port")?, port("to_port")?))
}
