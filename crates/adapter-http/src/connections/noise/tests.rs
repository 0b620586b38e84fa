use super::*;

fn counts(refused: u64, timed_out: u64, unparsable: u64) -> Counts {
    Counts { refused, timed_out, unparsable }
}

#[test]
fn the_noisiest_networks_have_a_line_each_and_the_others_one_together() {
    let mut table = Table::default();
    for n in 0..30_u64 {
        for _ in 0..=n {
            table.add(format!("10.0.{n}.0/24"), Kind::Refused.into());
        }
    }
    let lines = table.lines();
    assert_eq!(lines.len(), REPORTED + 1);
    assert_eq!(lines[0], ("10.0.29.0/24".to_owned(), counts(30, 0, 0)));
    assert_eq!(lines[REPORTED], ("others".to_owned(), counts((1..=10).sum(), 0, 0)));
}

#[test]
fn a_million_networks_take_no_more_memory_than_a_thousand() {
    let mut table = Table::default();
    for n in 0..2 * COUNTED {
        table.add(n.to_string(), Kind::Unparsable.into());
        table.add("0".to_owned(), Kind::TimedOut.into());
    }
    assert_eq!(table.networks.len(), COUNTED);
    let lines = table.lines();
    assert_eq!(lines[0], ("0".to_owned(), counts(0, 2 * COUNTED as u64, 1)));
    assert_eq!(lines.iter().map(|(_, counts)| counts.total()).sum::<u64>(), 4 * COUNTED as u64);
}

#[test]
fn silence_has_no_line() {
    assert_eq!(Table::default().lines(), []);
}
