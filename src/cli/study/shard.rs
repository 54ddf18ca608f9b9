//! `--shard I/N`.

use crate::study::Shard;

/// Reads `I/N`, both counted from 1.
pub(super) fn parse(text: &str) -> Result<Shard, String> {
    const WANTED: &str = "write I/N, as in 2/8: the second of eight parts";
    let (index, count) = text.split_once('/').ok_or(WANTED)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| WANTED.to_owned());
    let (index, count) = (number(index)?, number(count)?);
    if index == 0 || index > count {
        return Err(format!("there are parts from 1/{count} to {count}/{count}; {WANTED}"));
    }
    Ok(Shard { index, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(parse("2/8"), Ok(Shard { index: 2, count: 8 }));
        assert_eq!(parse("8/8"), Ok(Shard { index: 8, count: 8 }));
        for wrong in ["0/8", "9/8", "2", "a/b", "2/", "-1/4", "1/0"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
