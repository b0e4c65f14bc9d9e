//! Who may do what: one table of roles, and one of calls. A call that stands in no table is
//! refused to everybody but the operator.

use polder_wire::v1::Role;

/// What a role allows, or a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// See how the node and its links do.
    Look,
    /// Read the picture of an incident.
    Read,
    /// Say something in it, for the own party.
    Publish,
    /// Open incidents, change their phase, GRIP and teams, close them.
    Lead,
    /// Let guests in.
    Invite,
    /// Take the picture along as a file, or bring one.
    Carry,
    /// See who did what.
    Audit,
    /// Look after the node: accounts, backups, the store, statements of the charter.
    Administer,
}

impl Right {
    /// As it is told to callers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Read => "read",
            Self::Publish => "publish",
            Self::Lead => "lead",
            Self::Invite => "invite",
            Self::Carry => "carry",
            Self::Audit => "audit",
            Self::Administer => "administer",
        }
    }

    /// All of them, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Look,
        Self::Read,
        Self::Publish,
        Self::Lead,
        Self::Invite,
        Self::Carry,
        Self::Audit,
        Self::Administer,
    ];
}

/// What each role may do. The same table stands in ARCHITECTURE.md; a test compares them.
pub const ROLES: [(Role, &[Right]); 7] = {
    use Right::{Administer, Audit, Carry, Invite, Lead, Look, Publish, Read};
    [
        (Role::Reader, &[Look, Read]),
        (Role::Liaison, &[Look, Read, Publish]),
        (Role::ColumnHead, &[Look, Read, Publish, Invite]),
        (Role::InformationManager, &[Look, Read, Publish, Lead, Invite, Carry]),
        (Role::OperationalLeader, &[Look, Read, Publish, Lead, Invite]),
        (Role::Auditor, &[Look, Read, Audit]),
        (Role::Administrator, &[Look, Carry, Administer]),
    ]
};

/// Whether a role, by its number, has a right. What is no role has none.
pub fn allows(role: i32, right: Right) -> bool {
    ROLES.iter().any(|(known, rights)| *known as i32 == role && rights.contains(&right))
}

/// What a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it is how a caller becomes known, or how others find out what there is.
    Nothing,
    /// Whoever is known.
    SignedIn,
    /// This right, for some party in some incident; the handler looks at which.
    Right(Right),
    /// A node, by the protocol of links: it proves its key itself.
    Node,
}

