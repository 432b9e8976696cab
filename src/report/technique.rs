//! Names the ATT&CK techniques that the rules refer to.

/// The names of techniques, by id, as ATT&CK 19 lists them.
const NAMES: &[(&str, &str)] = &[
    ("T1021.001", "Remote Desktop Protocol"),
    ("T1021.004", "SSH"),
    ("T1040", "Network Sniffing"),
    ("T1046", "Network Service Discovery"),
    ("T1048", "Exfiltration Over Alternative Protocol"),
    ("T1059.009", "Cloud API"),
    ("T1078.004", "Cloud Accounts"),
    ("T1098", "Account Manipulation"),
    ("T1098.003", "Additional Cloud Roles"),
    ("T1110", "Brute Force"),
    ("T1119", "Automated Collection"),
    ("T1133", "External Remote Services"),
    ("T1190", "Exploit Public-Facing Application"),
    ("T1199", "Trusted Relationship"),
    ("T1213.006", "Databases"),
    ("T1485", "Data Destruction"),
    ("T1486", "Data Encrypted for Impact"),
    ("T1489", "Service Stop"),
    ("T1490", "Inhibit System Recovery"),
    ("T1491", "Defacement"),
    ("T1496.001", "Compute Hijacking"),
    ("T1530", "Data from Cloud Storage"),
    ("T1537", "Transfer Data to Cloud Account"),
    ("T1548.005", "Temporary Elevated Cloud Access"),
    ("T1552.001", "Credentials In Files"),
    ("T1552.005", "Cloud Instance Metadata API"),
    ("T1578.002", "Create Cloud Instance"),
    ("T1578.003", "Delete Cloud Instance"),
    ("T1578.005", "Modify Cloud Compute Configurations"),
    ("T1619", "Cloud Storage Object Discovery"),
    ("T1686.001", "Cloud Firewall"),
];

/// Formats a technique: `ATT&CK T1110 Brute Force`, or its id alone where its name is not listed.
pub(super) fn technique(id: &str) -> String {
    match NAMES.iter().find(|(known, _)| *known == id) {
        Some((_, name)) => format!("ATT&CK {id} {name}"),
        None => format!("ATT&CK {id}"),
    }
}

/// Returns the address of a technique's page.
pub(super) fn technique_page(id: &str) -> String {
    format!(
        "https://attack.mitre.org/techniques/{}/",
        id.replace('.', "/")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_technique_has_its_name_where_it_is_listed() {
        assert_eq!(technique("T1110"), "ATT&CK T1110 Brute Force");
        assert_eq!(technique("T9999"), "ATT&CK T9999");
    }
}
