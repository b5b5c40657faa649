//! Answers of the framework (unknown method, unreadable query, …) as problem documents.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

use super::{Kind, Problem};

/// A plain-text error of the framework as a problem document; everything else as it is. Headers such as Allow are kept.
pub fn as_problem(response: Response) -> Response {
    let status = response.status();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|content_type| content_type.as_bytes().starts_with(b"text/plain"));
    if !plain || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = Problem::new(kind(status));
    if problem.kind().status() != status {
        return problem.into_response();
    }
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    let (made, body) = problem.into_response().into_parts();
    head.extensions.extend(made.extensions);
    head.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    Response::from_parts(head, body)
}

fn kind(status: StatusCode) -> Kind {
    match status {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::UnsupportedMediaType,
        status if status.is_server_error() => Kind::Internal,
        _ => Kind::MalformedAddress,
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn the_allow_header_of_a_refused_method_is_kept() {
        let response =
            as_problem((StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response());
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()[header::ALLOW], "GET");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }

    #[test]
    fn an_unreadable_query_is_a_malformed_address() {
        let response =
            as_problem((StatusCode::UNPROCESSABLE_ENTITY, "unknown field").into_response());
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn an_answer_that_is_no_error_is_left_alone() {
        let response = as_problem("ok".into_response());
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "text/plain; charset=utf-8"
        );
    }
}
