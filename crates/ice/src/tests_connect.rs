use crate::test_net::{Net, ms, secs};
use crate::{ConnectionState, Role};

#[test]
fn two_agents_connect_over_host_candidates_in_two_round_trips() {
    let mut net = Net::pair(1);
    net.exchange();
    net.run(ms(2));
    for agent in &net.agents {
        assert_eq!(agent.state(), ConnectionState::Completed);
        assert!(agent.selected_pair().unwrap().nominated);
    }
    let (one, two) = (
        net.agents[0].selected_pair().unwrap(),
        net.agents[1].selected_pair().unwrap(),
    );
    assert_eq!((one.local, one.remote), (two.remote, two.local));
}

#[test]
fn consent_is_kept_for_minutes() {
    let mut net = Net::pair(2);
    net.exchange();
    net.run(secs(300));
    for agent in &net.agents {
        assert_eq!(agent.state(), ConnectionState::Completed);
        let pair = agent.pairs().find(|pair| pair.selected).unwrap();
        assert!((50..=75).contains(&pair.traffic.consent_requests_sent));
    }
    assert_eq!(net.agents[0].role(), Role::Controlling);
    assert_eq!(net.agents[0].stats().dropped.total(), 0);
}
