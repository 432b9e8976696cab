//! Reads a part of a list, of what the person may look at: the table knows nothing of that.

use super::PAGE;

/// How many rows are read first: whoever sees all of them needs no more, and the one behind tells that there are more.
const FIRST_BATCH: u32 = 101;
/// How many rows are read at once afterwards; those that the person does not see are left out.
const BATCH: u32 = 500;
/// How many batches are read for a page: beyond, it goes on behind them.
const MAX_BATCHES: usize = 5;

/// Returns the entries behind a place that a person may look at, and where the list goes on. `read` reads a batch behind a
/// place, and where that goes on.
pub(super) async fn visible_part<R, P: Clone, F>(
    mut behind: Option<P>,
    read: impl Fn(Option<P>, u32) -> F,
    place: impl Fn(&R) -> &P,
    is_visible: impl Fn(&R) -> bool,
) -> anyhow::Result<(Vec<R>, Option<P>)>
where
    F: Future<Output = anyhow::Result<(Vec<R>, Option<P>)>>,
{
    let mut listed = Vec::new();
    let mut most = FIRST_BATCH;
    for _ in 0..MAX_BATCHES {
        let (batch, next) = read(behind.clone(), most).await?;
        most = BATCH;
        for entry in batch {
            if listed.len() == PAGE {
                return Ok((listed, behind));
            }
            behind = Some(place(&entry).clone());
            if is_visible(&entry) {
                listed.push(entry);
            }
        }
        behind = next;
        if behind.is_none() {
            break;
        }
    }
    Ok((listed, behind))
}
