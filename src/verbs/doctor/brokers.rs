//! The clusters whose topics are landed: whether their brokers can be reached and trusted, let us in, have the topics of the jobs, and let
//! the role read them. Without the feature `relay` nobody is asked, and that is said.

use super::found::Found;
use crate::data::Name;
use crate::job::{Environment, KafkaSpec, SourceSpec};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};

/// The topics that jobs want of each source.
pub type Topics = BTreeMap<Name, BTreeSet<String>>;

/// Looks at every cluster of the environment.
pub async fn look(environment: &Environment, topics: &Topics, world: &World, found: &mut Found) {
    for (name, spec) in &environment.sources {
        if let SourceSpec::Dump { kafka: Some(kafka), .. } = spec {
            let wanted = topics.get(name).into_iter().flatten().cloned().collect();
            cluster(name, kafka, wanted, world, found).await;
        }
    }
}

#[cfg(feature = "relay")]
async fn cluster(name: &Name, kafka: &KafkaSpec, topics: Vec<String>, world: &World, found: &mut Found) {
    use super::super::cluster::login;
    use crate::failure::Failure;
    use crate::relay::look;
    let place = format!("the cluster of source `{name}`");
    // What it is shown is looked at with the other secrets, and told there.
    let Ok(login) = login(name, kafka, world.project.root()).await else { return };
    for fault in look(name, kafka, login, topics).await {
        found.failure(&place, &Failure::relay(&fault));
    }
    found.checked(&place, &["brokers", "TLS", "login", "topics", "reading them"]);
}

#[cfg(not(feature = "relay"))]
async fn cluster(name: &Name, _: &KafkaSpec, _: Vec<String>, _: &World, found: &mut Found) {
    found.checked(&format!("the cluster of source `{name}`"), &["its brokers are not asked: this binary has no relay"]);
}
