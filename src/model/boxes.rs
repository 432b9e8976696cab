//! Boxes that people tick in DriftGuard's texts: list items with an order in an HTML comment.
//!
//! `- [ ] <!-- driftguard: scan production --> Scan it now`. GitHub edits the body when a box is ticked, so an updated
//! text must carry over the boxes that were ticked meanwhile and not acted on yet.

const EMPTY: &str = "- [ ] <!-- driftguard: ";
const TICKED: [&str; 2] = ["- [x] <!-- driftguard: ", "- [X] <!-- driftguard: "];
const END: &str = " -->";

/// Returns the line of an empty box. The order is DriftGuard's own, the text is Markdown.
pub fn line(order: &str, text: &str) -> String {
    format!("{EMPTY}{order}{END} {text}")
}

/// Returns the orders of the ticked boxes, from top to bottom.
pub fn ticked(body: &str) -> Vec<String> {
    body.lines()
        .filter_map(order_of_ticked)
        .map(str::to_owned)
        .collect()
}

/// Empties the boxes with these orders.
pub fn untick(body: &str, orders: &[String]) -> String {
    map(body, |line| {
        let order = order_of_ticked(line)?;
        let acted_on = orders.iter().any(|acted_on_order| acted_on_order == order);
        acted_on.then(|| format!("- [ ] {}", &line.trim()["- [x] ".len()..]))
    })
}

/// Returns the new body with the boxes ticked that are ticked in the old one.
pub fn carry(old: &str, new: &str) -> String {
    let ticked_orders = ticked(old);
    if ticked_orders.is_empty() {
        return new.to_owned();
    }
    map(new, |line| {
        let order = line.strip_prefix(EMPTY)?.split_once(END)?.0;
        let still = ticked_orders
            .iter()
            .any(|ticked_order| ticked_order == order);
        still.then(|| format!("- [x] {}", &line["- [ ] ".len()..]))
    })
}

fn order_of_ticked(line: &str) -> Option<&str> {
    let line = line.trim();
    let rest = TICKED.iter().find_map(|start| line.strip_prefix(start))?;
    Some(rest.split_once(END)?.0)
}

/// Edits single lines, and keeps every other byte.
fn map(body: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let lines = body.split_inclusive('\n');
    lines
        .map(|line| {
            let bare = line.trim_end_matches(['\n', '\r']);
            match change(bare) {
                Some(changed) => changed + &line[bare.len()..],
                None => line.to_owned(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticked_box_is_carried_over_until_it_was_acted_on() {
        let body = format!(
            "Hello\r\n{}\r\n{}\n",
            line("scan production", "Scan"),
            line("retry", "Again")
        );
        assert_eq!(ticked(&body), [""; 0]);
        let clicked = body.replace(
            "- [ ] <!-- driftguard: retry",
            "- [x] <!-- driftguard: retry",
        );
        assert_eq!(ticked(&clicked), ["retry"]);
        assert_eq!(carry(&clicked, &body), clicked);
        assert_eq!(untick(&clicked, &["retry".to_owned()]), body);
        assert_eq!(untick(&clicked, &["scan production".to_owned()]), clicked);
    }
}
