//! A form that brings a file (`multipart/form-data`, as browsers send one).

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{
        FromRequest, Multipart, OriginalUri, Request,
        multipart::{Field, MultipartError},
    },
    http::StatusCode,
};
use uuid::Uuid;

use super::posted::{Fields, Posted};
use crate::{
    access::{Expected, Identity},
    imports::{FILE_LIMIT, Named},
    limits::rest_of_body::Shared,
    problem::{Kind, Problem},
    telemetry::RequestId,
    write,
};

/// Most bytes of the whole form: the file, and what stands around it.
pub(super) const UPLOAD_LIMIT: usize = FILE_LIMIT + 64 * 1024;

/// Most bytes of a field that is no file.
const FIELD_LIMIT: usize = 4 * 1024;

/// Most fields: ours have three.
const FIELDS: usize = 16;

/// Somebody with a slow line may send a large file.
const PATIENCE: Duration = Duration::from_mins(5);

/// A form with its file, from somebody who may send it. The whole file is in memory.
pub(super) struct Uploaded {
    pub posted: Posted,
    pub file: Bytes,
    /// What the file is called.
    pub named: Named,
}

/// The file is larger than is imported at once.
pub(super) fn too_large() -> Problem {
    Problem::saying(
        Kind::TooLarge,
        crate::imports::Unusable::TooLarge.to_string(),
    )
}

fn unread(error: &MultipartError) -> Problem {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::BAD_REQUEST => Problem::new(Kind::BodyCutOff),
        _ => Problem::new(Kind::PageTampered),
    }
}

async fn short(mut field: Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unread(&error))? {
        bytes.extend(chunk);
        if bytes.len() > FIELD_LIMIT {
            return Err(Problem::new(Kind::PageTampered));
        }
    }
    String::from_utf8(bytes).map_err(|_| Problem::new(Kind::PageTampered))
}

async fn read(mut form: Multipart) -> Result<(Fields, Bytes, Named), Problem> {
    let mut pairs = Vec::new();
    let mut file = Bytes::new();
    let mut named = Named::Otherwise;
    let mut number = 0;
    while let Some(field) = form.next_field().await.map_err(|error| unread(&error))? {
        number += 1;
        let name = field.name().unwrap_or_default().to_owned();
        if number > FIELDS || (name == "file" && !file.is_empty()) {
            return Err(Problem::new(Kind::PageTampered));
        }
        if name == "file" {
            named = Named::by_file(field.file_name().unwrap_or_default());
            file = field.bytes().await.map_err(|error| unread(&error))?;
        } else {
            pairs.push((name, short(field).await?));
        }
    }
    if file.len() > FILE_LIMIT {
        return Err(too_large());
    }
    Ok((Fields::of(pairs), file, named))
}

impl<S: Send + Sync> FromRequest<S> for Uploaded {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let extensions = request.extensions();
        let not_signed_in = || Problem::new(Kind::NotSignedIn);
        let identity: Identity = extensions.get().cloned().ok_or_else(not_signed_in)?;
        let expected: Expected = extensions.get().cloned().ok_or_else(not_signed_in)?;
        let path = extensions
            .get::<OriginalUri>()
            .map_or_else(|| request.uri().path(), |uri| uri.path())
            .to_owned();
        let correlation_id = extensions
            .get()
            .map_or_else(Uuid::new_v4, |RequestId(id)| *id);
        let (parts, body) = request.into_parts();
        let body = Shared::of(body);
        let request = Request::from_parts(parts, body.body());
        let form = Multipart::from_request(request, state)
            .await
            // A form without a file is none of ours, and its token cannot be read either.
            .map_err(|_| Problem::new(Kind::ForeignForm))?;
        let read = tokio::time::timeout(PATIENCE, read(form))
            .await
            .map_err(|_| Problem::new(Kind::BodyCutOff))?;
        if read.is_err() {
            body.take_the_rest(UPLOAD_LIMIT, PATIENCE).await;
        }
        let (fields, file, named) = read?;
        expected.check(&fields.text("csrf"))?;
        let key = fields.text("key");
        let call = write::form_call(&identity, &path, &key, &file, correlation_id);
        Ok(Self {
            posted: Posted::of(identity, fields, call),
            file,
            named,
        })
    }
}
