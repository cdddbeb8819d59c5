//! Parsed instrument versions, kept at hand.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use alongside_domain::id::InstrumentId;
use alongside_domain::instrument::Definition;
use alongside_store::{Db, StoreError, instrument};

/// How many parsed versions are kept at once; more than any programme uses.
const MOST: usize = 256;

/// A cache of definitions by instrument id. Versions are immutable, so an entry never goes stale.
#[derive(Default)]
pub struct Definitions(RwLock<HashMap<InstrumentId, Arc<Definition>>>);

impl Definitions {
    /// The definition of an instrument, if it was asked for before.
    pub fn known(&self, id: InstrumentId) -> Option<Arc<Definition>> {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(&id).cloned()
    }

    /// The definition of an instrument the caller was already found to see.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown id; [`StoreError::Document`] when a stored definition is not readable.
    pub fn get(&self, db: &mut Db<'_>, id: InstrumentId) -> Result<Arc<Definition>, StoreError> {
        if let Some(definition) = self.known(id) {
            return Ok(definition);
        }
        let source = serde_json::from_str(&instrument::source(db, id)?)?;
        let parsed =
            Definition::parse(&source).map_err(|_| StoreError::Stored("an instrument no longer parses"))?;
        let definition = Arc::new(parsed.definition);
        let mut all = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(id, Arc::clone(&definition));
        Ok(definition)
    }
}
