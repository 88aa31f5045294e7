//! Whom an environment tells: `[message.<name>]`, a webhook or a topic of SNS.
//!
//! The address of a webhook is a secret: whoever has it can write there. So it stands here by reference, and what it holds is looked at
//! when it is used (`notify`).

use super::environment_file::Reader;
use super::ground::is_this_machine;
use super::plan::SecretRef;
use super::secret_file::secret;
use super::tree::Node;
use crate::data::Name;

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageSpec {
    /// What the environment calls them.
    pub name: Name,
    /// By what road.
    pub road: Road,
}

/// By what road somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Road {
    /// A POST of JSON.
    Webhook {
        /// Where its address is found.
        url: SecretRef,
        /// How the body is written.
        body: BodyShape,
        /// Where the key is found that signs it.
        key: Option<SecretRef>,
        /// Where PagerDuty's own key is found, which goes into the body.
        routing_key: Option<SecretRef>,
        /// PEM file with an authority to trust besides the system's.
        ca: Option<String>,
    },
    /// A topic of Amazon SNS.
    Sns {
        /// Its ARN.
        topic: String,
        /// The region that the ARN names.
        region: String,
        /// Another endpoint than the region's own.
        endpoint: Option<String>,
        /// PEM file with an authority to trust besides the system's.
        ca: Option<String>,
    },
}

/// How the body of a webhook is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyShape {
    /// Our own JSON.
    Plain,
    /// A message of Slack's incoming webhooks.
    Slack,
    /// An adaptive card, as a workflow of Microsoft Teams takes it.
    Teams,
    /// An event of PagerDuty's Events API v2.
    Pagerduty,
}

impl BodyShape {
    /// The words of the environment.
    pub const WORDS: &'static [&'static str] = &["plain", "slack", "teams", "pagerduty"];

    fn parse(word: &str) -> Option<Self> {
        let all = [BodyShape::Plain, BodyShape::Slack, BodyShape::Teams, BodyShape::Pagerduty];
        all.into_iter().zip(Self::WORDS).find(|(_, known)| **known == word).map(|(shape, _)| shape)
    }
}

impl Reader<'_> {
    /// Reads whom to tell.
    pub(super) fn message(&mut self, name: &Name, node: &Node) -> Option<MessageSpec> {
        let road = match (node.get("webhook"), node.get("sns")) {
            (Some(webhook), _) => self.webhook(webhook)?,
            (None, sns) => self.sns(sns?)?,
        };
        Some(MessageSpec { name: name.clone(), road })
    }

    fn webhook(&mut self, node: &Node) -> Option<Road> {
        let body = node.get("body").and_then(Node::text).map_or(Some(BodyShape::Plain), BodyShape::parse)?;
        let (key, routing_key) = (node.get("key").and_then(secret), node.get("routing_key").and_then(secret));
        let url = node.get("url").and_then(secret)?;
        let before = self.problems.len();
        let mut fault = |message: &str, hint: &str| {
            let at = self.text.place(node.span.start);
            self.problems.add("E-ENV-MESSAGE", at, message, Some(hint.to_owned()));
        };
        if [Some(&url), key.as_ref(), routing_key.as_ref()].contains(&Some(&SecretRef::TestKey)) {
            fault("`test_key` is no secret of a webhook", "{ env = \"..\" } or { file = \"..\" }");
        }
        if body == BodyShape::Plain && key.is_none() {
            let hint = "`key` signs the body, so that whoever gets it can tell that it is ours";
            fault("a webhook with a plain body has no `key`", hint);
        }
        if (body == BodyShape::Pagerduty) != routing_key.is_some() {
            fault("`routing_key` is PagerDuty's, which needs it", "it goes with that body, and with no other");
        }
        let ca = self.given(node, "ca");
        (self.problems.len() == before).then_some(Road::Webhook { url, body, key, routing_key, ca })
    }

    fn sns(&mut self, node: &Node) -> Option<Road> {
        let topic = self.given(node, "topic")?;
        let endpoint = match node.get("endpoint") {
            Some(_) => Some(self.given(node, "endpoint")?),
            None => None,
        };
        let mut fault = |key: &str, message: &str, hint: &str| {
            let at = self.text.place(node.get(key).map_or(node.span.start, |node| node.span.start));
            self.problems.add("E-ENV-MESSAGE", at, message, Some(hint.to_owned()));
        };
        let Some(region) = region_of(&topic) else {
            fault("topic", "`topic` is no ARN of SNS", "such as arn:aws:sns:eu-west-2:111122223333:nights");
            return None;
        };
        if let Some(endpoint) = &endpoint
            && !endpoint.starts_with("https://")
            && !(endpoint.starts_with("http://") && is_this_machine(endpoint))
        {
            fault("endpoint", "`endpoint` is not `https://`", "only this machine may be spoken to without TLS");
            return None;
        }
        let ca = self.given(node, "ca");
        Some(Road::Sns { region, topic, endpoint, ca })
    }
}

/// The region of a topic's ARN; `None` of a text that is none.
fn region_of(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.split(':').collect();
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    match parts[..] {
        ["arn", partition, "sns", region, account, topic]
            if partition.starts_with("aws")
                && is_word(region)
                && !region.contains('.')
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && is_word(topic) =>
        {
            Some(region.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_region_of_an_arn_and_nothing_that_is_none() {
        assert_eq!(region_of("arn:aws:sns:eu-west-2:111122223333:nights"), Some("eu-west-2".into()));
        for wrong in [
            "",
            "nights",
            "arn:aws:sqs:eu-west-2:111122223333:nights",
            "arn:aws:sns:evil.example.org/x:111122223333:nights",
            "arn:aws:sns:eu-west-2:1111:nights",
            "arn:aws:sns:eu-west-2:111122223333:a:b",
        ] {
            assert_eq!(region_of(wrong), None, "{wrong}");
        }
    }
}
