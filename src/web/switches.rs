//! The switches of the demo on the page: which nodes there are, which are cut off, and a word to
//! cut one off or let it come back. Only a demo gives a node these.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::sync::{mpsc, watch};

/// Where the page asks for them.
pub(super) const PATH: &str = "/demo";

/// Cut a place off (`true`), or let it come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// Which of the demo's nodes.
    pub place: usize,
    /// Cut off, or linked.
    pub cut: bool,
}

/// How a browser reaches what plays the demo.
#[derive(Debug, Clone)]
pub struct Switches {
    /// What the nodes are called.
    pub names: Arc<[&'static str]>,
    /// How they stand, as the JSON that the page reads.
    pub told: watch::Receiver<String>,
    /// To whoever plays the demo.
    pub wanted: mpsc::Sender<Switch>,
}

impl Switches {
    /// `GET /demo` tells; `POST /demo?cut=noord` and `POST /demo?restore=noord` switch.
    pub(super) fn answer(&self, method: &Method, query: &str) -> Response {
        if *method == Method::POST {
            let Some(switch) = self.switch(query) else {
                return (StatusCode::BAD_REQUEST, "cut or restore which node?\n").into_response();
            };
            return match self.wanted.try_send(switch) {
                Ok(()) => StatusCode::ACCEPTED.into_response(),
                Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            };
        }
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, self.told.borrow().clone()).into_response()
    }

    fn switch(&self, query: &str) -> Option<Switch> {
        let (verb, name) = query.split_once('=')?;
        let place = self.names.iter().position(|known| *known == name)?;
        let cut = match verb {
            "cut" => true,
            "restore" => false,
            _ => return None,
        };
        Some(Switch { place, cut })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_a_known_node_is_switched_and_a_full_queue_says_so() {
        let (_keep, told) = watch::channel("{}".to_owned());
        let (wanted, mut orders) = mpsc::channel(1);
        let switches = Switches { names: ["centrum", "noord"].into(), told, wanted };
        let post = |query| switches.answer(&Method::POST, query).status();
        for wrong in ["", "cut", "cut=", "cut=oost", "drop=noord"] {
            assert_eq!(post(wrong), StatusCode::BAD_REQUEST, "{wrong}");
        }
        assert_eq!(post("cut=noord"), StatusCode::ACCEPTED);
        assert_eq!(post("restore=noord"), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(orders.try_recv().unwrap(), Switch { place: 1, cut: true });
        assert_eq!(post("restore=noord"), StatusCode::ACCEPTED);
        assert_eq!(orders.try_recv().unwrap(), Switch { place: 1, cut: false });
    }
}
