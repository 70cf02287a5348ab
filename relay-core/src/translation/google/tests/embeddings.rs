//! Embeddings, from the caller's side: encodings, limits, batches, numbers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::with_call;
use crate::error::{Class, RelayError};
use crate::translation::google::Google;
use crate::translation::{Dialect, TranslatedEmbeddings};

fn asked(members: Value) -> Result<TranslatedEmbeddings, RelayError> {
    let mut body = json!({"model": "gemini-embedding-001", "input": "x"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    with_call(&body, |call| Google.embeddings(call))
}

/// The vectors that a caller gets for `count` inputs where Google answers with this body.
fn answered(members: Value, answer: &str) -> String {
    let context = asked(members).unwrap().context;
    let answer = Google.embeddings_answer(vec![Bytes::from(answer.to_owned())], &context).unwrap();
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[test]
fn what_is_no_text_is_refused_by_name() {
    for input in [json!([1, 2]), json!([[1, 2], [3]]), json!([-1]), json!(7)] {
        let error = asked(json!({ "input": input })).unwrap_err();
        assert_eq!(
            (error.class(), error.code(), error.param()),
            (Class::InvalidRequest, "unsupported_value", Some("input"))
        );
        assert!(error.message().contains("token"), "{error}");
    }
    let many = vec!["x"; 2049];
    for input in
        [json!(""), json!([]), json!(["a", ""]), json!([null]), json!(["a", true]), json!({}), json!(many), json!(null)]
    {
        let error = asked(json!({ "input": input })).unwrap_err();
        assert_eq!((error.class(), error.param()), (Class::InvalidRequest, Some("input")), "{error}");
    }
    assert_eq!(asked(json!({"input": vec!["x"; 2048]})).unwrap().wires.len(), 21);
}

#[test]
fn options_are_carried_over_or_refused_by_name() {
    let sent = |members| serde_json::from_slice::<Value>(&asked(members).unwrap().wires[0].body).unwrap();
    assert_eq!(sent(json!({"dimensions": 768}))["requests"][0]["outputDimensionality"], 768);
    assert!(sent(json!({}))["requests"][0].get("outputDimensionality").is_none());
    assert_eq!(sent(json!({"input": ["a", "b"]}))["requests"][1]["content"], json!({"parts": [{"text": "b"}]}));
    for (members, param) in [
        (json!({"dimensions": 0}), "dimensions"),
        (json!({"dimensions": 3073}), "dimensions"),
        (json!({"dimensions": "768"}), "dimensions"),
        (json!({"encoding_format": "int8"}), "encoding_format"),
    ] {
        assert_eq!(asked(members).unwrap_err().param(), Some(param));
    }
    assert_eq!(asked(json!({"user": "u"})).unwrap().notes.dropped, ["user"]);
}

/// Official clients ask for base64 when their caller says nothing, and read floats there as garbage.
#[test]
fn base64_is_given_where_it_is_asked_for_and_floats_else() {
    let answer = r#"{"embeddings":[{"values":[0.6,-0.8]}]}"#;
    let of =
        |members| serde_json::from_str::<Value>(&answered(members, answer)).unwrap()["data"][0]["embedding"].clone();
    let bytes: Vec<u8> = [0.6_f32, -0.8].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(of(json!({"encoding_format": "base64"})), json!(STANDARD.encode(bytes)));
    assert_eq!(of(json!({"encoding_format": "float"})), json!([0.6, -0.8]));
    assert_eq!(of(json!({})), json!([0.6, -0.8]));
}

/// Seventeen digits mean one number, and no other one comes out.
#[test]
fn floats_of_a_vector_of_length_one_pass_unchanged() {
    let mut state = 7_u64;
    let small: Vec<f64> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) / 1000.0
    })
    .take(3072)
    .collect();
    let digits: Vec<String> = std::iter::once(&1.0).chain(&small).map(|value| format!("{value:?}")).collect();
    let got = answered(json!({}), &format!("{{\"embeddings\":[{{\"values\":[{}]}}]}}", digits.join(",")));
    let list = got.split_once("\"embedding\":[").unwrap().1.split_once(']').unwrap().0;
    let changed = list.split(',').zip(&digits).filter(|(got, sent)| got.parse::<f64>() != sent.parse::<f64>());
    assert_eq!(changed.collect::<Vec<_>>(), []);
    let zero = answered(json!({}), r#"{"embeddings":[{"values":[0.0,0.0]}]}"#);
    assert!(zero.contains("[0.0,0.0]"), "{zero}");
    let short = answered(json!({}), r#"{"embeddings":[{"values":[3.0,4.0]}]}"#);
    assert!(short.contains("[0.6,0.8]"), "{short}");
}

#[test]
fn another_number_of_vectors_than_of_inputs_is_an_error() {
    let context = asked(json!({"input": ["a", "b"]})).unwrap().context;
    for body in [r#"{"embeddings":[{"values":[1.0]}]}"#, "{}", r#"{"embeddings":[]}"#] {
        let error = Google.embeddings_answer(vec![Bytes::from(body)], &context).unwrap_err();
        assert_eq!((error.class(), error.code()), (Class::BadGateway, "embedding_count_mismatch"), "{body}");
    }
}
