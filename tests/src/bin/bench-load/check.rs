//! Whether an answer is right. A wrong one is an error, never a fast one.

use memchr::memmem;

use crate::client::Answer;
use crate::plan::Expect;

/// Says what is wrong with the answer to a request of `user`.
pub(crate) fn check(answer: &Answer, expect: &Expect, user: &str) -> Result<(), String> {
    if answer.status != 200 {
        return Err(format!("status {}", answer.status));
    }
    for text in &expect.contains {
        if memmem::find(&answer.body, text.replace("{user}", user).as_bytes()).is_none() {
            return Err(format!("no `{text}`"));
        }
    }
    if answer.chunks_us.len() != expect.chunks {
        return Err(format!("{} chunks of {}", answer.chunks_us.len(), expect.chunks));
    }
    if !answer.body.trim_ascii_end().ends_with(expect.ends_with.as_bytes()) {
        return Err(format!("does not end with `{}`", expect.ends_with));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn verdict(status: u16, body: &str, chunks: usize) -> Result<(), String> {
        let expect = Expect { contains: vec!["u={user}".into()], ends_with: "[DONE]".into(), chunks: 2 };
        let mut answer = Answer::default();
        (answer.status, answer.body, answer.chunks_us) = (status, body.into(), vec![1; chunks]);
        check(&answer, &expect, "0042")
    }

    #[test]
    fn only_the_whole_answer_of_the_right_user_passes() {
        assert_eq!(verdict(200, "u=0042 data: [DONE]\n\n", 2), Ok(()));
        assert!(verdict(500, "u=0042 data: [DONE]\n\n", 2).is_err());
        assert!(verdict(200, "u=0041 data: [DONE]\n\n", 2).is_err());
        assert!(verdict(200, "u=0042 data: [DONE]\n\n", 1).is_err());
        assert!(verdict(200, "u=0042 data: [DONE]\n\n", 3).is_err());
        assert!(verdict(200, "u=0042 data: ", 2).is_err());
    }
}
