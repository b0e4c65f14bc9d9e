//! The contract as it was agreed: a renumbered, retyped or removed field shows here and in review.
//!
//! After a change that is meant, `POLDER_UPDATE_SNAPSHOT=1 cargo test -p polder-wire` writes the
//! listing anew; its diff belongs in the same commit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};

use prost::Message as _;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

fn field(owner: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let repeated = if field.label() == Label::Repeated { "repeated " } else { "" };
    let presence = if field.proto3_optional() { "optional " } else { "" };
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
    let oneof = oneof.map(|at| format!(", one of {}", owner.oneof_decl[at as usize].name()));
    let oneof = oneof.unwrap_or_default();
    format!("  {} {}: {repeated}{presence}{kind}{oneof}", field.number(), field.name())
}

fn message(out: &mut Vec<String>, package: &str, message: &DescriptorProto) {
    let name = format!("{package}.{}", message.name());
    let mut text = format!("message {name}\n");
    let mut fields: Vec<_> = message.field.iter().collect();
    fields.sort_by_key(|field| field.number());
    for one in fields {
        writeln!(text, "{}", field(message, one)).unwrap();
    }
    out.push(text);
    message.nested_type.iter().for_each(|nested| self::message(out, &name, nested));
    message.enum_type.iter().for_each(|nested| enumeration(out, &name, nested));
}

fn enumeration(out: &mut Vec<String>, package: &str, enumeration: &EnumDescriptorProto) {
    let mut text = format!("enum {package}.{}\n", enumeration.name());
    for value in &enumeration.value {
        writeln!(text, "  {} {}", value.number(), value.name()).unwrap();
    }
    out.push(text);
}

fn service(out: &mut Vec<String>, package: &str, service: &ServiceDescriptorProto) {
    let mut text = format!("service {package}.{}\n", service.name());
    let stream = |yes: bool| if yes { "stream " } else { "" };
    for method in &service.method {
        let (takes, gives) = (method.input_type(), method.output_type());
        let (takes, gives) = (takes.trim_start_matches('.'), gives.trim_start_matches('.'));
        let (up, down) = (stream(method.client_streaming()), stream(method.server_streaming()));
        writeln!(text, "  {}({up}{takes}) -> {down}{gives}", method.name()).unwrap();
    }
    out.push(text);
}

fn listing() -> String {
    let files = FileDescriptorSet::decode(polder_wire::DESCRIPTORS).unwrap();
    let mut out = Vec::new();
    for file in files.file.iter().filter(|file| file.package().starts_with("polder.")) {
        let package = file.package();
        file.message_type.iter().for_each(|one| message(&mut out, package, one));
        file.enum_type.iter().for_each(|one| enumeration(&mut out, package, one));
        file.service.iter().for_each(|one| service(&mut out, package, one));
    }
    out.sort();
    out.join("\n")
}

/// Lines with the name of their block before them, so that equal lines of two blocks differ.
fn lines(listing: &str) -> BTreeSet<String> {
    let mut block = "";
    let mut lines = BTreeSet::new();
    for line in listing.lines().filter(|line| !line.is_empty()) {
        if line.starts_with(' ') {
            lines.insert(format!("{block}: {}", line.trim()));
        } else {
            block = line;
            lines.insert(line.to_owned());
        }
    }
    lines
}

#[test]
fn the_contract_is_what_was_agreed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/descriptor.txt");
    let now = listing();
    if env::var_os("POLDER_UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, &now).unwrap();
        return;
    }
    let agreed = fs::read_to_string(&path).unwrap();
    if agreed == now {
        return;
    }
    let (before, after) = (lines(&agreed), lines(&now));
    let mut said = String::new();
    for gone in before.difference(&after) {
        writeln!(said, "- {gone}").unwrap();
    }
    for new in after.difference(&before) {
        writeln!(said, "+ {new}").unwrap();
    }
    panic!(
        "the contract differs from tests/descriptor.txt:\n{said}\nA line with - breaks nodes and \
         clients that are out there: undo it. If only + lines are meant, run the test with \
         POLDER_UPDATE_SNAPSHOT=1 and commit the listing."
    );
}
