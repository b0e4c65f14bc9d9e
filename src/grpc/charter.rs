//! `CharterService`.

use polder_picture::{
    charter::{Charter, Standing},
    refusal::{Class, Refusal},
};
use polder_wire::v1::{
    self, ActKind, AddStatementsRequest, AddStatementsResponse, CharterStatement,
    ListStatementsRequest, ListStatementsResponse, StatementRow,
    charter_service_server::CharterService,
};
use tonic::{Request, Response, Status};

use super::{Services, guard::caller, status::Refused};
use crate::{
    audit::act,
    people::Caller,
    query::{page, page_size},
    token::{Position, Purpose},
};

/// What page tokens of this list are for.
const QUESTION: u64 = 3 << 32;
/// A page is as long as this, or as its size says.
const PAGE_BYTES: usize = 2 << 20;

fn row(charter: &Charter, statement: CharterStatement) -> StatementRow {
    let standing = match charter.standing_of(&statement) {
        Some(Standing::Counts) => v1::Standing::Counts,
        Some(Standing::Disputed) => v1::Standing::Disputed,
        Some(Standing::CountsForNothing) => v1::Standing::CountsForNothing,
        None => v1::Standing::Unspecified,
    };
    StatementRow { statement: Some(statement), standing: standing.into() }
}

fn missing() -> Refusal {
    Refusal::new(Class::NotFound, "CHARTER_NOT_FOUND", "this node has no charter")
}

impl Services {
    async fn add(
        &self,
        request: AddStatementsRequest,
        caller: &Caller,
    ) -> Result<AddStatementsResponse, Refused> {
        let count = request.statements.len();
        if !(1..=100).contains(&count) {
            let reason = if count == 0 { "TOO_FEW" } else { "TOO_MANY" };
            let sentence = format!("has {count} items, 1 to 100 are allowed");
            return Err(Refusal::field("statements", reason, sentence).into());
        }
        let by = act(caller, ActKind::StatementsAdded);
        self.node.add_statements(request.statements.clone(), Some(by)).await?;
        let charter = self.node.charter.read();
        let charter = charter.as_ref().ok_or_else(missing)?;
        let rows = request.statements.into_iter().map(|statement| row(charter, statement));
        Ok(AddStatementsResponse { statements: rows.collect() })
    }

    fn statements(
        &self,
        request: &ListStatementsRequest,
    ) -> Result<ListStatementsResponse, Refused> {
        let size = page_size(request.page_size, 100, 500)?;
        let from = page(&self.node, &request.page_token, QUESTION)?;
        let from = from.map_or(0, |from| from.offset as usize);
        let charter = self.node.charter.read();
        let charter = charter.as_ref().ok_or_else(missing)?;
        let mut response = ListStatementsResponse {
            charter: bytes::Bytes::copy_from_slice(&charter.id().0),
            ..Default::default()
        };
        let (mut next, mut bytes) = (from, 0);
        for statement in charter.statements().skip(from) {
            if response.statements.len() == size || bytes > PAGE_BYTES {
                let lsn = self.node.picture.read().lsn();
                let position = Position { lsn, question: QUESTION, offset: next as u64 };
                response.next_page_token = self.node.tokens.write(Purpose::Page, position);
                break;
            }
            bytes += statement.body.len();
            next += 1;
            response.statements.push(row(charter, statement));
        }
        Ok(response)
    }
}

#[tonic::async_trait]
impl CharterService for Services {
    async fn add_statements(
        &self,
        request: Request<AddStatementsRequest>,
    ) -> Result<Response<AddStatementsResponse>, Status> {
        let caller = caller(&request)?;
        Ok(Response::new(self.add(request.into_inner(), &caller).await?))
    }

    async fn list_statements(
        &self,
        request: Request<ListStatementsRequest>,
    ) -> Result<Response<ListStatementsResponse>, Status> {
        Ok(Response::new(self.statements(request.get_ref())?))
    }
}