/// What each call needs, by service and method.
pub const CALLS: &[(&str, &[(&str, Needs)])] = {
    use Needs::{Node, Nothing, SignedIn};
    const fn right(right: Right) -> Needs {
        Needs::Right(right)
    }
    &[
        ("grpc.health.v1.Health", &[("Check", Nothing), ("List", Nothing), ("Watch", Nothing)]),
        ("grpc.reflection.v1.ServerReflection", &[("ServerReflectionInfo", Nothing)]),
        ("grpc.reflection.v1alpha.ServerReflection", &[("ServerReflectionInfo", Nothing)]),
        (
            "polder.v1.AttachmentService",
            &[
                ("StartUpload", right(Right::Publish)),
                ("UploadChunk", right(Right::Publish)),
                ("GetAttachment", right(Right::Read)),
                ("Download", right(Right::Read)),
            ],
        ),
        ("polder.v1.AuditService", &[("ListActs", right(Right::Audit))]),
        ("polder.v1.CapacityService", &[("ListCapacity", right(Right::Read))]),
        (
            "polder.v1.CharterService",
            &[("AddStatements", right(Right::Administer)), ("ListStatements", right(Right::Look))],
        ),
        (
            "polder.v1.IncidentService",
            &[
                ("CreateIncident", right(Right::Lead)),
                ("GetIncident", right(Right::Read)),
                ("ListIncidents", right(Right::Read)),
                ("UpdateIncident", right(Right::Lead)),
                ("CloseIncident", right(Right::Lead)),
            ],
        ),
        (
            "polder.v1.JoinService",
            &[
                ("Invite", right(Right::Administer)),
                ("BeginJoin", Nothing),
                ("FinishJoin", Nothing),
                ("Enrol", right(Right::Administer)),
            ],
        ),
        ("polder.v1.LinkService", &[("Session", Node)]),
        (
            "polder.v1.NodeService",
            &[
                ("GetNodeStatus", right(Right::Look)),
                ("VerifyLog", right(Right::Administer)),
                ("StreamBackup", right(Right::Administer)),
                ("CompactStore", right(Right::Administer)),
                ("WatchLinks", right(Right::Look)),
                ("ListHolders", right(Right::Read)),
                ("GetHeads", right(Right::Carry)),
                ("ExportBundle", right(Right::Carry)),
                ("ImportBundle", right(Right::Carry)),
                ("ArchiveIncident", right(Right::Administer)),
                ("DropArchivedIncident", right(Right::Administer)),
            ],
        ),
        (
            "polder.v1.PeopleService",
            &[
                ("SignIn", Nothing),
                ("ListSignInProviders", Nothing),
                ("BeginSignIn", Nothing),
                ("SignOut", SignedIn),
                ("GetCaller", SignedIn),
                ("SetAccount", right(Right::Administer)),
                ("ListAccounts", right(Right::Invite)),
                ("DeleteAccount", right(Right::Invite)),
                ("InviteGuest", right(Right::Invite)),
            ],
        ),
        (
            "polder.v1.PictureService",
            &[
                ("PublishEntries", right(Right::Publish)),
                ("RetractEntry", right(Right::Publish)),
                ("ReleaseEntry", right(Right::Publish)),
                ("RecallEntry", right(Right::Publish)),
                ("EraseEntry", right(Right::Publish)),
                ("GetEntry", right(Right::Read)),
                ("ListEntries", right(Right::Read)),
                ("ListEntryVersions", right(Right::Read)),
                ("Subscribe", right(Right::Read)),
                ("GetPictureAsOf", right(Right::Read)),
            ],
        ),
        ("polder.v1.ReportService", &[("ListReportGroups", right(Right::Read))]),
        (
            "polder.v1.WarningService",
            &[("ListWarnings", right(Right::Read)), ("ListContacts", right(Right::Read))],
        ),
        (
            "polder.v1.SignalService",
            &[("ListSignals", right(Right::Read)), ("WatchSignals", right(Right::Read))],
        ),
        (
            "polder.v1.SituationService",
            &[
                ("GetSituation", right(Right::Read)),
                ("ListScaling", right(Right::Read)),
                ("GetNationalPicture", right(Right::Read)),
                ("GetDigest", right(Right::Read)),
            ],
        ),
        (
            "polder.v1.TeamService",
            &[
                ("ListContradictions", right(Right::Read)),
                ("ListAssistance", right(Right::Read)),
                ("ListGaps", right(Right::Read)),
                ("ListAttention", right(Right::Read)),
                ("Acknowledge", right(Right::Publish)),
                ("GetHandover", right(Right::Read)),
                ("ReportMethane", right(Right::Publish)),
                ("ListForecasts", right(Right::Read)),
                ("DraftSitrep", right(Right::Read)),
                ("IssueSitrep", right(Right::Lead)),
                ("ListSitreps", right(Right::Read)),
                ("GetReview", right(Right::Read)),
            ],
        ),
        (
            "polder.v1.ImpactService",
            &[("GetImpact", right(Right::Read)), ("CompareScenarios", right(Right::Read))],
        ),
    ]
};

/// What the call at a path such as `/polder.v1.PictureService/GetEntry` needs; `None` for one that
/// does not exist.
pub fn needs(path: &str) -> Option<Needs> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let (_, methods) = CALLS.iter().find(|(known, _)| *known == service)?;
    methods.iter().find(|(known, _)| *known == method).map(|(_, needs)| *needs)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;

    use super::*;

    #[test]
    fn every_call_of_the_contract_says_what_it_needs_and_no_other_does() {
        let set = prost_types::FileDescriptorSet::decode(polder_wire::DESCRIPTORS).unwrap();
        let mut contract = BTreeSet::new();
        for file in set.file.iter().filter(|file| file.package() == "polder.v1") {
            for service in &file.service {
                let methods = service.method.iter();
                contract
                    .extend(methods.map(|m| format!("polder.v1.{}/{}", service.name(), m.name())));
            }
        }
        let own = CALLS.iter().filter(|(service, _)| service.starts_with("polder."));
        let table = own.flat_map(|(service, methods)| {
            methods.iter().map(move |(method, _)| format!("{service}/{method}"))
        });
        assert_eq!(contract, table.collect());
    }

    #[test]
    fn what_is_no_role_and_no_call_is_closed() {
        assert!(Right::ALL.iter().all(|right| !allows(0, *right) && !allows(99, *right)));
        assert_eq!(needs("/polder.v1.PictureService/Everything"), None);
        assert_eq!(needs("/polder.v1.PictureService/GetEntry/x"), None);
        assert_eq!(needs("polder.v1.PictureService/GetEntry"), None);
        assert_eq!(needs("/polder.v1.PeopleService/SignIn"), Some(Needs::Nothing));
    }

    #[test]
    fn the_table_of_roles_in_the_papers_is_this_one() {
        let page = include_str!("../../ARCHITECTURE.md");
        for (role, rights) in ROLES {
            let name = role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
            let marks =
                Right::ALL.map(|right| if rights.contains(&right) { " yes " } else { "  " });
            let row = format!("| {} |{}|", name.replace('_', " "), marks.join("|"));
            assert!(page.contains(&row), "ARCHITECTURE.md lacks the row\n{row}");
        }
    }
}
