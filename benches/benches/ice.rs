//! A check and its answer between two agents that have a pair: what consent costs every few seconds,
//! and what every check costs before.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use tidewire_crypto::{Rng, rust_crypto};
use tidewire_ice::{Agent, Config, Event, Role};

struct Pair {
    agents: [Agent; 2],
    now: Instant,
    datagram: Vec<u8>,
}

impl Pair {
    /// Two agents that have yet to find a pair.
    fn new() -> Self {
        let now = Instant::now();
        let mut agents = [(Role::Controlling, 1), (Role::Controlled, 2)].map(|(role, seed)| {
            let mut config = Config::new(rust_crypto::provider());
            config.role = role;
            Agent::new(config, Rng::from_u64(seed), now)
        });
        for (here, there) in [(0, 1), (1, 0)] {
            let credentials = agents[there].local_credentials().clone();
            agents[here].set_remote_credentials(credentials);
            let address = SocketAddr::from(([192, 0, 2, here as u8], 5000));
            agents[here]
                .add_host_candidate(now, address)
                .expect("a usable address");
            while let Some(event) = agents[here].poll_event() {
                if let Event::LocalCandidate(candidate) = event {
                    let added = agents[there].add_remote_candidate(now, candidate);
                    added.expect("a usable candidate");
                }
            }
        }
        Self {
            agents,
            now,
            datagram: Vec::with_capacity(1500),
        }
    }

    fn connected() -> Self {
        let mut pair = Self::new();
        pair.connect();
        pair
    }

    fn connect(&mut self) {
        while self.agents.iter().any(|it| it.selected_pair().is_none()) {
            self.exchange();
            self.now += Duration::from_millis(1);
        }
    }

    /// Carries what there is to carry; answers how many datagrams that was.
    fn exchange(&mut self) -> usize {
        let mut carried = 0;
        for (here, there) in [(0, 1), (1, 0), (0, 1)] {
            while let Some(sent) = self.agents[here].poll_transmit(self.now, &mut self.datagram) {
                let (local, remote) = (sent.remote, sent.local);
                self.agents[there].handle_datagram(self.now, local, remote, &self.datagram);
                self.datagram.clear();
                carried += 1;
            }
        }
        carried
    }

    /// Lets time pass until the agents have asked each other once more.
    fn renew_consent(&mut self) {
        let mut carried = 0;
        while carried == 0 {
            let timers = self.agents.iter().filter_map(Agent::poll_timeout);
            let next = timers.min().expect("consent expires");
            self.now = next.max(self.now + Duration::from_micros(1));
            for agent in &mut self.agents {
                agent.handle_timeout(self.now);
            }
            carried = self.exchange();
        }
    }
}

fn ice(criterion: &mut Criterion) {
    criterion.bench_function("ice/connect", |bencher| {
        bencher.iter_batched_ref(Pair::new, Pair::connect, criterion::BatchSize::SmallInput);
    });
    let mut pair = Pair::connected();
    criterion.bench_function("ice/check and answer for consent", |bencher| {
        bencher.iter(|| pair.renew_consent());
    });
    let (local, remote) = {
        let selected = pair.agents[0].selected_pair().expect("connected");
        (selected.local, selected.remote)
    };
    criterion.bench_function("ice/known path", |bencher| {
        bencher.iter(|| pair.agents[0].is_known_path(black_box(local), black_box(remote)));
    });
}

criterion_group!(benches, ice);
criterion_main!(benches);
