use super::*;
use crate::kind::CandidateKind;

fn side(port: u16, priority: u32, foundation: u32) -> Side {
    Side {
        address: SocketAddr::from(([192, 0, 2, 1], port)),
        kind: CandidateKind::Host,
        foundation: Foundation::from_number(foundation),
        priority,
    }
}

/// Pairs of one local base with remotes of these priorities and foundations; ids count from 0.
fn checklist(remotes: &[(u32, u32)], limit: usize) -> Checklist {
    let mut list = Checklist::default();
    for (index, &(priority, foundation)) in remotes.iter().enumerate() {
        let remote = side(100 + index as u16, priority, foundation);
        let sides = (side(1, 10, 1), remote);
        list.form(PairId(index as u32), sides, Role::Controlling, limit);
    }
    list
}

fn ids(list: &Checklist) -> Vec<u32> {
    list.pairs().iter().map(|pair| pair.id.0).collect()
}

fn state(list: &Checklist, id: u32) -> PairState {
    list.get(PairId(id)).unwrap().state
}

#[test]
fn pairs_are_ordered_by_priority() {
    let mut list = checklist(&[(5, 1), (9, 2), (7, 3)], 10);
    assert_eq!(ids(&list), [1, 2, 0]);
    list.update_remote(side(100, 8, 1), Role::Controlling);
    assert_eq!(ids(&list), [1, 0, 2]);
}

#[test]
fn a_pair_of_the_same_addresses_is_redundant() {
    let mut list = checklist(&[(5, 1)], 10);
    let formed = list.form(
        PairId(7),
        (side(1, 99, 2), side(100, 99, 2)),
        Role::Controlled,
        10,
    );
    assert_eq!(formed, Formed::Known);
    assert_eq!(ids(&list), [0]);
}

#[test]
fn the_second_pair_of_a_foundation_stays_frozen_until_the_first_succeeds() {
    let mut list = checklist(&[(5, 1), (4, 1), (3, 2)], 10);
    assert_eq!(state(&list, 0), PairState::Waiting);
    assert_eq!(state(&list, 1), PairState::Frozen);
    assert_eq!(state(&list, 2), PairState::Waiting);
    let foundation = list.get(PairId(0)).unwrap().foundation();
    list.thaw(foundation);
    assert_eq!(state(&list, 1), PairState::Waiting);
}

#[test]
fn a_late_pair_of_a_foundation_that_works_waits_at_once() {
    let mut list = checklist(&[(5, 1)], 10);
    list.get_mut(PairId(0)).unwrap().state = PairState::Succeeded;
    let sides = (side(1, 10, 1), side(200, 4, 1));
    list.form(PairId(1), sides, Role::Controlling, 10);
    assert_eq!(state(&list, 1), PairState::Waiting);
}

#[test]
fn a_frozen_pair_is_checked_when_nothing_waits_and_its_foundation_rests() {
    let mut list = checklist(&[(5, 1), (4, 1)], 10);
    assert_eq!(list.next_ordinary(), Some(PairId(0)));
    list.get_mut(PairId(0)).unwrap().state = PairState::InProgress;
    assert_eq!(list.next_ordinary(), None);
    list.get_mut(PairId(0)).unwrap().state = PairState::Failed;
    assert_eq!(list.next_ordinary(), Some(PairId(1)));
}

#[test]
fn a_full_list_gives_up_failed_pairs_then_worse_ones() {
    let mut list = checklist(&[(5, 1), (4, 2), (3, 3)], 3);
    list.get_mut(PairId(0)).unwrap().state = PairState::Failed;
    let mut form = |id, priority| {
        let sides = (side(1, 10, 1), side(200 + id as u16, priority, id));
        list.form(PairId(id), sides, Role::Controlling, 3)
    };
    assert_eq!(form(10, 1), Formed::New);
    assert_eq!(form(11, 2), Formed::New);
    assert_eq!(form(12, 1), Formed::NoRoom);
    assert_eq!(ids(&list), [1, 2, 11]);
}

#[test]
fn triggered_checks_come_in_order_and_once() {
    let mut list = checklist(&[(5, 1), (4, 2)], 10);
    list.trigger(PairId(1));
    list.trigger(PairId(0));
    list.trigger(PairId(1));
    assert!(list.has_triggered());
    assert_eq!(list.pop_triggered(), Some(PairId(1)));
    list.get_mut(PairId(0)).unwrap().state = PairState::Succeeded;
    assert_eq!(list.pop_triggered(), None);
    assert!(!list.has_triggered());
}

#[test]
fn once_a_pair_is_nominated_only_triggered_checks_go_on() {
    let mut list = checklist(&[(5, 1), (4, 2), (3, 3)], 10);
    list.get_mut(PairId(0)).unwrap().state = PairState::Succeeded;
    list.get_mut(PairId(1)).unwrap().state = PairState::InProgress;
    assert_eq!(list.conclude(PairId(0)), [PairId(1)]);
    assert_eq!(list.next_ordinary(), None);
    assert_eq!(list.nominated().map(|pair| pair.id), Some(PairId(0)));
    list.trigger(PairId(2));
    assert_eq!(list.pop_triggered(), Some(PairId(2)));
}

#[test]
fn nominations_of_another_pair_start_the_count_over() {
    let mut list = checklist(&[(5, 1), (4, 2)], 10);
    let mut count = |id, by| list.count_nomination(PairId(id), TransactionId([by; 12]));
    assert_eq!(count(0, 1), 1);
    assert_eq!(count(0, 1), 1);
    assert_eq!(count(0, 2), 2);
    assert_eq!(count(1, 3), 1);
    assert_eq!(count(0, 4), 1);
}
