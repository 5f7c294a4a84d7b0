use super::*;
use tidewire_netsim::start;

const MS: Duration = Duration::from_millis(1);

fn transaction(number: u8, now: Instant) -> Transaction {
    let purpose = Purpose::Check {
        pair: PairId(u32::from(number)),
        nominate: false,
    };
    let address = SocketAddr::from(([192, 0, 2, 1], 1));
    Transaction::new(
        TransactionId([number; 12]),
        purpose,
        (address, address),
        (Role::Controlling, 0),
        now,
        Schedule::new(now, 500 * MS, 7, 8000 * MS),
    )
}

/// When something is due, in milliseconds, until the transaction has expired.
fn schedule(transactions: &mut Transactions, start: Instant) -> Vec<u128> {
    let mut times = Vec::new();
    while let Some(now) = transactions.deadline() {
        times.push((now - start).as_millis());
        match transactions.poll(now) {
            Some(Due::Expired(id)) => drop(transactions.take(id)),
            Some(Due::Retransmit(_)) => {}
            None => panic!("nothing is due at the deadline"),
        }
    }
    times
}

#[test]
fn requests_are_repeated_as_rfc_8489_section_6_2_1_shows() {
    let now = start();
    let mut transactions = Transactions::default();
    transactions.begin(transaction(1, now), 8);
    let times = schedule(&mut transactions, now);
    assert_eq!(times, [500, 1500, 3500, 7500, 15_500, 31_500, 39_500]);
}

#[test]
fn a_cancelled_check_is_not_repeated_but_may_still_be_answered() {
    let now = start();
    let mut transactions = Transactions::default();
    transactions.begin(transaction(1, now), 8);
    transactions.cancel_checks(PairId(1), now + 100 * MS);
    assert!(transactions.get(TransactionId([1; 12])).is_some());
    assert_eq!(schedule(&mut transactions, now), [8100]);
}

#[test]
fn a_jump_of_hours_repeats_a_request_once() {
    let now = start();
    let mut transactions = Transactions::default();
    transactions.begin(transaction(1, now), 8);
    let later = now + Duration::from_secs(7200);
    assert!(matches!(transactions.poll(later), Some(Due::Retransmit(_))));
    assert_eq!(transactions.poll(later), None);
}

#[test]
fn the_oldest_gives_way_when_there_are_too_many() {
    let now = start();
    let mut transactions = Transactions::default();
    for number in 1..=5 {
        transactions.begin(transaction(number, now), 3);
    }
    let is_there = |number| transactions.get(TransactionId([number; 12])).is_some();
    assert!(!is_there(2) && is_there(3));
    transactions.cancel_checks(PairId(5), now);
    transactions.begin(transaction(6, now), 3);
    let is_there = |number| transactions.get(TransactionId([number; 12])).is_some();
    assert!(!is_there(5) && is_there(3));
}
