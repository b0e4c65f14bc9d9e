//! Messages as JSON, by the contract's own descriptors (the proto3 JSON mapping).

use std::sync::LazyLock;

use anyhow::Context as _;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(polder_wire::DESCRIPTORS).expect("the descriptors were just compiled")
});

fn descriptor(message: &str) -> MessageDescriptor {
    let name = format!("polder.v1.{message}");
    POOL.get_message_by_name(&name).unwrap_or_else(|| panic!("the contract has no {name}"))
}

/// Encoded bytes of `polder.v1.{message}` as JSON.
///
/// ```
/// use polder_wire::v1::Position;
/// use prost::Message as _;
///
/// let position = Position { latitude: 51.5, longitude: 6.0 };
/// let json = polder::json::from_bytes("Position", &position.encode_to_vec())?;
/// assert_eq!(json["latitude"], 51.5);
/// # Ok::<(), anyhow::Error>(())
/// ```
pub fn from_bytes(message: &str, bytes: &[u8]) -> anyhow::Result<serde_json::Value> {
    let message = DynamicMessage::decode(descriptor(message), bytes)?;
    let options = SerializeOptions::new().stringify_64_bit_integers(false);
    Ok(message.serialize_with_options(serde_json::value::Serializer, &options)?)
}

/// Encoded bytes of `polder.v1.{message}`, to be looked at field by field.
pub fn dynamic(message: &str, bytes: &[u8]) -> anyhow::Result<DynamicMessage> {
    Ok(DynamicMessage::decode(descriptor(message), bytes)?)
}

/// A message as JSON.
pub fn from_message(name: &str, message: &impl Message) -> anyhow::Result<serde_json::Value> {
    from_bytes(name, &message.encode_to_vec())
}

/// JSON as the encoded bytes of `polder.v1.{message}`. Unknown fields are refused.
pub fn to_bytes(message: &str, json: &serde_json::Value) -> anyhow::Result<Vec<u8>> {
    let read = DynamicMessage::deserialize(descriptor(message), json);
    let read = read.with_context(|| format!("this is no {message}"))?;
    Ok(read.encode_to_vec())
}

/// JSON as a message.
pub fn to_message<M: Message + Default>(name: &str, json: &serde_json::Value) -> anyhow::Result<M> {
    Ok(M::decode(&to_bytes(name, json)?[..])?)
}
