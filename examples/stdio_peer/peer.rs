//! One connection, and what each verb does to it.

use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use examples::echo::{self, Echo};
use serde_json::{Value, json};
use tidewire::{Configuration, Message, SessionDescription};
use tidewire_tokio::{DataChannel, Endpoint, Event, PeerConnection};

use crate::channel::Channels;
use crate::measure::{Counter, Moments, bench, now, pattern};
use crate::protocol::{ChannelInit, Command};
use crate::states;
use crate::tracks::{self, STREAM, Tracks};

const CHAT: &str = "chat";

pub(crate) struct Peer {
    connection: PeerConnection,
    channels: Arc<Channels>,
    moments: Mutex<Moments>,
    echo: Echo,
    tracks: Tracks,
    /// Whether the channel "chat" has been open.
    chat_opened: tokio::sync::watch::Sender<bool>,
}

type Outcome = Result<Value, String>;

impl Peer {
    pub(crate) fn new(
        endpoint: &Endpoint,
        configuration: Configuration,
    ) -> Result<Arc<Self>, String> {
        let moments = Moments {
            new: now(),
            offer: None,
            sdp: None,
            open: None,
        };
        let peer = Arc::new(Self {
            connection: endpoint.peer_connection(configuration).map_err(words)?,
            channels: Arc::default(),
            moments: Mutex::new(moments),
            echo: Echo::default(),
            tracks: Tracks::default(),
            chat_opened: tokio::sync::watch::Sender::new(false),
        });
        tokio::spawn(Arc::clone(&peer).watch());
        tokio::spawn(Arc::clone(&peer).send_back());
        Ok(peer)
    }

    pub(crate) async fn perform(self: Arc<Self>, command: Command) -> Outcome {
        match command {
            Command::Offer {
                data,
                audio,
                video,
                dc,
            } => {
                let wants_video = !matches!(video, Value::Null | Value::Bool(false));
                self.tracks.want(&self.connection, audio, &video)?;
                let wants_data = data.unwrap_or(!audio && !wants_video);
                self.offer(wants_data.then_some(&dc)).await
            }
            Command::Answer { sdp } => self.answer(sdp).await,
            Command::SetAnswer { sdp } => self.set_answer(sdp),
            Command::AddCandidate { candidate } => {
                done(self.connection.add_ice_candidate(&candidate.into()))
            }
            Command::Send { label, data, size } => self.send(label, data, size).await,
            Command::State => Ok(states::describe(&self.connection, &self.channels)),
            Command::RestartIce => {
                self.connection.restart_ice();
                Ok(json!({}))
            }
            Command::CreateChannel { label, dc } => self.create_channel(&label, &dc),
            Command::CloseChannel { label } => {
                self.channels.find(&label)?.close();
                Ok(json!({}))
            }
            Command::AddTrack { kind } => {
                done(self.connection.add_track(kind.into(), &[STREAM]).map(drop))
            }
            Command::SetDirection { kind, direction } => {
                let id = tracks::of_kind(&self.connection, kind.into())?;
                done(self.connection.set_direction(id, direction.into()))
            }
            Command::StopTrack { kind } => {
                let id = tracks::of_kind(&self.connection, kind.into())?;
                done(self.connection.stop_transceiver(id))
            }
            Command::Mute { kind, muted } => {
                let id = tracks::of_kind(&self.connection, kind.into())?;
                done(self.connection.replace_track(id, !muted))
            }
            Command::Codec { kind, name } => {
                tracks::prefer(&self.connection, kind.into(), &name)?;
                Ok(json!({}))
            }
            Command::Layer { rid } => {
                self.echo.choose_layer(&self.connection, &rid);
                Ok(json!({}))
            }
            Command::Close | Command::CloseOne => {
                self.close();
                Ok(json!({}))
            }
            Command::WaitOpen => self.wait_open().await,
            Command::Expect { total, hash } => {
                self.channels
                    .count((total > 0).then(|| Counter::new(total, hash)));
                Ok(json!({}))
            }
            Command::WaitRecv => {
                let counter = self.channels.counter().ok_or("nothing is expected")?;
                Ok(counter.wait().await)
            }
            Command::Bench {
                label,
                size,
                total,
                hash,
            } => {
                let channel = self.channels.find(label.as_deref().unwrap_or(CHAT))?;
                bench(&channel, size, total, hash).await
            }
        }
    }

