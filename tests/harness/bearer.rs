//! Calls in the name of whoever has a token.

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::Channel,
};

#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub type Signed = InterceptedService<Channel, Bearer>;

/// A channel on which every call brings a token, whatever it is.
pub fn with_token(channel: Channel, token: &str) -> Signed {
    InterceptedService::new(channel, Bearer(format!("Bearer {token}").parse().unwrap()))
}