    pub(crate) fn close(&self) {
        self.connection.close();
    }

    async fn offer(self: &Arc<Self>, dc: Option<&ChannelInit>) -> Outcome {
        if let Some(dc) = dc.filter(|_| self.channels.is_empty()) {
            self.create_channel(CHAT, dc)?;
        }
        let offer = self.connection.create_offer().map_err(words)?;
        self.connection
            .set_local_description(offer)
            .map_err(words)?;
        let reply = self.gathered().await;
        self.moments().offer.get_or_insert_with(now);
        reply
    }

    async fn answer(&self, sdp: String) -> Outcome {
        self.moments().offer.get_or_insert_with(now);
        let first = self.connection.local_description().is_none();
        self.connection
            .set_remote_description(SessionDescription::offer(sdp))
            .map_err(words)?;
        if first {
            self.channels.echo();
        }
        echo::accept(&self.connection);
        let answer = self.connection.create_answer().map_err(words)?;
        self.connection
            .set_local_description(answer)
            .map_err(words)?;
        let reply = self.gathered().await;
        self.moments().sdp.get_or_insert_with(now);
        reply
    }

    fn set_answer(&self, sdp: String) -> Outcome {
        let answer = SessionDescription::answer(sdp);
        self.connection
            .set_remote_description(answer)
            .map_err(words)?;
        self.moments().sdp.get_or_insert_with(now);
        Ok(json!({}))
    }

    async fn gathered(&self) -> Outcome {
        self.connection.gathering_complete().await;
        let local = self
            .connection
            .local_description()
            .ok_or("the connection was closed")?;
        Ok(json!({ "sdp": local.sdp }))
    }

    async fn send(
        &self,
        label: Option<String>,
        data: Option<String>,
        size: Option<usize>,
    ) -> Outcome {
        let message = match (data, size) {
            (Some(text), None) => Message::Text(Bytes::from(text)),
            (None, Some(size)) => Message::Binary(pattern(size)),
            _ => return Err("send takes either data or size".to_owned()),
        };
        let channel = self.channels.find(label.as_deref().unwrap_or(CHAT))?;
        done(channel.send(message).await)
    }

    fn create_channel(self: &Arc<Self>, label: &str, dc: &ChannelInit) -> Outcome {
        let init = dc.to_init()?;
        let channel = self
            .connection
            .create_data_channel(label, init)
            .map_err(words)?;
        self.adopt(channel);
        Ok(json!({}))
    }

    async fn wait_open(&self) -> Outcome {
        let mut opened = self.chat_opened.subscribe();
        opened.wait_for(|opened| *opened).await.map_err(words)?;
        Ok(self.moments().to_json())
    }

    fn adopt(self: &Arc<Self>, channel: DataChannel) {
        if channel.label() == CHAT {
            let (peer, chat) = (Arc::clone(self), channel.clone());
            tokio::spawn(async move {
                if chat.opened().await.is_ok() {
                    peer.moments().open.get_or_insert_with(now);
                    peer.chat_opened.send_replace(true);
                }
            });
        }
        self.channels.adopt(channel);
    }

    /// Sends received media back, until the connection ends.
    async fn send_back(self: Arc<Self>) {
        self.echo.run(&self.connection).await;
    }

    /// Takes in the channels that the other side opens, until the connection ends.
    async fn watch(self: Arc<Self>) {
        while let Some(event) = self.connection.next_event().await {
            self.echo.handle_event(&self.connection, &event);
            if let Event::DataChannel(channel) = event {
                self.adopt(channel);
            }
        }
    }

    fn moments(&self) -> MutexGuard<'_, Moments> {
        self.moments.lock().expect("no holder panics")
    }
}

fn done(result: Result<(), impl std::fmt::Display>) -> Outcome {
    result.map(|()| json!({})).map_err(words)
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}
